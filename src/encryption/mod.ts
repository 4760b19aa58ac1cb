/**
 * Encryption of what a saver stores: a serializer with AES-GCM, by WebCrypto alone.
 *
 * @example Rotating keys
 * ```ts
 * import { EncryptedSerializer } from "@x/kusto-checkpoint/encryption";
 *
 * const [march, april] = [1, 2].map(() => crypto.getRandomValues(new Uint8Array(32)));
 * const before = new EncryptedSerializer({ keys: [{ id: "2026-03", key: march! }] });
 * const stored = await before.dumpsTyped({ secret: "as it is" });
 *
 * const after = new EncryptedSerializer({
 *   keys: [{ id: "2026-04", key: april! }, { id: "2026-03", key: march! }],
 * });
 * console.log(await after.loadsTyped(...stored)); // { secret: "as it is" }
 * ```
 *
 * @module
 */
export type { EncryptionKey } from "./cipher_key.ts";
export { EncryptedSerializer, type EncryptedSerializerOptions } from "./encrypted_serializer.ts";
export {
  type DecryptionErrorDetails,
  type DecryptionFailure,
  KustoDecryptionError,
} from "./errors.ts";
