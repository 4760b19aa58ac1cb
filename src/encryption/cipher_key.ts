/**
 * One key: how it may be given, and what is done with it.
 *
 * @module
 */
import { type Bytes, concatBytes } from "../codec.ts";
import { KustoOptionsError } from "../errors.ts";
import { isKeyId, NONCE_BYTES } from "./envelope.ts";

/** A key, and the id by which values name it. */
export interface EncryptionKey {
  /** Up to 255 visible ASCII characters, such as `2026-03`; it is stored in the clear. */
  readonly id: string;
  /**
   * 16 or 32 random bytes, as they are or in base64, or a `CryptoKey` for `AES-GCM` that may decrypt
   * and, as the first key, encrypt; it need not be extractable.
   */
  readonly key: CryptoKey | Uint8Array | string;
}

const BASE64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/;

/**
 * The initial value under which AES-GCM turns zeros into the key for nonces. It is longer than the
 * nonces of values, so no value shares its part of the key stream
 * (NIST SP 800-38D, 7.1: other lengths than 96 bits pass through GHASH first).
 */
const NONCE_KEY_IV = new TextEncoder().encode("kusto-checkpoint");
const NONCE_KEY_BYTES = 32;

/** A key that was checked; it shows neither when it is printed nor as JSON. */
export class CipherKey {
  readonly id: string;
  readonly #import: () => Promise<CryptoKey>;
  #imported: Promise<CryptoKey> | undefined;
  #nonceKey: Promise<CryptoKey> | undefined;

  /**
   * Checks a key and copies its bytes; it is imported when first needed.
   *
   * @param isFirst Whether it must be able to encrypt.
   * @throws {KustoOptionsError} If the key or its id is not acceptable.
   */
  constructor({ id, key }: EncryptionKey, isFirst: boolean) {
    if (!isKeyId(id)) {
      throw new KustoOptionsError(
        'Cannot use the option "keys": the id of a key must be 1 to 255 visible ASCII characters',
      );
    }
    this.id = id;
    const bytes = bytesOf(key);
    if (bytes?.length === 16 || bytes?.length === 32) {
      const usages: KeyUsage[] = ["encrypt", "decrypt"];
      this.#import = () => crypto.subtle.importKey("raw", bytes, "AES-GCM", false, usages);
    } else if (!bytes && isCryptoKey(key) && isFit(key, isFirst)) {
      this.#import = () => Promise.resolve(key);
    } else {
      throw new KustoOptionsError(
        `Cannot use the option "keys": the key "${id}" must be 16 or 32 bytes, the same in base64 (openssl rand -base64 32), or a CryptoKey for AES-GCM with the usage "decrypt"${
          isFirst ? ' and, as the first, "encrypt"' : ""
        }`,
      );
    }
  }

  /** Encrypts; `authenticated` must be the same when it is decrypted. */
  async encrypt(plain: Bytes, nonce: Bytes, authenticated: Bytes): Promise<Bytes> {
    const parameters = { name: "AES-GCM", iv: nonce, additionalData: authenticated };
    return new Uint8Array(await crypto.subtle.encrypt(parameters, await this.#key(), plain));
  }

  /** Decrypts; rejects if anything was changed. */
  async decrypt(ciphertext: Bytes, nonce: Bytes, authenticated: Bytes): Promise<Bytes> {
    const parameters = { name: "AES-GCM", iv: nonce, additionalData: authenticated };
    return new Uint8Array(await crypto.subtle.decrypt(parameters, await this.#key(), ciphertext));
  }

  /**
   * A nonce that is always the same for the same value and looks random to whoever has not the key.
   *
   * Equal nonces then mean equal values, as in AES-SIV (RFC 5297) and AES-GCM-SIV (RFC 8452): what a
   * repeated nonce gives away is that the value is repeated.
   */
  async nonceFor(plain: Bytes, authenticated: Bytes): Promise<Bytes> {
    this.#nonceKey ??= this.#deriveNonceKey();
    const [key, digest] = await Promise.all([
      this.#nonceKey,
      crypto.subtle.digest("SHA-256", plain),
    ]);
    const input = concatBytes(new Uint8Array(digest), authenticated);
    return new Uint8Array(await crypto.subtle.sign("HMAC", key, input), 0, NONCE_BYTES);
  }

  #key(): Promise<CryptoKey> {
    return this.#imported ??= this.#import();
  }

  /** HMAC needs a key of its own, and a `CryptoKey` for AES-GCM can do nothing but encrypt. */
  async #deriveNonceKey(): Promise<CryptoKey> {
    const parameters = { name: "AES-GCM", iv: NONCE_KEY_IV };
    const zeros = new Uint8Array(NONCE_KEY_BYTES);
    const stream = await crypto.subtle.encrypt(parameters, await this.#key(), zeros);
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const bytes = stream.slice(0, NONCE_KEY_BYTES);
    return await crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign"]);
  }
}

/** A copy of a key's bytes; `undefined` if it is given otherwise. */
function bytesOf(key: unknown): Bytes | undefined {
  if (key instanceof Uint8Array) return new Uint8Array(key);
  if (typeof key !== "string") return undefined;
  // Files and variables end their lines.
  const text = key.trim();
  return BASE64.test(text)
    ? Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
    : new Uint8Array();
}

/** By its form: each realm and each copy of WebCrypto has a class of its own. */
function isCryptoKey(key: unknown): key is CryptoKey {
  return typeof key === "object" && key !== null && "algorithm" in key && "usages" in key;
}

function isFit({ algorithm, usages }: CryptoKey, isFirst: boolean): boolean {
  return algorithm.name === "AES-GCM" && usages.includes("decrypt") &&
    (!isFirst || usages.includes("encrypt"));
}
