/**
 * Faults in encryption: what shows, what can be changed unnoticed, and which key is used.
 *
 * @module
 */
import type { Mutation } from "./mutation.ts";

const SERIALIZER = "src/encryption/encrypted_serializer.ts";
const TEST = "tests/encryption_test.ts";

/** The faults. */
export const encryption: readonly Mutation[] = [
  {
    guards: "P9",
    fault: "lets values be passed off as those of another type",
    file: "src/encryption/envelope.ts",
    find: "return concatBytes(header, encoder.encode(type));",
    replace: "return concatBytes(header);",
    test: TEST,
    title: "a value under another type, or with the id of another key, is refused",
  },
  {
    guards: "P9",
    fault: "lets the key of a value be renamed",
    file: "src/encryption/envelope.ts",
    find: "return concatBytes(header, encoder.encode(type));",
    replace: "return encoder.encode(type);",
    test: TEST,
    title: "a value under another type, or with the id of another key, is refused",
  },
  {
    guards: "P9",
    fault: "gives small values the same nonce each time",
    file: SERIALIZER,
    find: "plain.length >= this.#deterministicFromBytes",
    replace: "plain.length >= 0",
    test: TEST,
    title: "each value has a nonce of its own, but equal large values are equal",
  },
  {
    guards: "P9",
    fault: "gives different values the same nonce",
    file: "src/encryption/cipher_key.ts",
    find: "concatBytes(new Uint8Array(digest), authenticated)",
    replace: "concatBytes(authenticated)",
    test: TEST,
    title:
      "values that differ in anything have different nonces where they are made from the value",
  },
  {
    guards: "P9",
    fault: "makes nonces that anyone can make",
    file: "src/encryption/cipher_key.ts",
    find: 'await crypto.subtle.sign("HMAC", key, input)',
    replace: "input.buffer",
    test: TEST,
    title:
      "values that differ in anything have different nonces where they are made from the value",
  },
  {
    guards: "P9",
    fault: "encrypts other bytes than those that their nonce was made from",
    file: SERIALIZER,
    find: "const plain = new Uint8Array(bytes);",
    replace: "const plain = bytes as Bytes;",
    test: TEST,
    title:
      "no nonce meets two values, whatever becomes of the bytes that the inner serializer handed out",
  },
  {
    guards: "P9",
    fault: "quotes whatever stands for the id of a key in a value that was changed",
    file: "src/encryption/envelope.ts",
    find: " || !isKeyId(keyId)",
    replace: "",
    test: TEST,
    title:
      "bytes of a later form, or with an id that no key can have, are refused, and quoted by no error",
  },
  {
    guards: "P9",
    fault: "reads values that are not encrypted unasked",
    file: SERIALIZER,
    find: "if (this.#allowPlaintext) return",
    replace: "if (type) return",
    test: TEST,
    title: "what is not encrypted is refused, unless it is allowed for the time of a migration",
  },
  {
    guards: "P9",
    fault: "tries any key where that of a value is missing",
    file: SERIALIZER,
    find: "const key = this.#keys.get(keyId);",
    replace: "const key = this.#keys.get(keyId) ?? this.#first;",
    test: TEST,
    title: "the first key encrypts, all decrypt, and a missing one is named",
  },
  {
    guards: "P9",
    fault: "keeps its keys where they are printed",
    file: SERIALIZER,
    find: "this.#first = checked[0]!;",
    replace: "this.#first = checked[0]!;\n    Object.assign(this, { keys });",
    test: TEST,
    title: "neither the serializer nor its errors show a key or a value",
  },
  {
    guards: "P1",
    fault: "encrypts what the graph made of a value after the call",
    file: SERIALIZER,
    find: "await this.#serde.dumpsTyped(own);",
    replace: "await Promise.resolve().then(() => this.#serde.dumpsTyped(own));",
    test: TEST,
    title: "values are taken as they are in the tick of the call",
  },
  {
    guards: "P1",
    fault: "encrypts functions, so that nobody can load them",
    file: SERIALIZER,
    find: "if (isNothing({ type, bytes })) return",
    replace: 'if (type === "") return',
    test: "tests/saver/encryption_test.ts",
    title: "functions and symbols, which no serializer spells, leave an encrypted thread readable",
  },
  {
    guards: "P8",
    fault: "reads all checkpoints whose metadata are closed, whatever a list is filtered by",
    file: "src/reading/list_queries.ts",
    find: "not(search_text contains_cs key${n})",
    replace: "strlen(key${n}) >= 0",
    test: "tests/saver/encryption_test.ts",
    title: "list() of encrypted threads reads no more than matches by keys to search by",
  },
  {
    guards: "P1",
    fault: "filters closed metadata by what the run says where they say something else",
    file: "src/search_text.ts",
    find: "...config.metadata, ...metadata }",
    replace: "...metadata, ...config.configurable, ...config.metadata }",
    test: "tests/search_test.ts",
    title: "nor does it where the metadata are closed, whatever keys are searched by",
  },
  {
    guards: "P8",
    fault: "encrypts unchanged large values anew",
    file: SERIALIZER,
    find: "plain.length >= this.#deterministicFromBytes",
    replace: "plain.length < 0",
    test: "tests/saver/encryption_test.ts",
    title: "a large value that did not change is sent once, unless equal values must not be equal",
  },
];
