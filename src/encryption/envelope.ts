/**
 * The bytes of an encrypted value: which key it takes, its nonce, and the ciphertext.
 *
 *     version (1 byte, 1) · length of the key's id (1 byte) · id · nonce (12 bytes) · ciphertext and tag
 *
 * @module
 */
import { type Bytes, concatBytes } from "../codec.ts";
import { KustoDecryptionError } from "./errors.ts";

/** The length of a nonce in bytes: what AES-GCM is made for. */
export const NONCE_BYTES = 12;

const VERSION = 1;
const TAG_BYTES = 16;
/** Ids stand in errors and logs. */
const KEY_ID = /^[\x21-\x7e]{1,255}$/;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** An encrypted value, taken apart. */
export interface Envelope {
  readonly keyId: string;
  /** What stands before the nonce. */
  readonly header: Bytes;
  readonly nonce: Bytes;
  /** With the tag at its end. */
  readonly ciphertext: Bytes;
}

/** Whether text can be the id of a key: up to 255 visible ASCII characters. */
export function isKeyId(id: unknown): id is string {
  return typeof id === "string" && KEY_ID.test(id);
}

/** The bytes that stand before the nonce. */
export function headerOf(keyId: string): Bytes {
  const id = encoder.encode(keyId);
  return Uint8Array.of(VERSION, id.length, ...id);
}

/** What must be as it was when a value was encrypted: its header, and the serializer's type of it. */
export function authenticated(header: Bytes, type: string): Bytes {
  return concatBytes(header, encoder.encode(type));
}

/**
 * Takes an encrypted value apart.
 *
 * @throws {KustoDecryptionError} If it is none.
 */
export function readEnvelope(bytes: Bytes): Envelope {
  const [version, idLength = 0] = bytes;
  const nonceAt = 2 + idLength;
  const ciphertextAt = nonceAt + NONCE_BYTES;
  const keyId = decoder.decode(bytes.subarray(2, nonceAt));
  if (version !== VERSION || bytes.length < ciphertextAt + TAG_BYTES || !isKeyId(keyId)) {
    throw new KustoDecryptionError(
      "Cannot decrypt a stored value: its bytes are not of the form that this version of the library writes, so they were changed or written by another",
      { reason: "changed" },
    );
  }
  return {
    keyId,
    header: bytes.subarray(0, nonceAt),
    nonce: bytes.subarray(nonceAt, ciphertextAt),
    ciphertext: bytes.subarray(ciphertextAt),
  };
}
