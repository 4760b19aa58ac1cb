import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  blobId,
  CHUNK_BYTES,
  decodeBytes,
  encodeBytes,
  guardText,
  joinBytes,
  splitBytes,
  unguardText,
  utf8Length,
} from "../src/codec.ts";

const encoder = new TextEncoder();

/** Bytes of any kind, often UTF-8 with characters of every width. */
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.string({ unit: "binary", maxLength: 100 }).map((text) => encoder.encode(text)),
  fc.string({ unit: "grapheme", maxLength: 100 }).map((text) => encoder.encode(text)),
);

const spellings: readonly (readonly [string, Uint8Array, "text" | "base64"])[] = [
  ["no bytes", new Uint8Array(), "text"],
  ["JSON", encoder.encode('{"a":[1,"é\\n"]}'), "text"],
  ["tab, line feed and carriage return", encoder.encode("\t\n\r"), "text"],
  ["emoji", encoder.encode("🧵👩‍👩‍👧"), "text"],
  ["the characters U+FFFD and U+FFFF", encoder.encode("\ufffd\uffff"), "text"],
  ["a delete character", encoder.encode("\u007f\u0080"), "text"],
  ["NUL", encoder.encode("a\u0000b"), "base64"],
  ["an escape character", encoder.encode("\u001b[0m"), "base64"],
  ["a byte order mark", encoder.encode("\ufeff{}"), "base64"],
  ["a byte order mark within", encoder.encode("{\ufeff}"), "base64"],
  ["a byte that UTF-8 never has", Uint8Array.of(0x61, 0xff), "base64"],
  ["half a character", encoder.encode("é").subarray(0, 1), "base64"],
  ["a surrogate spelled in UTF-8", Uint8Array.of(0xed, 0xa0, 0x80), "base64"],
  ["an overlong spelling", Uint8Array.of(0xc0, 0x80), "base64"],
];

for (const [what, bytes, encoding] of spellings) {
  Deno.test(`${what}: spelled as ${encoding}, and read back byte for byte`, () => {
    const encoded = encodeBytes(bytes);
    assertEquals(encoded.encoding, encoding);
    assert(encoded.text.isWellFormed());
    assertEquals(decodeBytes(encoded), bytes);
  });
}

Deno.test("any bytes are read back byte for byte, after a way through JSON", () => {
  fc.assert(fc.property(anyBytes, (bytes) => {
    assertEquals(decodeBytes(JSON.parse(JSON.stringify(encodeBytes(bytes)))), bytes);
  }));
});

Deno.test("no text more than doubles when it is escaped in JSON", () => {
  fc.assert(fc.property(anyBytes, (bytes) => {
    const { text, encoding } = encodeBytes(bytes);
    const escaped = encoder.encode(JSON.stringify(text)).length - 2;
    assert(escaped <= (encoding === "text" ? 2 : 4 / 3) * bytes.length + 4);
  }));
});

Deno.test("bytes split into chunks of any limit are whole again when joined", () => {
  fc.assert(fc.property(anyBytes, fc.integer({ min: 4, max: 64 }), (bytes, limit) => {
    const { encoding, chunks } = splitBytes(bytes, limit);
    assert(chunks.length > 0);
    for (const chunk of chunks) {
      assert(utf8Length(chunk) <= limit, `${utf8Length(chunk)} bytes in a chunk of ${limit}`);
      assert(chunk.isWellFormed());
      assert(chunk !== "" || bytes.length === 0);
    }
    assertEquals(joinBytes(encoding, JSON.parse(JSON.stringify(chunks))), bytes);
  }));
});

const edges: readonly (readonly [number, number])[] = [
  [0, 1],
  [1, 1],
  [CHUNK_BYTES - 1, 1],
  [CHUNK_BYTES, 1],
  [CHUNK_BYTES + 1, 2],
  [2 * CHUNK_BYTES, 2],
  [2 * CHUNK_BYTES + 1, 3],
];

