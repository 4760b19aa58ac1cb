import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { JsonPlusSerializer } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { inspect } from "node:util";
import { KustoError, KustoOptionsError } from "../mod.ts";
import {
  EncryptedSerializer,
  type EncryptedSerializerOptions,
  type EncryptionKey,
  KustoDecryptionError,
} from "../src/encryption/mod.ts";

const OLD: EncryptionKey = { id: "old", key: new Uint8Array(32).fill(1) };
const NEW: EncryptionKey = { id: "new", key: new Uint8Array(16).fill(2) };

const inner = new JsonPlusSerializer();

function serializer(options: Partial<EncryptedSerializerOptions> = {}): EncryptedSerializer {
  return new EncryptedSerializer({ keys: [OLD], ...options });
}

/** How many bytes stand around the ciphertext of a value, its tag included. */
function overhead(id: string): number {
  return 2 + id.length + 12 + 16;
}

async function assertFails(
  call: () => Promise<unknown>,
  reason: KustoDecryptionError["reason"],
  says: string,
): Promise<KustoDecryptionError> {
  const error = await assertRejects(call, KustoDecryptionError, says);
  assertEquals(error.reason, reason);
  assert(error instanceof KustoError);
  return error;
}

const MESSAGES = [
  new HumanMessage({ content: "hello", id: "1" }),
  new AIMessage({ content: "", tool_calls: [{ id: "c", name: "f", args: { n: 1 } }] }),
  new ToolMessage({ content: "4", tool_call_id: "c" }),
];

Deno.test("any value comes back as the inner serializer gives it, whichever way its nonce is made", async () => {
  const value = fc.oneof(
    fc.anything({ withMap: true, withSet: true, withDate: true, withSparseArray: true }),
    fc.uint8Array(),
    fc.string({ unit: "binary" }),
    fc.constantFrom(undefined, null, MESSAGES, { messages: MESSAGES, bytes: Uint8Array.of(1) }),
  );
  const ways = [serializer(), serializer({ deterministicFromBytes: 0 })];
  await fc.assert(
    fc.asyncProperty(value, fc.constantFrom(...ways), async (value, serde) => {
      const expected = await inner.loadsTyped(...await inner.dumpsTyped(value));
      assertEquals(await serde.loadsTyped(...await serde.dumpsTyped(value)), expected);
    }),
    { numRuns: 300 },
  );
});

Deno.test("an encrypted value is longer than the value by a fixed number of bytes, and shows nothing of it", async () => {
  for (const text of ["", "s3cret", "s3cret ".repeat(10_000)]) {
    const [type, bytes] = await serializer().dumpsTyped(text);
    const [, plain] = await inner.dumpsTyped(text);
    assertEquals([type, bytes.length], ["json+aes-gcm", plain.length + overhead("old")]);
    assertEquals(new TextDecoder().decode(bytes).includes("s3cret"), false);
  }
});

Deno.test("what is encrypted can be decrypted with WebCrypto alone, as documented", async () => {
  const [type, bytes] = await serializer().dumpsTyped({ a: 1 });
  assertEquals([...bytes.subarray(0, 5)], [1, 3, ...new TextEncoder().encode("old")]);
  const key = await crypto.subtle.importKey("raw", OLD.key as BufferSource, "AES-GCM", false, [
    "decrypt",
  ]);
  const plain = await crypto.subtle.decrypt(
    {
      name: "AES-GCM",
      iv: bytes.slice(5, 17),
      additionalData: new TextEncoder().encode("\u0001\u0003oldjson"),
    },
    key,
    bytes.slice(17),
  );
  assertEquals([type, new TextDecoder().decode(plain)], ["json+aes-gcm", '{"a":1}']);
});

Deno.test("values of this version will be read by later ones, and large ones stay the same", async () => {
  const expected = "AQNvbGQDunIJwVXt5u967I2b02oxUjUmO44giG6octPZwcjojNe9ADp38w33qcKQ0hN9kUQ=";
  const serde = serializer({ deterministicFromBytes: 0 });
  const [type, bytes] = await serde.dumpsTyped({ kept: "for years" });
  assertEquals([type, bytes.toBase64()], ["json+aes-gcm", expected]);
  assertEquals(await serializer().loadsTyped(type, Uint8Array.fromBase64(expected)), {
    kept: "for years",
  });
});

