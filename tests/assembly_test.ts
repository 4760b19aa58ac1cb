import { assertEquals, assertRejects } from "@std/assert";
import { compareWritesSortKeys, writesSortKey } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import {
  BlobChunks,
  greatest,
  pendingWrites,
  readCheckpoint,
  readWrite,
  visibleCheckpoints,
} from "../src/reading/assembly.ts";
import { revisionOf } from "../src/clock.ts";
import { blobId, splitBytes } from "../src/codec.ts";
import { KustoStateError } from "../src/errors.ts";
import type {
  BlobReference,
  BlobRow,
  CheckpointDeletionRow,
  CheckpointRow,
  WriteRow,
} from "../src/schema.ts";

const encoder = new TextEncoder();

function stamp(time: number): string {
  return `${String(time).padStart(16, "0")}-w`;
}

/** A checkpoint row that only its key tells from others. */
function checkpoint(id: string, time: number, key: Partial<CheckpointRow> = {}): CheckpointRow {
  return {
    thread_id: "t",
    checkpoint_ns: "",
    incarnation: "",
    checkpoint_id: id,
    parent_checkpoint_id: "",
    revision: revisionOf(id, stamp(time)),
    v: 4,
    checkpoint_type: "text:json",
    checkpoint_json: "{}",
    metadata_type: "text:json",
    metadata_json: "{}",
    metadata: null,
    search_text: "",
    channels: [],
    channel_values: [],
    blobs: [],
    ...key,
  };
}

function deletion(id: string, time: number, key: Partial<CheckpointDeletionRow> = {}) {
  const row: CheckpointDeletionRow = {
    thread_id: "t",
    checkpoint_ns: "",
    incarnation: "",
    checkpoint_id: id,
    revision: revisionOf(id, stamp(time)),
    ...key,
  };
  return row;
}

function write(idx: number, time: number, key: Partial<WriteRow> = {}): WriteRow {
  return {
    thread_id: "t",
    checkpoint_ns: "",
    incarnation: "",
    checkpoint_id: "c",
    task_id: "task",
    task_path: "",
    idx,
    channel: "x",
    type: "text:json",
    value_json: String(time),
    blobs: [],
    revision: stamp(time),
    ...key,
  };
}

/** Rows with some of them twice, in another order. */
function scrambled<T>(rows: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...rows])
    .chain((again) =>
      fc.shuffledSubarray([...rows, ...again], { minLength: rows.length + again.length })
    );
}

const ids = fc.constantFrom("a", "b", "a b");
const incarnations = fc.constantFrom("", stamp(5), stamp(6));
const times = (count: number) =>
  fc.uniqueArray(fc.nat({ max: 40 }), { minLength: count, maxLength: count });

/** Rows of which no two bear the same revision, as clocks make them. */
function rowsOf<T>(key: fc.Arbitrary<T>, row: (key: T, time: number) => unknown) {
  return fc.array(key, { maxLength: 20 }).chain((keys) =>
    times(keys.length).map((at) => keys.map((key, index) => row(key, at[index]!)))
  ) as fc.Arbitrary<ReturnType<typeof row>[]>;
}

const checkpointRows = rowsOf(
  fc.record({ id: ids, checkpoint_ns: ids, incarnation: incarnations }),
  ({ id, ...key }, time) => checkpoint(id, time, key),
) as fc.Arbitrary<CheckpointRow[]>;
const deletionRows = rowsOf(
  fc.record({ id: ids, checkpoint_ns: ids, incarnation: incarnations }),
  ({ id, ...key }, time) => deletion(id, time, key),
) as fc.Arbitrary<CheckpointDeletionRow[]>;
const writeRows = rowsOf(
  fc.record({
    idx: fc.integer({ min: -3, max: 3 }),
    checkpoint_id: fc.constantFrom("c", "d"),
    task_id: fc.constantFrom("task", "1 task", "🧵", "\uff5e"),
    task_path: fc.constantFrom("", "~", "🧵", "\uff5e"),
    incarnation: incarnations,
  }),
  ({ idx, ...key }, time) => write(idx, time, key),
) as fc.Arbitrary<WriteRow[]>;

function byRevision(a: { revision: string }, b: { revision: string }): number {
  return a.revision < b.revision ? -1 : a.revision > b.revision ? 1 : 0;
}

Deno.test("the visible checkpoints are the same for rows doubled and in any order", () => {
  const cases = fc.tuple(checkpointRows, deletionRows).chain(([rows, deletions]) =>
    fc.tuple(fc.constant(rows), fc.constant(deletions), scrambled(rows), scrambled(deletions))
  );
  fc.assert(
    fc.property(cases, incarnations, ([rows, deletions, rows2, deletions2], incarnation) => {
      const once = visibleCheckpoints(rows, incarnation, deletions);
      const again = visibleCheckpoints(rows2, incarnation, deletions2);
      assertEquals(again.sort(byRevision), once.sort(byRevision));
    }),
  );
});

