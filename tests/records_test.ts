import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { BlobChunks, readCheckpoint, readWrite } from "../src/reading/assembly.ts";
import { CHUNK_BYTES, splitBytes, type TypedBytes, utf8Length } from "../src/codec.ts";
import { KustoInputError } from "../src/errors.ts";
import {
  CELL_BUDGET,
  checkpointRow,
  INLINE_LIMIT,
  RowBlobs,
  type SerializedCheckpoint,
  writeRow,
} from "../src/records.ts";
import type { CheckpointRow, WriteRow } from "../src/schema.ts";

const MEBIBYTE = 1024 * 1024;
const NOW = 1_700_000_000_000;
const encoder = new TextEncoder();

const checkpointKey = {
  thread_id: "t",
  checkpoint_ns: "",
  incarnation: "",
  checkpoint_id: "c",
  parent_checkpoint_id: "",
  revision: "c\u0001" + "0000000000000001-w",
  v: 4,
};
const writeKey = {
  thread_id: "t",
  checkpoint_ns: "",
  incarnation: "",
  checkpoint_id: "c",
  task_id: "task",
  task_path: "",
  idx: 0,
  channel: "x",
  revision: "0000000000000001-w",
};

function json(text: string): TypedBytes {
  return { type: "json", bytes: encoder.encode(text) };
}

function content(parts: Partial<SerializedCheckpoint> = {}): SerializedCheckpoint {
  return {
    checkpoint: json("{}"),
    metadata: json("{}"),
    channelValues: [],
    undefinedChannels: new Set(),
    searchExtra: {},
    ...parts,
  };
}

/** Channels named `c0`, `c1`, ... that hold so many bytes each. */
function channelsOf(sizes: readonly number[], name = (at: number) => `c${at}`) {
  return sizes.map((size, at): [string, TypedBytes] => {
    const bytes = new Uint8Array(size).fill(0x61);
    // No two alike, so that none share a blob.
    encoder.encodeInto(String(at), bytes);
    return [name(at), { type: "json", bytes }];
  });
}

function noBlobs(): RowBlobs {
  return new RowBlobs(() => undefined, NOW);
}

/** A row as a query returns it: by way of JSON. */
function stored<Row>(row: Row): Row {
  return JSON.parse(JSON.stringify(row));
}

/** The blobs of a row as they are read: in chunks, from the last on. */
function chunksOf(blobs: RowBlobs): BlobChunks {
  const chunks = new BlobChunks();
  for (const [id, bytes] of blobs.unsent) {
    const { encoding, chunks: texts } = splitBytes(bytes, CHUNK_BYTES);
    chunks.add(
      texts.map((data, chunk) => ({
        thread_id: "t",
        incarnation: "",
        blob_id: id,
        chunk,
        chunks: texts.length,
        encoding,
        data,
      })).reverse(),
    );
  }
  return chunks;
}

/** Asserts that the service takes the row and that it says what was put in. */
async function assertKept(given: SerializedCheckpoint): Promise<CheckpointRow> {
  const blobs = noBlobs();
  const row = await checkpointRow(checkpointKey, given, blobs);
  assertWithinLimits(row);
  const read = await readCheckpoint(stored(row), chunksOf(blobs));
  assertSame(read.checkpoint, given.checkpoint);
  assertSame(read.metadata, given.metadata);
  const byName = new Map(read.channelValues);
  assertEquals(byName.size, given.channelValues.length);
  for (const [channel, value] of given.channelValues) assertSame(byName.get(channel), value);
  return row;
}

function assertWithinLimits(row: CheckpointRow | WriteRow): void {
  for (const [column, cell] of Object.entries(row)) {
    const isText = typeof cell === "string";
    const size = utf8Length(isText ? cell : JSON.stringify(cell));
    const limit = isText ? 1_000_000 : MEBIBYTE;
    assert(size < limit, `${column} takes ${size} bytes`);
  }
  const line = utf8Length(JSON.stringify(row));
  assert(line < 3_900_000, `the row takes ${line} bytes`);
}

function assertSame(actual: TypedBytes | undefined, expected: TypedBytes): void {
  assertEquals(actual?.type, expected.type);
  assert(
    actual?.bytes.length === expected.bytes.length &&
      actual.bytes.every((byte, at) => byte === expected.bytes[at]),
    `${actual?.bytes.length} bytes, expected other ${expected.bytes.length}`,
  );
}

const value = fc.record({
  type: fc.constantFrom("json", "bytes", "undefined", "json+aes", "a:b", ""),
  bytes: fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.string({ unit: "grapheme", maxLength: 60 }).map((text) => encoder.encode(text)),
    fc.integer({ min: INLINE_LIMIT - 2, max: INLINE_LIMIT + 2 })
      .chain((size) => fc.constantFrom(0x22, 0x0a, 0xff).map((b) => new Uint8Array(size).fill(b))),
  ),
});
const channels = fc.uniqueArray(fc.tuple(fc.string({ unit: "binary" }), value), {
  selector: ([channel]) => channel,
  maxLength: 40,
});