Deno.test("each value has a nonce of its own, but equal large values are equal", async () => {
  const nonces = async (value: unknown, options?: Partial<EncryptedSerializerOptions>) => {
    const all = await Promise.all(
      Array.from({ length: 50 }, () => serializer(options).dumpsTyped(value)),
    );
    return new Set(all.map(([, bytes]) => String(bytes.subarray(5, 17)))).size;
  };
  // In JSON two quotes are added.
  assertEquals(await nonces("x".repeat(4_093)), 50);
  assertEquals(await nonces("x".repeat(4_094)), 1);
  assertEquals(await nonces("x".repeat(4_094), { deterministicFromBytes: Infinity }), 50);
  assertEquals(await nonces("x", { deterministicFromBytes: 0 }), 1);
});

Deno.test("values that differ in anything have different nonces where they are made from the value", async () => {
  const all = [
    [OLD, "a"],
    [OLD, "b"],
    [OLD, new TextEncoder().encode('"a"')],
    [{ ...OLD, id: "other" }, "a"],
    [{ ...OLD, key: NEW.key }, "a"],
  ] as const;
  const seen = new Set<string>();
  for (const [key, value] of all) {
    const [, bytes] = await serializer({ keys: [key], deterministicFromBytes: 0 })
      .dumpsTyped(value);
    seen.add(String(bytes.subarray(2 + key.id.length, 14 + key.id.length)));
  }
  assertEquals(seen.size, all.length);
});

Deno.test("the first key encrypts, all decrypt, and a missing one is named", async () => {
  const before = await serializer().dumpsTyped("before");
  const rotated = serializer({ keys: [NEW, OLD] });
  assertEquals(await rotated.loadsTyped(...before), "before");
  const after = await rotated.dumpsTyped("after");
  assertEquals(await serializer({ keys: [NEW] }).loadsTyped(...after), "after");
  const error = await assertFails(
    () => serializer().loadsTyped(...after),
    "unknown-key",
    'its key "new" is missing',
  );
  assertEquals([error.keyId, error.code], ["new", "DECRYPTION_FAILED"]);
});

Deno.test("another key under the same id decrypts nothing", async () => {
  const stored = await serializer().dumpsTyped("a");
  const other = serializer({ keys: [{ ...NEW, id: "old" }] });
  await assertFails(() => other.loadsTyped(...stored), "changed", 'the key "old" is another one');
});

Deno.test("a value with any byte changed, cut off or added is refused", async () => {
  const serde = serializer({ keys: [OLD, NEW] });
  const [type, bytes] = await serde.dumpsTyped({ amount: 1 });
  for (const at of bytes.keys()) {
    for (const mask of [0x01, 0x80]) {
      const changed = Uint8Array.from(bytes);
      changed[at]! ^= mask;
      await assertRejects(() => serde.loadsTyped(type, changed), KustoDecryptionError);
    }
    await assertRejects(
      () => serde.loadsTyped(type, bytes.subarray(0, at)),
      KustoDecryptionError,
    );
  }
  const longer = Uint8Array.from([...bytes, 0]);
  await assertFails(() => serde.loadsTyped(type, longer), "changed", "was changed");
});

Deno.test("a value under another type, or with the id of another key, is refused", async () => {
  const same = { ...NEW, key: OLD.key, id: "two" };
  const serde = serializer({ keys: [OLD, same] });
  const [type, bytes] = await serde.dumpsTyped(Uint8Array.of(1, 2, 3));
  assertEquals(type, "bytes+aes-gcm");
  await assertFails(() => serde.loadsTyped("json+aes-gcm", bytes), "changed", "was changed");
  const renamed = Uint8Array.from([...bytes]);
  renamed.set(new TextEncoder().encode("two"), 2);
  await assertFails(() => serde.loadsTyped(type, renamed), "changed", '"two"');
});

Deno.test("bytes that came back as text are refused, not guessed at", async () => {
  const [type] = await serializer().dumpsTyped(1);
  await assertFails(() => serializer().loadsTyped(type, "text"), "changed", "not of the form");
});

