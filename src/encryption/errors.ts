/**
 * The error of values that cannot be decrypted.
 *
 * @module
 */
import { KustoError, type KustoErrorDetails } from "../errors.ts";

/** Why a value cannot be decrypted. */
export type DecryptionFailure =
  /** It bears the id of a key that is not among `keys`. */
  | "unknown-key"
  /** It was changed after it was encrypted, or the key of this id is another one than then. */
  | "changed"
  /** It is not encrypted, and `allowPlaintext` is off. */
  | "plaintext";

/** What is known of the failure beside its message. */
export interface DecryptionErrorDetails extends KustoErrorDetails {
  /** Why. */
  readonly reason: DecryptionFailure;
  /** The key that the value names. */
  readonly keyId?: string;
}

/**
 * A stored value cannot be decrypted: add the key that the message names, allow plaintext for a while,
 * or find out who changed the rows. Nothing of the value was given back.
 */
export class KustoDecryptionError extends KustoError {
  /** The name of the class. */
  override readonly name = "KustoDecryptionError";
  /** Tells errors of this kind apart. */
  override readonly code = "DECRYPTION_FAILED";
  /** Why. */
  readonly reason: DecryptionFailure;
  /** The id of the key that the value names, where it names one; ids are no secrets. */
  readonly keyId: string | undefined;

  /**
   * Makes an error.
   *
   * @param message The action that failed, a colon, what is and what should be.
   * @param details Why, and what else is known.
   */
  constructor(message: string, details: DecryptionErrorDetails) {
    super(message, details);
    this.reason = details.reason;
    this.keyId = details.keyId;
  }
}