Deno.test("a checkpoint of any bytes and channel names comes back byte for byte", async () => {
  const metadata = fc.oneof(value.filter(({ type }) => type !== "json"), fc.json().map(json));
  await fc.assert(
    fc.asyncProperty(value, metadata, channels, async (checkpoint, metadata, channelValues) => {
      await assertKept(content({ checkpoint, metadata, channelValues }));
    }),
    { numRuns: 200 },
  );
});

Deno.test("a write of any bytes comes back byte for byte", async () => {
  await fc.assert(fc.asyncProperty(value, async (value) => {
    const blobs = noBlobs();
    const row = await writeRow(writeKey, value, blobs);
    assertWithinLimits(row);
    assertSame(await readWrite(stored(row), chunksOf(blobs)), value);
  }));
});

const inlineEdges: readonly (readonly [number, boolean])[] = [
  [0, true],
  [INLINE_LIMIT - 1, true],
  [INLINE_LIMIT, true],
  [INLINE_LIMIT + 1, false],
];

for (const [size, inline] of inlineEdges) {
  Deno.test(`a value of ${size} bytes lies ${inline ? "in its row" : "in a blob"}`, async () => {
    const given = { type: "json", bytes: new Uint8Array(size).fill(0x20) };
    const row = await assertKept(content({ checkpoint: given, channelValues: [["x", given]] }));
    assertEquals(row.checkpoint_type, inline ? "text:json" : "blob:json");
    assertEquals(row.channel_values[0]?.type, inline ? "text:json" : "blob:json");
    assertEquals(row.blobs.length, inline ? 0 : 1);
  });
}

const loads: readonly (readonly [string, SerializedCheckpoint["channelValues"]])[] = [
  ["no channels", []],
  ["a channel without a name", [["", json("1")]]],
  ["inline values just under the budget", channelsOf(Array(5).fill(32_000))],
  ["inline values over the budget", channelsOf(Array(9).fill(INLINE_LIMIT))],
  ["3 000 channels of 4 KB", channelsOf(Array(3_000).fill(4096))],
  ["9 000 channels of 20 bytes", channelsOf(Array(9_000).fill(20))],
  ["30 channels with names of 10 KB", channelsOf(Array(30).fill(9), (at) => `${at}`.repeat(5_000))],
  [
    "2 000 channels with names of 4 KB",
    channelsOf(Array(2_000).fill(9), (at) => `${at}`.padEnd(4_000, "é")),
  ],
  [
    "names of control characters, which JSON spells in six bytes",
    channelsOf(Array(40).fill(9), (at) => `${at}`.padEnd(6_000, "\u0000")),
  ],
  [
    "many short names of control characters",
    channelsOf(Array(4_000).fill(9), (at) => `${at}`.padEnd(60, "\u0001")),
  ],
  [
    "a value that doubles when escaped, as often as fits",
    Array.from({ length: 12 }, (_, at) => [`c${at}`, json('"'.repeat(20_000 + at))]),
  ],
  ["a value of 3 MB beside small ones", channelsOf([9, 3_000_000, 9, 40_000])],
  ["4 000 values too large to be inline", channelsOf(Array(4_000).fill(INLINE_LIMIT + 1))],
];

for (const [title, channelValues] of loads) {
  Deno.test(`every cell stays under its limit and nothing is lost with ${title}`, async () => {
    await assertKept(content({ channelValues }));
  });
}

Deno.test("large checkpoints and metadata move out of the row too", async () => {
  const versions = json(JSON.stringify({ versions_seen: "v".repeat(5_000_000) }));
  const row = await assertKept(content({ checkpoint: versions, metadata: versions }));
  assertEquals(row.blobs.length, 1, "equal bytes are one blob");
  assertEquals(row.metadata, null);
  assertEquals(row.search_text[0], "*");
});

/** The longest name that is taken: each of its characters takes six bytes in JSON. */
const LONGEST = "\u0001".repeat(43_690);

Deno.test("rows of the longest names and the fullest cells fit a request", async () => {
  const quotes = json('"'.repeat(INLINE_LIMIT));
  const key = {
    ...checkpointKey,
    thread_id: LONGEST,
    checkpoint_ns: LONGEST,
    checkpoint_id: LONGEST,
    parent_checkpoint_id: LONGEST,
    revision: LONGEST + checkpointKey.revision,
  };
  const full = content({
    checkpoint: quotes,
    metadata: json(JSON.stringify({ note: '"'.repeat(15_000) })),
    channelValues: [
      ...channelsOf(Array(3_900).fill(INLINE_LIMIT + 1)),
      ["quotes", quotes],
      [LONGEST, quotes],
    ],
  });
  assertWithinLimits(await checkpointRow(key, full, noBlobs()));
  const { thread_id, checkpoint_ns, checkpoint_id } = key;
  const write = { ...writeKey, thread_id, checkpoint_ns, checkpoint_id };
  const long = { task_id: LONGEST, task_path: LONGEST, channel: LONGEST };
  assertWithinLimits(await writeRow({ ...write, ...long }, quotes, noBlobs()));
  const longer = { ...write, channel: LONGEST + "\u0001" };
  await assertRejects(() => writeRow(longer, quotes, noBlobs()), KustoInputError, "262144");
});