Deno.test("of each checkpoint the greatest revision of the incarnation is visible, unless it is hidden", () => {
  fc.assert(
    fc.property(checkpointRows, deletionRows, incarnations, (rows, deletions, incarnation) => {
      const same = (row: CheckpointRow, other: CheckpointRow | CheckpointDeletionRow) =>
        other.incarnation === incarnation && other.checkpoint_ns === row.checkpoint_ns &&
        other.checkpoint_id === row.checkpoint_id;
      const expected = rows.filter((row) =>
        same(row, row) &&
        !rows.some((other) => same(row, other) && other.revision > row.revision) &&
        !deletions.some((other) => same(row, other) && other.revision >= row.revision)
      );
      const visible = visibleCheckpoints(rows, incarnation, deletions);
      assertEquals(visible.sort(byRevision), expected.sort(byRevision));
    }),
  );
});

const hiding: readonly (readonly [string, number, boolean])[] = [
  ["just before the deletion", 4, false],
  ["of the deletion's own revision", 5, false],
  ["just after the deletion", 6, true],
];

for (const [when, time, visible] of hiding) {
  Deno.test(`a checkpoint put ${when} is ${visible ? "visible" : "hidden"}`, () => {
    const found = visibleCheckpoints([checkpoint("c", time)], "", [deletion("c", 5)]);
    assertEquals(found.length, visible ? 1 : 0);
  });
}

Deno.test("pending writes are the same for rows doubled and in any order", () => {
  const cases = writeRows.chain((rows) => fc.tuple(fc.constant(rows), scrambled(rows)));
  fc.assert(fc.property(cases, incarnations, ([rows, again], incarnation) => {
    const of = { thread_id: "t", checkpoint_ns: "", incarnation, checkpoint_id: "c" };
    assertEquals(pendingWrites(again, of), pendingWrites(rows, of));
  }));
});

Deno.test("of ordinary writes the first counts, of special ones the last, in LangGraph's order", () => {
  fc.assert(fc.property(writeRows, incarnations, (rows, incarnation) => {
    const of = { thread_id: "t", checkpoint_ns: "", incarnation, checkpoint_id: "c" };
    const own = rows.filter((row) => row.incarnation === incarnation && row.checkpoint_id === "c");
    const beats = (a: WriteRow, b: WriteRow) =>
      a.task_id === b.task_id && a.idx === b.idx &&
      (a.idx < 0 ? a.revision > b.revision : a.revision < b.revision);
    const expected = own.filter((row) => !own.some((other) => beats(other, row)))
      .sort((a, b) =>
        compareWritesSortKeys(
          writesSortKey(a.task_path, a.task_id, a.idx),
          writesSortKey(b.task_path, b.task_id, b.idx),
        )
      );
    assertEquals(pendingWrites(rows, of), expected);
  }));
});

const strangers: readonly (readonly [string, Partial<WriteRow>])[] = [
  ["another thread", { thread_id: "u" }],
  ["another namespace", { checkpoint_ns: "child" }],
  ["another checkpoint", { checkpoint_id: "d" }],
  ["another incarnation", { incarnation: stamp(1) }],
];

for (const [what, key] of strangers) {
  Deno.test(`a write of ${what} is not pending`, () => {
    assertEquals(pendingWrites([write(0, 1, key)], write(0, 1)), []);
  });
}

Deno.test("greatest() compares by character value, and is empty of none", () => {
  assertEquals(greatest([]), "");
  assertEquals(greatest([stamp(9), stamp(10), ""]), stamp(10));
});

/** A blob, its reference, and its chunks of so many bytes. */
async function blob(text: string, limit: number) {
  const bytes = encoder.encode(text);
  const reference: BlobReference = { id: await blobId(bytes), bytes: bytes.length, sent: 1 };
  const { encoding, chunks } = splitBytes(bytes, limit);
  const rows = chunks.map((data, chunk): BlobRow => ({
    thread_id: "t",
    incarnation: "",
    blob_id: reference.id,
    chunk,
    chunks: chunks.length,
    encoding,
    data,
  }));
  return { bytes, reference, rows };
}

Deno.test("a blob is whole for chunks doubled, in any order and beside others", async () => {
  const own = await blob("naïve 🧵 ".repeat(9), 7);
  const other = await blob("other", 2);
  const orders = scrambled([...own.rows, ...other.rows]);
  await fc.assert(fc.asyncProperty(orders, fc.nat({ max: 20 }), async (rows, cut) => {
    const chunks = new BlobChunks();
    chunks.add(rows.slice(0, cut));
    chunks.add(rows.slice(cut));
    assertEquals(chunks.has(own.reference), true);
    assertEquals(await chunks.read(own.reference), own.bytes);
  }));
});

