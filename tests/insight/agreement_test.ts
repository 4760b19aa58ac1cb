import { assertEquals } from "@std/assert";
import { seeded } from "../saver/graph_kit.ts";
import { at, checkpointOf, LOOP } from "../saver/kit.ts";
import { RecordedRun } from "./recorded_run.ts";

const THREADS = ["a", "it's b"];
const NAMESPACES = ["", "sub"];
const STEPS = 80;

Deno.test("After random puts, writes, deletions and resends the functions tell what savers see", async () => {
  await using run = await RecordedRun.empty();
  const random = seeded(7);
  const one = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
  const saver = run.lab.saver();
  const large = "x".repeat(40_000);
  const tables = ["Checkpoints", "CheckpointWrites", "CheckpointBlobs", "ThreadDeletions"]
    .concat("CheckpointDeletions");
  let n = 0;
  const actions: readonly (readonly [odds: number, act: () => Promise<unknown>])[] = [
    [10, () => {
      const id = one(["1", "2", "3"]);
      const metadata = { ...LOOP, run_id: one(["r", "s"]) };
      const values = { n: ++n, large: `${n % 2}${large}` };
      const config = at(one(THREADS), id === "1" ? undefined : "1", one(NAMESPACES));
      return saver.put(config, checkpointOf(id, values), metadata, { n, large: n });
    }],
    [5, () => {
      const config = at(one(THREADS), one(["1", "2", "3"]), one(NAMESPACES));
      const write = one(["n", "__interrupt__", "__error__"]);
      return saver.putWrites(config, [[write, [{ id: String(++n) }]]], one(["t", "u"]));
    }],
    [1, () => saver.deleteThread(one(THREADS))],
    [1, () => saver.prune({ threadIds: [one(THREADS)], strategy: "keep_latest" })],
    [1, () => saver.deleteForRuns([one(["r", "s"])])],
    [3, () => {
      const table = one(tables);
      return run.lab.command(`.set-or-append ${table} <| ${table} | top 5 by created_at desc`);
    }],
  ];
  const bag = actions.flatMap(([odds, act]) => Array(odds).fill(act) as typeof act[]);
  for (let step = 0; step < STEPS; step++) {
    await one(bag)();
    if (step % 4 !== 0) continue;
    const reader = run.lab.saver();
    const listed = await Array.fromAsync(reader.list({}));
    for (const thread of THREADS) {
      const own = listed.filter(({ config }) => config.configurable!["thread_id"] === thread);
      const told = await run.query(
        "ThreadTimeline(thread) | project checkpoint_ns, checkpoint_id, writes, interrupted, failed",
        { thread },
      );
      assertEquals(
        told,
        own.map(({ config, pendingWrites = [] }) => {
          const { checkpoint_ns, checkpoint_id } = config.configurable!;
          const on = (channel: string) => pendingWrites.filter(([, name]) => name === channel);
          return {
            checkpoint_ns,
            checkpoint_id,
            writes: on("n").length,
            interrupted: on("__interrupt__").length,
            failed: on("__error__").length,
          };
        }),
        `step ${step}`,
      );
      for (const namespace of NAMESPACES) {
        const rows = await run.query("ThreadState(thread, namespace)", { thread, namespace });
        const state = Object.fromEntries(rows.map(({ channel, value }) => [channel, value]));
        const tuple = await reader.getTuple(at(thread, undefined, namespace));
        assertEquals(state, tuple?.checkpoint.channel_values ?? {}, `step ${step}`);
      }
    }
    const active = await run.query(
      "ActiveThreads(datetime(2000-01-01)) | project thread_id, checkpoints, checkpoint_id",
    );
    const summaries = await Array.fromAsync(reader.listThreads({}));
    const byThread = (rows: readonly Record<string, unknown>[]) =>
      rows.toSorted((a, b) => String(a["thread_id"]) < String(b["thread_id"]) ? -1 : 1);
    assertEquals(
      byThread(active),
      byThread(summaries.map(({ threadId, checkpoints, latestCheckpointId = "" }) => ({
        thread_id: threadId,
        checkpoints,
        checkpoint_id: latestCheckpointId,
      }))),
      `step ${step}`,
    );
  }
});