Deno.test("metadata with half a surrogate pair are read back, but not shown to people", async () => {
  for (const [note, shown] of [["\ud83e", false], ["\\ud83e", true], ["🧵", true]] as const) {
    const row = await assertKept(content({ metadata: json(JSON.stringify({ note })) }));
    assertEquals(row.metadata, shown ? { note } : null);
    assertEquals(row.search_text, `\n"note":${JSON.stringify(note)}\n`);
  }
});

Deno.test("small values stay inline and the largest go first when a cell is full", async () => {
  const sizes = [9, INLINE_LIMIT, 9, ...Array(8).fill(30_000)];
  const row = await assertKept(content({ channelValues: channelsOf(sizes) }));
  const inBlobs = row.channel_values.filter(({ type }) => type.startsWith("blob:"));
  assertEquals(inBlobs[0]?.channel, "'c1");
  assert(inBlobs.length < 5, `${inBlobs.length} blobs`);
  const small = row.channel_values.filter(({ channel }) => channel === "'c0" || channel === "'c2");
  assertEquals(small.map(({ type }) => type), ["text:json", "text:json"]);
});

Deno.test("channels that are too many for references are packed into one blob", async () => {
  const row = await assertKept(content({ channelValues: channelsOf(Array(9_000).fill(20)) }));
  assertEquals(row.channel_values.filter(({ type }) => type === "pack").length, 1);
  assertEquals(row.blobs.length, 1);
});

Deno.test("a row names the channels that hold a value, guarded, without those of undefined", async () => {
  const row = await assertKept(content({
    channelValues: [["2026-01-01", json("1")], ["gone", {
      type: "undefined",
      bytes: new Uint8Array(),
    }]],
    undefinedChannels: new Set(["gone"]),
  }));
  assertEquals(row.channels, ["'2026-01-01"]);
});

const names: readonly (readonly [string, number, boolean])[] = [
  ["just under", CELL_BUDGET - 5, true],
  ["at", CELL_BUDGET - 4, true],
  ["over", CELL_BUDGET - 3, false],
];

for (const [where, length, named] of names) {
  Deno.test(`channel names ${where} the budget are ${named ? "named" : "a star"}`, async () => {
    const row = await assertKept(content({ channelValues: [["n".repeat(length), json("1")]] }));
    assertEquals(row.channels[0]?.length, named ? length + 1 : 1);
  });
}

Deno.test("metadata that only the serializer can read stays closed, its checkpoint is never filtered out", async () => {
  for (const metadata of [{ type: "json+aes", bytes: encoder.encode("{}") }, json("not JSON")]) {
    const row = await assertKept(content({ metadata, searchExtra: { user: "u" } }));
    assertEquals(row.metadata, null);
    assertEquals(row.search_text, '*\n"user":"u"\n');
  }
});

Deno.test("plain metadata can be searched and read by people", async () => {
  const metadata = json('{"source":"loop","step":3,"writes":{"a":1}}');
  const row = await assertKept(content({ metadata, searchExtra: { user: "u" } }));
  assertEquals(row.metadata, { source: "loop", step: 3, writes: { a: 1 } });
  assertEquals(row.search_text, '\n"user":"u"\n"source":"loop"\n"step":3\n');
});

Deno.test("names that no Kusto string can hold are refused", async () => {
  const half = "\ud83e";
  const refused = (work: () => Promise<unknown>, field: string) =>
    assertRejects(work, KustoInputError, `Cannot use "${field}"`);
  const channelValues: [string, TypedBytes][] = [["ok", json("1")], [half, json("1")]];
  await refused(
    () => checkpointRow(checkpointKey, content({ channelValues }), noBlobs()),
    "channel",
  );
  for (const field of ["channel", "task_id", "task_path"] as const) {
    await refused(() => writeRow({ ...writeKey, [field]: half }, json("1"), noBlobs()), field);
  }
});

Deno.test("a blob that was sent is referred to with the time it was sent, and not sent again", async () => {
  const bytes = new Uint8Array(INLINE_LIMIT + 1);
  const first = noBlobs();
  await first.add(bytes);
  const [reference] = first.references;
  assertEquals(reference?.sent, NOW);
  const again = new RowBlobs((id) => id === reference?.id ? NOW - 5 : undefined, NOW);
  assertEquals(await again.add(bytes), 0);
  assertEquals(await again.add(new Uint8Array(3)), 1);
  assertEquals(again.references[0], { ...reference!, sent: NOW - 5 });
  assertEquals([...again.unsent.keys()], [again.references[1]!.id]);
});

Deno.test("equal bytes are one reference, also when they are added at the same time", async () => {
  const blobs = noBlobs();
  const bytes = new Uint8Array(9);
  assertEquals(await Promise.all([blobs.add(bytes), blobs.add(bytes.slice())]), [0, 0]);
  assertEquals([blobs.references.length, blobs.unsent.size], [1, 1]);
});
