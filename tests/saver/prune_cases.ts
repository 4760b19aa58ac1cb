/**
 * What pruning does, as cases for any cluster.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { KustoSaver } from "../../mod.ts";
import type { Case, Cluster } from "./cases.ts";
import { CHILD, NOTHING, seen } from "./deletion_kit.ts";
import { at, checkpointOf, LOOP } from "./kit.ts";

/** A chain of checkpoints with a write on each, and one in a namespace. */
export async function chain(
  saver: KustoSaver,
  threadId: string,
  ids: readonly string[],
  namespace = "",
  metadata: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  let config = at(threadId, undefined, namespace);
  for (const id of ids) {
    const checkpoint = checkpointOf(id, { id });
    config = await saver.put(config, checkpoint, { ...LOOP, ...metadata }, {
      id: 1,
    }) as typeof config;
    await saver.putWrites(config, [["id", `after ${id}`]], "task");
  }
}

/** The saver that did it, and one of another process. */
async function readers(cluster: Cluster, saver: KustoSaver): Promise<KustoSaver[]> {
  return [saver, await cluster.reader()];
}

/** The cases. */
export const pruneCases: readonly Case[] = [
  {
    name: "prune() keeps the latest checkpoint of each namespace, with its writes and parent",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      await chain(saver, thread, ["1", "2", "3"]);
      await chain(saver, thread, ["4", "5"], CHILD);
      const before = await saver.getTuple(at(thread));
      const report = await saver.prune({ threadIds: [thread], strategy: "keep_latest" });
      assertEquals(report, { threads: 1, checkpoints: 3 });
      for (const reader of await readers(cluster, saver)) {
        assertEquals(await seen(reader, thread), ["3", "5", "5", "3"]);
        assertEquals(await reader.getTuple(at(thread)), before);
        assertEquals(before?.pendingWrites, [["task", "id", "after 3"]]);
        assertEquals(before?.parentConfig, at(thread, "2"));
        assertEquals(await reader.getTuple(at(thread, "2")), undefined);
        assertEquals(await reader.getTuple(at(thread, "4", CHILD)), undefined);
      }
    },
  },
  {
    name: "prune() leaves other threads as they are, and what is not there",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      const [pruned, other, nobody] = ["pruned", "other", "nobody"].map((id) => `${thread} ${id}`);
      await chain(saver, pruned!, ["1", "2"]);
      await chain(saver, other!, ["1", "2"]);
      const threadIds = [nobody!, pruned!, pruned!];
      const report = await saver.prune({ threadIds, strategy: "keep_latest" });
      assertEquals(report, { threads: 2, checkpoints: 1 });
      for (const reader of await readers(cluster, saver)) {
        assertEquals(await seen(reader, pruned), ["2", undefined, "2"]);
        assertEquals(await seen(reader, other), ["2", undefined, "2", "1"]);
        assertEquals(await seen(reader, nobody), NOTHING);
      }
    },
  },
  {
    name: "prune() can delete whole threads",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      const threads = Array.from({ length: 10 }, (_, n) => `${thread} ${n}`);
      await Promise.all(threads.map((id) => chain(saver, id, ["1", "2"])));
      const [kept, ...deleted] = threads;
      const report = await saver.prune({ threadIds: deleted, strategy: "delete" });
      assertEquals(report, { threads: 9, checkpoints: 0 });
      for (const reader of await readers(cluster, saver)) {
        for (const id of deleted) assertEquals(await seen(reader, id), NOTHING);
        assertEquals(await seen(reader, kept), ["2", undefined, "2", "1"]);
      }
    },
  },
  {
    name: "prune() again hides nothing more, and a checkpoint that is put again shows again",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      const options = { threadIds: [thread], strategy: "keep_latest" } as const;
      await chain(saver, thread, ["1", "2", "3"]);
      assertEquals(await saver.prune(options), { threads: 1, checkpoints: 2 });
      assertEquals(await (await cluster.reader()).prune(options), { threads: 1, checkpoints: 0 });
      await saver.put(at(thread, "1"), checkpointOf("2", { id: "again" }), LOOP, { id: 2 });
      for (const reader of await readers(cluster, saver)) {
        assertEquals(await seen(reader, thread), ["3", undefined, "3", "2"]);
        const tuple = await reader.getTuple(at(thread, "2"));
        assertEquals(tuple?.checkpoint.channel_values, { id: "again" });
      }
      assertEquals(await saver.prune(options), { threads: 1, checkpoints: 1 });
    },
  },
  {
    name: "Histories of delta channels lead through what prune() hid",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      const first = await saver.put(at(thread), checkpointOf("1", { log: ["a"] }), LOOP, {
        log: 1,
      });
      await saver.putWrites(first, [["log", "b"]], "task");
      const second = await saver.put(first, checkpointOf("2"), LOOP, {});
      await saver.putWrites(second, [["log", "c"]], "task");
      await saver.put(second, checkpointOf("3"), LOOP, {});
      await saver.prune({ threadIds: [thread], strategy: "keep_latest" });
      for (const reader of await readers(cluster, saver)) {
        // Whoever read a checkpoint a moment before it was hidden gets no short history either.
        for (const [config, writes] of [[at(thread), ["b", "c"]], [second, ["b"]]] as const) {
          const { log } = await reader.getDeltaChannelHistory({ config, channels: ["log"] });
          assertEquals([log?.seed, log?.writes.map(([, , value]) => value)], [["a"], writes]);
        }
      }
    },
  },
];