Deno.test("bytes of a later form, or with an id that no key can have, are refused, and quoted by no error", async () => {
  const [type, bytes] = await serializer().dumpsTyped(1);
  for (const [at, byte] of [[0, 2], [1, 0], [2, 0x0a], [3, 0x1b], [4, 0xff]] as const) {
    const changed = Uint8Array.from(bytes);
    changed[at] = byte;
    const { keyId, message } = await assertFails(
      () => serializer().loadsTyped(type, changed),
      "changed",
      "not of the form",
    );
    assertEquals([keyId, /[^ -~]/.test(message)], [undefined, false]);
  }
});

Deno.test("what is not encrypted is refused, unless it is allowed for the time of a migration", async () => {
  const old = await inner.dumpsTyped({ a: 1 });
  const error = await assertFails(
    () => serializer().loadsTyped(...old),
    "plaintext",
    "allowPlaintext",
  );
  assertEquals(error.keyId, undefined);
  const migrating = serializer({ allowPlaintext: true });
  assertEquals(await migrating.loadsTyped(...old), { a: 1 });
  assertEquals((await migrating.dumpsTyped({ a: 1 }))[0], "json+aes-gcm");
});

Deno.test("values are taken as they are in the tick of the call", async () => {
  const serde = serializer({ deterministicFromBytes: 0 });
  const values = { list: ["a"] };
  const bytes = Uint8Array.of(1);
  const dumped = [serde.dumpsTyped(values), serde.dumpsTyped(bytes)] as const;
  values.list.push("b");
  bytes[0] = 9;
  const [first, second] = await Promise.all(dumped);
  assertEquals(await serde.loadsTyped(...first), { list: ["a"] });
  assertEquals(await serde.loadsTyped(...second), Uint8Array.of(1));
});

Deno.test("no nonce meets two values, whatever becomes of the bytes that the inner serializer handed out", async () => {
  const shared = new Uint8Array(1_000);
  const sharing = {
    dumpsTyped: (): Promise<[string, Uint8Array]> => Promise.resolve(["raw", shared]),
    loadsTyped: (_: string, bytes: Uint8Array | string): Promise<unknown> => Promise.resolve(bytes),
  };
  const serde = serializer({ serde: sharing, deterministicFromBytes: 0 });
  const changing = setInterval(() => shared[0]!++, 0);
  const dumped: [string, Uint8Array][] = [];
  for (let n = 0; n < 50; n++) dumped.push(await serde.dumpsTyped(null));
  clearInterval(changing);
  for (const [type, bytes] of dumped) {
    shared.set(await serde.loadsTyped(type, bytes) as Uint8Array);
    assertEquals((await serde.dumpsTyped(null))[1], bytes);
  }
});

Deno.test("another inner serializer keeps its types", async () => {
  const upper = {
    dumpsTyped: (value: unknown): Promise<[string, Uint8Array]> =>
      Promise.resolve(["upper:v1", new TextEncoder().encode(String(value).toUpperCase())]),
    loadsTyped: (type: string, bytes: Uint8Array | string): Promise<unknown> =>
      Promise.resolve([type, new TextDecoder().decode(bytes as Uint8Array)]),
  };
  const serde = serializer({ serde: upper });
  const [type, bytes] = await serde.dumpsTyped("loud");
  assertEquals(type, "upper:v1+aes-gcm");
  assertEquals(await serde.loadsTyped(type, bytes), ["upper:v1", "LOUD"]);
});

Deno.test("keys are bytes, base64 or CryptoKeys, and mean the same", async () => {
  const raw = OLD.key as Uint8Array<ArrayBuffer>;
  const given = Uint8Array.from(raw);
  const forms = [
    given,
    raw.toBase64(),
    `${raw.toBase64()}\n`,
    await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]),
  ];
  const serdes = forms.map((key) =>
    serializer({ keys: [{ id: "k", key }], deterministicFromBytes: 0 })
  );
  given.fill(0);
  const stored = await Promise.all(serdes.map((serde) => serde.dumpsTyped("same")));
  assertEquals(new Set(stored.map(([, bytes]) => bytes.toBase64())).size, 1);
  for (const serde of serdes) assertEquals(await serde.loadsTyped(...stored[0]!), "same");
});

Deno.test("an older CryptoKey need only decrypt", async () => {
  const stored = await serializer().dumpsTyped(1);
  const key = await crypto.subtle.importKey("raw", OLD.key as BufferSource, "AES-GCM", false, [
    "decrypt",
  ]);
  assertEquals(await serializer({ keys: [NEW, { id: "old", key }] }).loadsTyped(...stored), 1);
  assertThrows(() => serializer({ keys: [{ id: "old", key }] }), KustoOptionsError, '"encrypt"');
});

