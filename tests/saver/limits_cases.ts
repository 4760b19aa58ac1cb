/**
 * Values as large as the limits of rows, cells and requests, as cases for any cluster.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { CELL_BUDGET, INLINE_LIMIT } from "../../src/records.ts";
import { CHUNK_BYTES } from "../../src/codec.ts";
import type { Case, Cluster } from "./cases.ts";
import { at, checkpointOf, LOOP } from "./kit.ts";

/** Puts values in one process and demands that another reads them. */
export async function roundTrip(
  cluster: Cluster,
  thread: string,
  values: Record<string, unknown>,
): Promise<void> {
  const versions = Object.fromEntries(Object.keys(values).map((channel) => [channel, 1]));
  await cluster.saver().put(at(thread), checkpointOf("1", values), LOOP, versions);
  const reader = await cluster.reader();
  const tuple = await reader.getTuple(at(thread));
  assertEquals(tuple?.checkpoint.channel_values, values);
}

const limits: readonly (readonly [string, number])[] = [
  ["nothing", 0],
  ["what lies in a row", INLINE_LIMIT],
  ["what the values of a row may take together", CELL_BUDGET],
  ["a chunk of bytes", CHUNK_BYTES * 3 / 4],
  ["a chunk of text", CHUNK_BYTES],
  ["a cell", 1_048_576],
];

/** The cases. */
export const limitsCases: readonly Case[] = [
  ...limits.map(([what, limit]) => around(what, limit)),
  {
    name: "Characters of several bytes at the edges of chunks come back",
    run: async (cluster, thread) => {
      for (const shift of [0, 1, 2, 3]) {
        await roundTrip(cluster, `${thread} ${shift}`, {
          value: "a".repeat(shift) + "\u{1F600}".repeat(300_000),
        });
      }
    },
  },
  {
    name: "Thousands of channels of 4 KB come back, and their cells fit",
    run: async (cluster, thread) => {
      const names = Array.from({ length: 3000 }, (_, n) => `channel-${n}`);
      await roundTrip(
        cluster,
        thread,
        Object.fromEntries(names.map((name) => [name, name.repeat(400)])),
      );
    },
  },
  {
    name: "More channels than a cell can name come back, delta channels among them",
    run: async (cluster, thread) => {
      const names = Array.from({ length: 300 }, (_, n) => `${n}`.padEnd(5000, "n"));
      const values = Object.fromEntries(names.map((name) => [name, name]));
      await roundTrip(cluster, thread, values);
      const saver = cluster.saver();
      await saver.put(at(thread, "1"), checkpointOf("2"), LOOP, {});
      const [first, last] = [names[0]!, names.at(-1)!];
      const history = await saver.getDeltaChannelHistory({
        config: at(thread),
        channels: [first, last, "never stored"],
      });
      assertEquals(history[first]?.seed, first);
      assertEquals(history[last]?.seed, last);
      assertEquals("seed" in history["never stored"]!, false);
    },
  },
  {
    name: "Large checkpoints, metadata and writes come back",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      const seen = Object.fromEntries(
        Array.from({ length: 2000 }, (_, n) => [`node ${n}`, { channel: `${n}`.repeat(50) }]),
      );
      const meta = { ...LOOP, note: "m".repeat(600_000), small: 1 };
      const checkpoint = checkpointOf("1", { a: 1 }, { versions_seen: seen });
      const config = await saver.put(at(thread), checkpoint, meta, { a: 1 });
      const writes = Array.from({ length: 10_000 }, (_, n): [string, unknown] => ["c", n]);
      await saver.putWrites(config, writes, "task");
      await saver.putWrites(config, [["big", "w".repeat(2_000_000)]], "other");
      const reader = await cluster.reader();
      const tuple = await reader.getTuple(at(thread));
      assertEquals(tuple?.checkpoint.versions_seen, seen);
      assertEquals(tuple?.metadata as unknown, meta);
      assertEquals(tuple?.pendingWrites?.length, 10_001);
      const found = await Array.fromAsync(reader.list(at(thread), { filter: { small: 1 } }));
      assertEquals(found.length, 1);
    },
  },
];

/** Values just under, at and over a limit of some bytes. */
export function around(what: string, limit: number): Case {
  return {
    name: `Values just under, at and over ${what} come back byte for byte`,
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      // A text takes two bytes more in JSON, for its quotation marks.
      for (const length of [-3, -2, -1, 0, 1].map((n) => limit + n).filter((n) => n >= 0)) {
        const values = { text: "a".repeat(length), bytes: new Uint8Array(length).fill(200) };
        const metadata = { ...LOOP, note: "m".repeat(length) };
        const config = at(`${thread} ${length}`);
        const seen = { versions_seen: { [values.text]: { a: 1 } } };
        const checkpoint = checkpointOf("1", values, seen);
        const stored = await saver.put(config, checkpoint, metadata, { text: 1, bytes: 1 });
        await saver.putWrites(stored, Object.entries(values), "task");
        const reader = await cluster.reader();
        const tuple = await reader.getTuple(config);
        assertEquals(tuple?.checkpoint, checkpoint);
        assertEquals(tuple?.metadata as unknown, metadata);
        assertEquals(tuple?.pendingWrites?.map(([, , value]) => value), Object.values(values));
      }
    },
  };
}
