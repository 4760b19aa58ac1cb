/**
 * What deleting runs does, as cases for any cluster.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Case } from "./cases.ts";
import { CHILD, NOTHING, seen } from "./deletion_kit.ts";
import { at, checkpointOf, LOOP } from "./kit.ts";
import { chain } from "./prune_cases.ts";

/** The cases. */
export const runDeletionCases: readonly Case[] = [
  {
    name: "deleteForRuns() hides the checkpoints of a run with their writes, and of no other",
    run: async (cluster, thread) => {
      const [run, other] = [`${thread} run`, `${thread} other`];
      const saver = cluster.saver();
      await chain(saver, thread, ["1", "3"], "", { run_id: other });
      await chain(saver, thread, ["2", "4"], "", { run_id: run });
      await chain(saver, thread, ["0"]);
      assertEquals(await saver.deleteForRuns([run]), { checkpoints: 2 });
      for (const reader of [saver, await cluster.reader()]) {
        assertEquals(await seen(reader, thread), ["3", undefined, "3", "1", "0"]);
        assertEquals((await reader.getTuple(at(thread)))?.pendingWrites, [
          ["task", "id", "after 3"],
        ]);
        assertEquals(await reader.getTuple(at(thread, "4")), undefined);
      }
    },
  },
  {
    name: "deleteForRuns() hides several runs, across threads and namespaces",
    run: async (cluster, thread) => {
      const runs = Array.from({ length: 10 }, (_, n) => `${thread} run ${n}`);
      const kept = `${thread} kept`;
      const saver = cluster.saver();
      const threads = [`${thread} 1`, `${thread} 2`];
      for (const id of threads) {
        await chain(saver, id, ["1"], "", { run_id: kept });
        for (const [n, run_id] of runs.entries()) {
          await chain(saver, id, [`${n + 2}`], n % 2 === 0 ? "" : CHILD, { run_id });
        }
      }
      const report = await saver.deleteForRuns([...runs, ...runs, `${thread} of nobody`]);
      assertEquals(report, { checkpoints: 20 });
      for (const reader of [saver, await cluster.reader()]) {
        for (const id of threads) assertEquals(await seen(reader, id), ["1", undefined, "1"]);
      }
      assertEquals(await saver.deleteForRuns([...runs, kept]), { checkpoints: 2 });
      assertEquals(await seen(await cluster.reader(), threads[0]), NOTHING);
    },
  },
  {
    name: "deleteForRuns() compares ids exactly, whatever they hold and wherever metadata lie",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      const runs = [
        `${thread} '"\\ | take 0 //\n*`,
        `${thread} ${"x".repeat(400)}`,
        `${thread} in a blob`,
      ];
      const large = { notes: Array.from({ length: 9_000 }, (_, n) => `${n} of a long list`) };
      for (const [n, run_id] of runs.entries()) {
        const rest = n === 2 ? large : {};
        await chain(saver, thread, [`${n}1`], "", { ...rest, run_id });
        await chain(saver, thread, [`${n}2`], "", { ...rest, run_id: `${run_id} ` });
        await chain(saver, thread, [`${n}3`], "", { ...rest, text: `"run_id":"${run_id}"` });
        await chain(saver, thread, [`${n}4`], "", { ...rest, deep: { run_id } });
      }
      for (const run of runs) {
        assertEquals(await saver.deleteForRuns([run]), { checkpoints: 1 }, run);
      }
      const left = ["24", "23", "22", "14", "13", "12", "04", "03", "02"];
      assertEquals(await seen(await cluster.reader(), thread), ["24", undefined, ...left]);
    },
  },
  {
    name: "deleteForRuns() finds runs by the keys of the configuration that are searched by",
    run: async (cluster, thread) => {
      const saver = cluster.saver({ searchKeys: ["run_id"] });
      const inRun = (run_id: string) => {
        const { configurable } = at(thread);
        return { configurable: { ...configurable, run_id } };
      };
      await saver.put(inRun(`${thread} 1`), checkpointOf("1"), LOOP, {});
      await saver.put(inRun(`${thread} 2`), checkpointOf("2"), LOOP, {});
      assertEquals(await saver.deleteForRuns([`${thread} 2`]), { checkpoints: 1 });
      assertEquals(await seen(await cluster.reader(), thread), ["1", undefined, "1"]);
    },
  },
  {
    name: "Histories of delta channels lead through a run that was deleted",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      const run = { ...LOOP, run_id: `${thread} run` };
      const first = await saver.put(at(thread), checkpointOf("1", { log: ["a"] }), LOOP, {
        log: 1,
      });
      await saver.putWrites(first, [["log", "b"]], "task");
      const second = await saver.put(first, checkpointOf("2"), run, {});
      await saver.putWrites(second, [["log", "c"]], "task");
      await saver.put(second, checkpointOf("3"), LOOP, {});
      assertEquals(await saver.deleteForRuns([`${thread} run`]), { checkpoints: 1 });
      for (const reader of [saver, await cluster.reader()]) {
        assertEquals(await seen(reader, thread), ["3", undefined, "3", "1"]);
        const config = at(thread);
        const { log } = await reader.getDeltaChannelHistory({ config, channels: ["log"] });
        assertEquals([log?.seed, log?.writes.map(([, , value]) => value)], [["a"], ["b", "c"]]);
      }
    },
  },
];
