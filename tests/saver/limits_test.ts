import { assert, assertEquals } from "@std/assert";
import { CELL_BUDGET, INLINE_LIMIT } from "../../src/records.ts";
import { CHUNK_BYTES } from "../../src/codec.ts";
import { at, checkpointOf, Lab, LOOP } from "./kit.ts";

async function roundTrip(lab: Lab, thread: string, values: Record<string, unknown>): Promise<void> {
  const versions = Object.fromEntries(Object.keys(values).map((channel) => [channel, 1]));
  await lab.saver().put(at(thread), checkpointOf("1", values), LOOP, versions);
  const tuple = await lab.saver().getTuple(at(thread));
  assertEquals(tuple?.checkpoint.channel_values, values);
}

const limits: readonly (readonly [string, number])[] = [
  ["nothing", 0],
  ["what lies in a row", INLINE_LIMIT],
  ["what the values of a row may take together", CELL_BUDGET],
  ["a chunk of bytes", CHUNK_BYTES * 3 / 4],
  ["a chunk of text", CHUNK_BYTES],
  ["a cell", 1_048_576],
  ["a request", 4_000_000],
];

for (const [what, limit] of limits) {
  Deno.test(`Values just under, at and over ${what} come back byte for byte`, async () => {
    await using lab = await Lab.open();
    const saver = lab.saver();
    // A text takes two bytes more in JSON, for its quotation marks.
    for (const length of [-3, -2, -1, 0, 1].map((n) => limit + n).filter((n) => n >= 0)) {
      const values = { text: "a".repeat(length), bytes: new Uint8Array(length).fill(200) };
      const metadata = { ...LOOP, note: "m".repeat(length) };
      const thread = `thread ${length}`;
      const checkpoint = checkpointOf("1", values, { versions_seen: { [values.text]: { a: 1 } } });
      const config = await saver.put(at(thread), checkpoint, metadata, { text: 1, bytes: 1 });
      await saver.putWrites(config, Object.entries(values), "task");
      const tuple = await lab.saver().getTuple(at(thread));
      assertEquals(tuple?.checkpoint, checkpoint);
      assertEquals(tuple?.metadata as unknown, metadata);
      assertEquals(tuple?.pendingWrites?.map(([, , value]) => value), Object.values(values));
    }
  });
}

Deno.test("Values of 64 MB come back, as channel and as write, as text and as bytes", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const text = "2026-01-01\n".repeat(6_100_000);
  const config = await saver.put(at("t"), checkpointOf("1", { text }), LOOP, { text: 1 });
  const bytes = new Uint8Array(67_000_000).map((_, at) => at * 7);
  await saver.putWrites(config, [["bytes", bytes]], "task");
  const tuple = await lab.saver().getTuple(at("t"));
  // Compared by hand: a difference could not be shown.
  assert(tuple?.checkpoint.channel_values.text === text);
  const read = tuple?.pendingWrites?.[0]?.[2] as Uint8Array;
  assert(read.length === bytes.length && read.every((byte, at) => byte === bytes[at]));
});

Deno.test("10 000 writes of 8 KB, more than an answer holds, come back by every way", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const config = await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  const writes = Array.from(
    { length: 10_000 },
    (_, n): [string, unknown] => ["log", String(n).padEnd(8_000, "w")],
  );
  await saver.putWrites(config, writes, "task");
  await saver.put(config, checkpointOf("2"), LOOP, {});
  const isWhole = (read: readonly [string, string, unknown][] | undefined) =>
    read?.length === writes.length && read.every(([, , value], n) => value === writes[n]![1]);
  assert(isWhole((await lab.saver().getTuple(at("t", "1")))?.pendingWrites));
  const listed = await Array.fromAsync(lab.saver().list(at("t")));
  assertEquals(listed.map(({ checkpoint }) => checkpoint.id), ["2", "1"]);
  assert(isWhole(listed[1]?.pendingWrites));
  const request = { config: at("t"), channels: ["log"] };
  assert(isWhole((await lab.saver().getDeltaChannelHistory(request)).log?.writes));
});

Deno.test("Characters of several bytes at the edges of chunks come back", async () => {
  await using lab = await Lab.open();
  for (const shift of [0, 1, 2, 3]) {
    await roundTrip(lab, `t${shift}`, { value: "a".repeat(shift) + "\u{1F600}".repeat(300_000) });
  }
});

Deno.test("Thousands of channels of 4 KB come back, and their cells fit", async () => {
  await using lab = await Lab.open();
  const names = Array.from({ length: 3000 }, (_, n) => `channel-${n}`);
  await roundTrip(lab, "t", Object.fromEntries(names.map((name) => [name, name.repeat(400)])));
});

Deno.test("More channels than a cell can name come back, delta channels among them", async () => {
  await using lab = await Lab.open();
  const names = Array.from({ length: 300 }, (_, n) => `${n}`.padEnd(5000, "n"));
  const values = Object.fromEntries(names.map((name) => [name, name]));
  await roundTrip(lab, "t", values);
  const saver = lab.saver();
  await saver.put(at("t", "1"), checkpointOf("2"), LOOP, {});
  const [first, last] = [names[0]!, names.at(-1)!];
  const history = await saver.getDeltaChannelHistory({
    config: at("t"),
    channels: [first, last, "never stored"],
  });
  assertEquals(history[first]?.seed, first);
  assertEquals(history[last]?.seed, last);
  assertEquals("seed" in history["never stored"]!, false);
});

Deno.test("State beyond what one answer may hold is read in pages", async () => {
  await using lab = await Lab.open();
  const parts = Array.from({ length: 5 }, (_, n) => String(n).repeat(9_000_000));
  await roundTrip(lab, "many", Object.fromEntries(parts.map((part, n) => [`part ${n}`, part])));
  await roundTrip(lab, "one", { whole: "x".repeat(40_000_000) });
});

Deno.test("Large checkpoints, metadata and writes come back", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const seen = Object.fromEntries(
    Array.from({ length: 2000 }, (_, n) => [`node ${n}`, { channel: `${n}`.repeat(50) }]),
  );
  const meta = { ...LOOP, note: "m".repeat(600_000), small: 1 };
  const checkpoint = checkpointOf("1", { a: 1 }, { versions_seen: seen });
  const config = await saver.put(at("t"), checkpoint, meta, { a: 1 });
  const writes = Array.from({ length: 10_000 }, (_, n): [string, unknown] => ["c", n]);
  await saver.putWrites(config, writes, "task");
  await saver.putWrites(config, [["big", "w".repeat(2_000_000)]], "other");
  const reader = lab.saver();
  const tuple = await reader.getTuple(at("t"));
  assertEquals(tuple?.checkpoint.versions_seen, seen);
  assertEquals(tuple?.metadata as unknown, meta);
  assertEquals(tuple?.pendingWrites?.length, 10_001);
  const found = await Array.fromAsync(reader.list(at("t"), { filter: { small: 1 } }));
  assertEquals(found.length, 1);
});