for (const [length, count] of edges) {
  Deno.test(`${length} bytes of text are ${count} chunk(s), each full but the last`, () => {
    const bytes = new Uint8Array(length).fill(0x61);
    const { encoding, chunks } = splitBytes(bytes, CHUNK_BYTES);
    assertEquals(encoding, "text");
    assertEquals(chunks.length, count);
    assert(chunks.slice(0, -1).every((chunk) => chunk.length === CHUNK_BYTES));
    assert(isSame(joinBytes(encoding, chunks), bytes));
  });
}

const BINARY_CHUNK = CHUNK_BYTES * 3 / 4;

for (const [length, count] of [[BINARY_CHUNK, 1], [BINARY_CHUNK + 1, 2], [2 * BINARY_CHUNK, 2]]) {
  Deno.test(`${length} bytes that are no text are ${count} chunk(s) of base64`, () => {
    const bytes = new Uint8Array(length!).fill(0xff);
    const { encoding, chunks } = splitBytes(bytes, CHUNK_BYTES);
    assertEquals(encoding, "base64");
    assertEquals(chunks.length, count);
    assert(chunks.every((chunk) => chunk.length <= CHUNK_BYTES));
    assert(isSame(joinBytes(encoding, chunks), bytes));
  });
}

for (let before = 0; before < 4; before++) {
  Deno.test(`a chunk that would end ${before} bytes into an emoji ends before it`, () => {
    const start = "a".repeat(CHUNK_BYTES - before);
    const { chunks } = splitBytes(encoder.encode(`${start}🧵b`), CHUNK_BYTES);
    assertEquals(chunks.map((chunk) => chunk.length), [start.length, 3]);
    assertEquals(chunks[1], "🧵b");
  });
}

for (const [what, late] of [["half a character", [0xf0, 0x9f]], ["a NUL", [0]]] as const) {
  Deno.test(`text that ends in ${what} is base64 from its first chunk on`, () => {
    const bytes = new Uint8Array(CHUNK_BYTES + 100).fill(0x61);
    bytes.set(late, bytes.length - late.length);
    const { encoding, chunks } = splitBytes(bytes, CHUNK_BYTES);
    assertEquals(encoding, "base64");
    assert(isSame(joinBytes(encoding, chunks), bytes));
  });
}

Deno.test("bytes that never begin a character are cut all the same", () => {
  const bytes = new Uint8Array(CHUNK_BYTES * 2).fill(0x80);
  const { encoding, chunks } = splitBytes(bytes, CHUNK_BYTES);
  assertEquals([encoding, chunks.length], ["base64", 3]);
  assert(isSame(joinBytes(encoding, chunks), bytes));
});

Deno.test("a blob is named by the SHA-256 of its bytes", async () => {
  assertEquals(
    await blobId(encoder.encode("abc")),
    "sha256-ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
  assertEquals(
    await blobId(new Uint8Array([0, 1, 2]).subarray(1)),
    await blobId(Uint8Array.of(1, 2)),
  );
});

Deno.test("guarded text begins with an apostrophe and comes back as it was", () => {
  for (const text of ["", "'", "2026-01-01", "1e5", "null", '{"a":1}', "🧵"]) {
    assertEquals(guardText(text)[0], "'");
    assertEquals(unguardText(guardText(text)), text);
  }
});

Deno.test("utf8Length() is what an encoder makes of any well-formed text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assertEquals(utf8Length(text), encoder.encode(text).length);
  }));
});

Deno.test("base64 is the same where the runtime has no method for it", () => {
  const bytes = new Uint8Array(100_000).map((_, at) => at * 7);
  const native = encodeBytes(bytes);
  const { toBase64 } = Uint8Array.prototype as { toBase64?: unknown };
  const { fromBase64 } = Uint8Array as { fromBase64?: unknown };
  const hidden = { value: undefined, configurable: true, writable: true };
  Object.defineProperty(Uint8Array.prototype, "toBase64", hidden);
  Object.defineProperty(Uint8Array, "fromBase64", hidden);
  try {
    assertEquals(encodeBytes(bytes), native);
    assert(isSame(decodeBytes(native), bytes));
  } finally {
    Object.defineProperty(Uint8Array.prototype, "toBase64", { ...hidden, value: toBase64 });
    Object.defineProperty(Uint8Array, "fromBase64", { ...hidden, value: fromBase64 });
  }
});

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