Deno.test("a blob of no bytes is whole with its one chunk", async () => {
  const { reference, rows, bytes } = await blob("", 8);
  const chunks = new BlobChunks();
  assertEquals(chunks.has(reference), false);
  chunks.add(rows);
  assertEquals(await chunks.read(reference), bytes);
});

Deno.test("a blob that lacks any of its chunks is not there, and reading it fails", async () => {
  const { reference, rows } = await blob("abcdefghij", 4);
  for (const missing of rows) {
    const chunks = new BlobChunks();
    chunks.add(rows.filter((row) => row !== missing));
    assertEquals(chunks.has(reference), false);
    const error = await assertRejects(() => chunks.read(reference), KustoStateError, "is missing");
    assertEquals(error.code, "STATE_INCOMPLETE");
  }
});

Deno.test("chunks of a blob that was cut at other places do not mix", async () => {
  const fours = await blob("abcdefghij", 4);
  const fives = await blob("abcdefghij", 5);
  const chunks = new BlobChunks();
  chunks.add([fours.rows[0]!, fives.rows[1]!, fours.rows[2]!]);
  assertEquals(chunks.has(fours.reference), false);
  chunks.add([fours.rows[1]!]);
  assertEquals(await chunks.read(fours.reference), fours.bytes);
});

const damages: readonly (readonly [string, (row: BlobRow) => BlobRow])[] = [
  ["cut", (row) => ({ ...row, data: row.data.slice(0, 2) })],
  ["changed", (row) => ({ ...row, data: "XXXX" })],
  ["emptied", (row) => ({ ...row, data: "" })],
  ["taken for base64", (row) => ({ ...row, encoding: "base64", data: "!" })],
];

for (const [how, damage] of damages) {
  Deno.test(`a blob of which a chunk was ${how} is refused`, async () => {
    const { reference, rows } = await blob("abcdefghij", 4);
    const chunks = new BlobChunks();
    chunks.add(rows.map((row) => row.chunk === 0 ? damage(row) : row));
    await assertRejects(() => chunks.read(reference), KustoStateError, "differ");
  });
}

const broken: readonly (readonly [string, Partial<CheckpointRow>, string])[] = [
  ["channel values that became null", { channel_values: null as never }, "are gone"],
  ["blobs that became null", { blobs: null as never }, "are gone"],
  ["a reference to no blob", { checkpoint_type: "blob:json", checkpoint_json: "0" }, "which blob"],
  [
    "a channel whose reference is no number",
    { channel_values: [{ channel: "'x", type: "blob:json", value: "'x" }] },
    "which blob",
  ],
  [
    "a channel whose text is none",
    { channel_values: [{ channel: "'x", type: "text:json", value: 1 }] },
    "form",
  ],
  ["a form that is not known", { metadata_type: "zip:json" }, "form"],
  ["no form at all", { metadata_type: "" }, "form"],
  ["base64 that is none", { metadata_type: "base64:json", metadata_json: "{}" }, "form"],
];

for (const [what, parts, message] of broken) {
  Deno.test(`a checkpoint row with ${what} is refused with a reason`, async () => {
    const row = { ...checkpoint("c", 1), ...parts };
    await assertRejects(() => readCheckpoint(row, new BlobChunks()), KustoStateError, message);
  });
}

Deno.test("a write whose form is not known is refused with a reason", async () => {
  const row = write(0, 1, { type: "json" });
  await assertRejects(async () => await readWrite(row, new BlobChunks()), KustoStateError, "form");
});

Deno.test("entries are read from the row and from blobs, types with colons included", async () => {
  const { reference, rows, bytes } = await blob("large", 3);
  const chunks = new BlobChunks();
  chunks.add(rows);
  const channel_values = [
    { channel: "'a", type: "text:json", value: "'1" },
    { channel: "'", type: "base64:a:b", value: "'AP8=" },
    { channel: "''", type: "blob:bytes", value: 0 },
  ];
  const row = checkpoint("c", 1, { channel_values, blobs: [reference] });
  const { channelValues } = await readCheckpoint(row, chunks);
  assertEquals(channelValues.map(([channel, { type, bytes }]) => [channel, type, bytes]), [
    ["a", "json", encoder.encode("1")],
    ["", "a:b", Uint8Array.of(0, 255)],
    ["'", "bytes", bytes],
  ]);
  for (const [, { text, bytes }] of channelValues) {
    if (text !== undefined) assertEquals(encoder.encode(text), bytes);
  }
  assertEquals(channelValues.map(([, { text }]) => text !== undefined), [true, false, true]);
});