const SECRET = "c2VjcmV0IGtleSBtYXRlcmlhbA==";
const encrypting = await crypto.subtle.importKey("raw", OLD.key as BufferSource, "AES-GCM", false, [
  "encrypt",
]);
const hmac = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
const refused: readonly (readonly [string, unknown, string])[] = [
  ["no options", undefined, '"keys"'],
  ["no keys", { keys: [] }, '"keys"'],
  ["keys by id", { keys: { a: OLD.key } }, '"keys"'],
  ["a key that is none", { keys: [null] }, '"keys"'],
  ["an empty id", { keys: [{ ...OLD, id: "" }] }, "the id of a key"],
  ["an id with a line end", { keys: [{ ...OLD, id: "a\nb" }] }, "the id of a key"],
  ["an id of 256 characters", { keys: [{ ...OLD, id: "k".repeat(256) }] }, "the id of a key"],
  ["an id twice", { keys: [OLD, { ...NEW, id: "old" }] }, "once"],
  ["a key of 24 bytes", { keys: [{ id: "k", key: new Uint8Array(24) }] }, 'the key "k"'],
  ["a key of no bytes", { keys: [{ id: "k", key: "" }] }, 'the key "k"'],
  ["a password", { keys: [{ id: "k", key: "correct horse battery" }] }, "base64"],
  ["text that is no base64", { keys: [{ id: "k", key: `${SECRET}!` }] }, "base64"],
  ["32 hexadecimal digits", { keys: [{ id: "k", key: "0123456789abcdef".repeat(2) }] }, "base64"],
  ["a CryptoKey of another kind", { keys: [{ id: "k", key: hmac }] }, "AES-GCM"],
  ["a CryptoKey that cannot decrypt", { keys: [{ id: "k", key: encrypting }] }, '"decrypt"'],
  ["no serializer", { keys: [OLD], serde: {} }, '"serde"'],
  ["another truth", { keys: [OLD], allowPlaintext: "yes" }, '"allowPlaintext"'],
  ["half a byte", { keys: [OLD], deterministicFromBytes: 0.5 }, '"deterministicFromBytes"'],
  ["bytes below none", { keys: [OLD], deterministicFromBytes: -1 }, '"deterministicFromBytes"'],
  ["an unknown option", { keys: [OLD], allowPlainText: true }, '"allowPlainText"'],
];

for (const [what, options, says] of refused) {
  Deno.test(`an encrypting serializer refuses ${what}`, () => {
    const { message } = assertThrows(
      () => new EncryptedSerializer(options as EncryptedSerializerOptions),
      KustoOptionsError,
      says,
    );
    assertEquals([message.includes(SECRET), message.includes("horse")], [false, false]);
  });
}

Deno.test("an id of 255 characters is taken", async () => {
  const serde = serializer({ keys: [{ ...OLD, id: "k".repeat(255) }] });
  assertEquals(await serde.loadsTyped(...await serde.dumpsTyped(1)), 1);
});

Deno.test("neither the serializer nor its errors show a key or a value", async () => {
  const key = "s3cret-key-material-of-32-bytes!";
  const serde = serializer({ keys: [{ id: "k", key: btoa(key) }] });
  const stored = await serde.dumpsTyped("s3cret value");
  const [type, bytes] = stored;
  bytes[bytes.length - 1]! ^= 1;
  const errors = await Promise.all(
    [serde, serializer()].map((serde) =>
      serde.loadsTyped(type, bytes).catch((error: unknown) => error)
    ),
  );
  for (const shown of [serde, ...errors]) {
    const texts = [
      Deno.inspect(shown, { showHidden: true, depth: 9 } as Deno.InspectOptions),
      inspect(shown, { showHidden: true, depth: 9 }),
      JSON.stringify(shown),
      String(shown),
    ];
    for (const text of texts) {
      for (const secret of ["s3cret", key, btoa(key), new TextEncoder().encode(key).join()]) {
        assertEquals(text.replaceAll(/\s/g, "").includes(secret), false, text);
      }
    }
  }
});

Deno.test("keys are held where no one can reach them", () => {
  assertEquals(Object.keys(serializer()), []);
  assertNotEquals(JSON.stringify(serializer()), undefined);
});
