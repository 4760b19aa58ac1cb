/**
 * A serializer that encrypts what another one makes.
 *
 * @module
 */
import { JsonPlusSerializer, type SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { type Bytes, concatBytes, isNothing } from "../codec.ts";
import { KustoOptionsError } from "../errors.ts";
import { CipherKey, type EncryptionKey } from "./cipher_key.ts";
import { authenticated, headerOf, NONCE_BYTES, readEnvelope } from "./envelope.ts";
import { KustoDecryptionError } from "./errors.ts";

/** Options of an {@link EncryptedSerializer}. */
export interface EncryptedSerializerOptions {
  /** At least one key. The first encrypts, all decrypt: to rotate, put a new one in front. */
  readonly keys: readonly EncryptionKey[];
  /**
   * Turns values into the bytes that are encrypted, and back.
   *
   * @default {LangGraph's `JsonPlusSerializer`}
   */
  readonly serde?: SerializerProtocol;
  /**
   * Whether values that are not encrypted are read too, such as those from before encryption. Whoever
   * can write to the tables can then put in values of their own.
   *
   * @default {false}
   */
  readonly allowPlaintext?: boolean;
  /**
   * Values that take at least so many bytes before encryption are encrypted to the same bytes each
   * time, as long as the first key is the same: a saver stores a large value once, not with each step.
   * In return, it can be seen which of these values are equal, across all threads. `Infinity` for none.
   *
   * @default {4_096}
   */
  readonly deterministicFromBytes?: number;
}

/**
 * Most of what could be guessed (answers, names, amounts) is smaller; what is larger may lie apart from
 * its rows (`records.ts`), and then would be stored anew with each step.
 */
const DETERMINISTIC_FROM_BYTES = 4_096;
/** Ends the type of encrypted values. */
const SUFFIX = "+aes-gcm";

/**
 * Encrypts values with AES-GCM before they leave the process: pass it as the option `serde`.
 *
 * Every value carries the id of its key and a nonce of its own; it, its nonce, the key's id and the
 * type that the inner serializer gave it are authenticated. All values, metadata and checkpoints are
 * encrypted; ids of threads, checkpoints and tasks, namespaces, names of channels and nodes, times and
 * sizes are not, nor are `searchKeys`.
 *
 * A key may encrypt 2^32 values; rotate well before.
 *
 * @example
 * ```ts
 * import { KustoSaver } from "@x/kusto-checkpoint";
 * import { KustoEmulator } from "@x/kusto-checkpoint/emulator";
 * import { EncryptedSerializer } from "@x/kusto-checkpoint/encryption";
 *
 * const key = crypto.getRandomValues(new Uint8Array(32)); // from your vault
 * await using emulator = new KustoEmulator();
 * await using saver = KustoSaver.fromConnectionString("http://localhost", {
 *   database: "NetDefaultDB",
 *   fetch: emulator.fetch,
 *   serde: new EncryptedSerializer({ keys: [{ id: "2026-03", key }] }),
 * });
 * await saver.setup({ provision: true });
 * ```
 */
export class EncryptedSerializer implements SerializerProtocol {
  readonly #keys: ReadonlyMap<string, CipherKey>;
  readonly #first: CipherKey;
  readonly #serde: SerializerProtocol;
  readonly #allowPlaintext: boolean;
  readonly #deterministicFromBytes: number;

  /**
   * Makes a serializer; keys that are given as bytes are copied.
   *
   * @param options The keys, and how they are used; see {@link EncryptedSerializerOptions}.
   * @throws {KustoOptionsError} If an option is not acceptable: the message names it.
   */
  constructor(options: EncryptedSerializerOptions) {
    const {
      keys,
      serde = new JsonPlusSerializer(),
      allowPlaintext = false,
      deterministicFromBytes = DETERMINISTIC_FROM_BYTES,
      ...unknown
    } = options ?? {};
    const [name] = Object.keys(unknown);
    if (name !== undefined) throw bad(name, "one of those in the documentation");
    if (!Array.isArray(keys) || keys.length === 0) {
      throw bad("keys", 'a list of at least one { id: "...", key: ... }');
    }
    if (typeof serde?.dumpsTyped !== "function" || typeof serde.loadsTyped !== "function") {
      throw bad("serde", "a serializer");
    }
    if (typeof allowPlaintext !== "boolean") throw bad("allowPlaintext", "true or false");
    const wholeBytes = Number.isSafeInteger(deterministicFromBytes) && deterministicFromBytes >= 0;
    if (!wholeBytes && deterministicFromBytes !== Infinity) {
      throw bad("deterministicFromBytes", "a whole number or Infinity");
    }
    const checked = keys.map((key, at) => new CipherKey(key ?? {}, at === 0));
    this.#keys = new Map(checked.map((key) => [key.id, key]));
    if (this.#keys.size < checked.length) throw bad("keys", "a list in which each id stands once");
    this.#first = checked[0]!;
    this.#serde = serde;
    this.#allowPlaintext = allowPlaintext;
    this.#deterministicFromBytes = deterministicFromBytes;
  }

  /**
   * Serialises and encrypts a value. The inner serializer is called in the tick of the call, so changes
   * after it do not count.
   *
   * @returns The inner serializer's type with `+aes-gcm` behind it, and the encrypted bytes.
   */
  async dumpsTyped(value: unknown): Promise<[string, Uint8Array]> {
    // The inner serializer may hand out the very bytes it was given, which are read after this tick.
    const own = value instanceof Uint8Array ? new Uint8Array(value) : value;
    const [type, bytes] = await this.#serde.dumpsTyped(own);
    // Savers know by it that a value has no form; there is nothing in it to hide.
    if (isNothing({ type, bytes })) return [type, bytes];
    const key = this.#first;
    // A nonce must not meet other bytes than those it was made from, whoever else holds these.
    const plain = new Uint8Array(bytes);
    const header = headerOf(key.id);
    const protectedToo = authenticated(header, type);
    const nonce = plain.length >= this.#deterministicFromBytes
      ? await key.nonceFor(plain, protectedToo)
      : crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const ciphertext = await key.encrypt(plain, nonce, protectedToo);
    return [type + SUFFIX, concatBytes(header, nonce, ciphertext)];
  }

  /**
   * Decrypts and reads a value.
   *
   * @throws {KustoDecryptionError} If its key is not among `keys`: the message names it; if it was
   * changed, or if it is not encrypted and `allowPlaintext` is off.
   */
  async loadsTyped(type: string, data: Uint8Array | string): Promise<unknown> {
    if (!type.endsWith(SUFFIX)) {
      if (this.#allowPlaintext) return await this.#serde.loadsTyped(type, data);
      throw new KustoDecryptionError(
        "Cannot read a stored value: it is not encrypted; pass allowPlaintext: true to read threads of the time before encryption",
        { reason: "plaintext" },
      );
    }
    const innerType = type.slice(0, -SUFFIX.length);
    return await this.#serde.loadsTyped(innerType, await this.#decrypt(innerType, data));
  }

  async #decrypt(type: string, data: Uint8Array | string): Promise<Uint8Array> {
    // Text is what is left of bytes where they were stored as such. No thread shares what was read.
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data as Bytes;
    const { keyId, header, nonce, ciphertext } = readEnvelope(bytes);
    const key = this.#keys.get(keyId);
    if (!key) {
      throw new KustoDecryptionError(
        `Cannot decrypt a stored value: its key "${keyId}" is missing, add it to "keys" behind the first`,
        { reason: "unknown-key", keyId },
      );
    }
    try {
      return await key.decrypt(ciphertext, nonce, authenticated(header, type));
    } catch (cause) {
      throw new KustoDecryptionError(
        `Cannot decrypt a stored value: it was changed after it was encrypted, or the key "${keyId}" is another one than then`,
        { reason: "changed", keyId, cause },
      );
    }
  }
}

function bad(name: string, wanted: string): KustoOptionsError {
  return new KustoOptionsError(`Cannot use the option "${name}": it must be ${wanted}`);
}
