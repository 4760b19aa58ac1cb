/**
 * What copying a thread does, as cases for any cluster.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { KustoInputError, type KustoSaver } from "../../mod.ts";
import type { Case } from "./cases.ts";
import { CHILD, NOTHING, seen } from "./deletion_kit.ts";
import { at, checkpointOf, LOOP } from "./kit.ts";
import { chain } from "./prune_cases.ts";

/** All that a saver shows of a thread, its id left out. */
export async function contentOf(saver: KustoSaver, threadId: string) {
  const tuples = await Array.fromAsync(saver.list({ configurable: { thread_id: threadId } }));
  return tuples.map(({ config, parentConfig, ...rest }) => ({
    config: { ...config.configurable, thread_id: undefined },
    parentConfig: { ...parentConfig?.configurable, thread_id: undefined },
    ...rest,
  }));
}

/** The cases. */
export const threadCopyCases: readonly Case[] = [
  {
    name: "copyThread() copies checkpoints, metadata, writes and namespaces, and leaves the source",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      const copy = `${thread} copy`;
      await chain(saver, thread, ["1", "2", "3"], "", { step: 7, deep: { tags: ["x"] } });
      await chain(saver, thread, ["2", "5"], CHILD);
      await saver.putWrites(at(thread, "3"), [["id", null], ["b", undefined]], "b", "~path");
      await saver.putWrites(at(thread, "3"), [["__interrupt__", "?"]], "a", "~other");
      const before = await contentOf(saver, thread);
      const report = await saver.copyThread(thread, copy);
      assertEquals(report, { checkpoints: 5, writes: 8, left: 0, present: 0 });
      for (const reader of [saver, await cluster.reader()]) {
        assertEquals(await contentOf(reader, copy), before);
        assertEquals(await contentOf(reader, thread), before);
        assertEquals((await reader.getTuple(at(copy)))?.config, at(copy, "3"));
        assertEquals((await reader.getTuple(at(copy, "2", CHILD)))?.config, at(copy, "2", CHILD));
      }
    },
  },
  {
    name: "copyThread() of a thread that is not there, or is deleted, copies nothing",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      const [deleted, kept] = [`${thread} deleted`, `${thread} kept`];
      await chain(saver, kept, ["1"]);
      await chain(saver, deleted, ["1"]);
      await saver.deleteThread(deleted);
      const nothing = { checkpoints: 0, writes: 0, left: 0, present: 0 };
      for (const from of [thread, deleted]) {
        assertEquals(await saver.copyThread(from, kept), nothing);
        assertEquals(await saver.copyThread(from, `${thread} copy`), nothing);
      }
      const reader = await cluster.reader();
      assertEquals(await seen(reader, `${thread} copy`), NOTHING);
      assertEquals(await seen(reader, kept), ["1", undefined, "1"]);
    },
  },
  {
    name:
      "copyThread() refuses a target with checkpoints of its own, and takes it once it is deleted",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      const target = `${thread} target`;
      const copy = () => saver.copyThread(thread, target);
      await chain(saver, thread, ["1", "2"]);
      await chain(saver, target, ["1"], "", { run_id: target });
      await assertRejects(copy, KustoInputError, "has checkpoints of its own");
      await saver.deleteForRuns([target]);
      await assertRejects(copy, KustoInputError, "shown or hidden; delete it before");
      assertEquals(await seen(saver, target), NOTHING);
      await saver.deleteThread(target);
      await copy();
      for (const reader of [saver, await cluster.reader()]) {
        assertEquals(await contentOf(reader, target), await contentOf(reader, thread));
      }
      const again = await copy();
      assertEquals(again, { checkpoints: 0, writes: 2, left: 0, present: 2 });
      await saver.put(at(target, "2"), checkpointOf("3"), LOOP, {});
      await assertRejects(copy, KustoInputError, "has checkpoints of its own");
      assertEquals(await seen(saver, thread), ["2", undefined, "2", "1"]);
    },
  },
  {
    name: "Histories of delta channels are whole in a copy, of a pruned thread too",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      const copy = `${thread} copy`;
      const first = await saver.put(at(thread), checkpointOf("1", { log: ["a"] }), LOOP, {
        log: 1,
      });
      await saver.putWrites(first, [["log", "b"]], "task");
      const second = await saver.put(first, checkpointOf("2"), LOOP, {});
      await saver.putWrites(second, [["log", "c"]], "task");
      await saver.put(second, checkpointOf("3"), LOOP, {});
      await saver.prune({ threadIds: [thread], strategy: "keep_latest" });
      assertEquals((await saver.copyThread(thread, copy)).checkpoints, 3);
      for (const reader of [saver, await cluster.reader()]) {
        assertEquals(await seen(reader, copy), ["3", undefined, "3"]);
        const config = at(copy);
        const { log } = await reader.getDeltaChannelHistory({ config, channels: ["log"] });
        assertEquals([log?.seed, log?.writes.map(([, , value]) => value)], [["a"], ["b", "c"]]);
        // Nothing of it is listed, though a copy has the same revisions as its source.
        const all = await Array.fromAsync(reader.list({}, { filter: { source: "loop" } }));
        const listed = all.map(({ config }) => config.configurable)
          .filter((address) => [thread, copy].includes(address?.thread_id))
          .map((address) => address?.checkpoint_id);
        assertEquals(listed, ["3", "3"]);
      }
    },
  },
  {
    name: "copyThread() copies large values, writes and metadata, each once",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      const copy = `${thread} copy`;
      const text = (name: string) => name.repeat(60_000);
      const bytes = Uint8Array.from({ length: 400_000 }, (_, n) => n % 251);
      let config = at(thread);
      for (const id of ["1", "2", "3"]) {
        const values = { same: bytes, own: text(id), small: id };
        const metadata = { ...LOOP, notes: text(`note ${id}`) };
        const checkpoint = checkpointOf(id, values);
        config = await saver.put(config, checkpoint, metadata, values as never) as typeof config;
        await saver.putWrites(config, [["a", bytes], ["b", text(`write ${id}`)]], "task");
      }
      await saver.copyThread(thread, copy);
      for (const reader of [saver, await cluster.reader()]) {
        assertEquals(await contentOf(reader, copy), await contentOf(reader, thread));
      }
    },
  },
];
