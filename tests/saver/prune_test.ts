import { assert, assertEquals, assertRejects } from "@std/assert";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import type { RunnableConfig } from "@langchain/core/runnables";
import {
  KustoInputError,
  type KustoSaver,
  KustoUnavailableError,
  type PruneOptions,
  type PruneProgress,
} from "../../mod.ts";
import { Clock, Gate, halting, seen } from "./deletion_kit.ts";
import { assertSame, comparable, SCENARIOS } from "./graph_kit.ts";
import { at, checkpointOf, Lab, LOOP, testCases } from "./kit.ts";
import { MemoryOperations } from "./memory_operations.ts";
import { NarrowService } from "./narrow_service.ts";
import { chain, pruneCases } from "./prune_cases.ts";

testCases(pruneCases);

const KEEP_LATEST = { threadIds: ["t"], strategy: "keep_latest" } as const;

/** Hides checkpoints as another process would. */
async function hide(lab: Lab, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await lab.command(
      `.ingest inline into table CheckpointDeletions <| t,,,${id},"${id}\u0001~",2026-01-01T00:00:00Z`,
    );
  }
}

Deno.test("prune() of no threads is no request", async () => {
  await using lab = await Lab.open();
  for (const strategy of ["keep_latest", "delete"] as const) {
    const report = await lab.saver().prune({ threadIds: [], strategy });
    assertEquals(report, { threads: 0, checkpoints: 0 });
  }
  assertEquals(lab.requests(), []);
});

const REFUSED: readonly (readonly [options: unknown, said: string])[] = [
  [undefined, '"strategy" must be "keep_latest" or "delete"'],
  [{ threadIds: ["t"] }, '"strategy" must be'],
  [{ threadIds: ["t"], strategy: "keepLatest" }, '"strategy" must be'],
  [{ strategy: "delete" }, 'pass either "threadIds" or "olderThan"'],
  [{ strategy: "delete", threadIds: [], olderThan: 1 }, "pass either"],
  [
    { strategy: "delete", olderThan: 1_700_000_000_000 },
    '"olderThan" must be a valid Date, or an age',
  ],
  [{ strategy: "delete", olderThan: new Date(NaN) }, '"olderThan" must be'],
  [{ strategy: "delete", olderThan: -1 }, '"olderThan" must be'],
  [{ strategy: "delete", olderThan: "2026-01-01" }, '"olderThan" must be'],
  [{ strategy: "delete", threadIds: "t" }, '"threadIds" must be a list of ids'],
  [{ strategy: "delete", threadIds: ["t", ""] }, 'an id in "threadIds" is missing or empty'],
  [{ strategy: "delete", threadIds: ["t", undefined] }, 'an id in "threadIds" is missing or empty'],
  [{ strategy: "delete", threadIds: ["\ud800"] }, '"threadIds"'],
  [{ strategy: "delete", threadIds: [{}] }, '"threadIds"'],
];

for (const [options, said] of REFUSED) {
  Deno.test(`prune() refuses ${JSON.stringify(options)}`, async () => {
    await using lab = await Lab.open();
    const saver = lab.saver();
    await assertRejects(() => saver.prune(options as PruneOptions), KustoInputError, said);
    assertEquals(lab.requests(), []);
  });
}

Deno.test("prune() hides what its own saver cannot see yet, and resolves when every reader sees it", async () => {
  const { now, sleep } = new Clock();
  await using lab = await Lab.open({ now, visibilityDelayMs: 10_000 });
  const saver = lab.saver({ now, sleep });
  await chain(saver, "t", ["1", "2", "3"]);
  const began = now();
  assertEquals(await saver.prune(KEEP_LATEST), { threads: 1, checkpoints: 2 });
  assert(now() >= began + 20_000, "first its own rows, then what hides them");
  for (const reader of [saver, lab.saver({ now, sleep })]) {
    assertEquals(await seen(reader, "t"), ["3", undefined, "3"]);
  }
});

Deno.test("prune() stores buffered rows of its threads first", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver({ durability: "buffered" });
  await chain(saver, "t", ["1", "2", "3"]);
  assertEquals(await saver.prune(KEEP_LATEST), { threads: 1, checkpoints: 2 });
  assertEquals(await seen(lab.saver(), "t"), ["3", undefined, "3"]);
});

for (
  const [what, delays] of [["its own rows", [10_000]], ["what hides them", [0, 10_000]]] as const
) {
  Deno.test(`prune() fails when ${what} stay invisible, and can be repeated`, async () => {
    const { now, sleep } = new Clock();
    await using lab = await Lab.open({ now });
    const saver = lab.saver({ now, sleep, deleteTimeoutMs: 1_000 });
    lab.emulator.trouble.visibilityDelayMs = delays[0];
    await chain(saver, "t", ["1", "2", "3"]);
    lab.emulator.trouble.visibilityDelayMs = delays.at(-1)!;
    await assertRejects(
      () => saver.prune(KEEP_LATEST),
      KustoUnavailableError,
      "not visible to queries after 1000 ms, try again",
    );
    lab.emulator.trouble.visibilityDelayMs = 0;
    await sleep(10_000);
    await saver.prune(KEEP_LATEST);
    assertEquals(await seen(lab.saver(), "t"), ["3", undefined, "3"]);
  });
}

Deno.test("prune() is a query and an append for many threads, and a query until it is seen", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const threadIds = Array.from({ length: 150 }, (_, n) => `t${n}`);
  await Promise.all(threadIds.map((id) => chain(saver, id, ["1", "2", "3", "4"])));
  lab.requests();
  const report = await lab.saver().prune({ threadIds, strategy: "keep_latest" });
  assertEquals(report, { threads: 150, checkpoints: 450 });
  assertEquals(lab.requests(), ["query", "ingest CheckpointDeletions", "query"]);
});

Deno.test("getTuple() and list() of a pruned thread are one request", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  await chain(saver, "t", ["1", "2", "3"]);
  await saver.prune(KEEP_LATEST);
  for (const reader of [saver, lab.saver()]) {
    lab.requests();
    assertEquals((await reader.getTuple(at("t")))?.checkpoint.id, "3");
    assertEquals(lab.requests(), ["query"]);
    assertEquals(await reader.getTuple(at("t", "2")), undefined);
    assertEquals(lab.requests(), ["query"]);
    assertEquals((await Array.fromAsync(reader.list(at("t")))).length, 1);
    assertEquals(lab.requests(), ["query"]);
  }
});

Deno.test("getTuple() of a thread whose latest checkpoints were hidden by others is one request", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  await chain(saver, "t", ["1", "2", "3", "4", "5"]);
  await hide(lab, ["3", "5"]);
  for (const [hidden, latest] of [["4", "2"], ["2", "1"], ["1", undefined]] as const) {
    await hide(lab, [hidden]);
    for (const reader of [saver, lab.saver()]) {
      lab.requests();
      assertEquals((await reader.getTuple(at("t")))?.checkpoint.id, latest);
      assertEquals(lab.requests(), ["query"]);
      const writes = latest ? [["task", "id", `after ${latest}`]] : undefined;
      assertEquals((await reader.getTuple(at("t")))?.pendingWrites, writes as never);
      const history = await reader.getDeltaChannelHistory({ config: at("t"), channels: ["x"] });
      assertEquals(history, { x: { writes: [] } });
    }
    // Its rows count as its own again.
    await chain(saver, "other", ["1"]);
  }
});

Deno.test("A latest checkpoint that others hid gives way to one that only its own saver sees", async () => {
  const { now } = new Clock();
  await using lab = await Lab.open({ now });
  const saver = lab.saver({ now });
  lab.emulator.trouble.visibilityDelayMs = 3_600_000;
  const first = await saver.put(at("t"), checkpointOf("1", { a: 1 }), LOOP, { a: 1 });
  await saver.putWrites(first, [["a", 2]], "task");
  lab.emulator.trouble.visibilityDelayMs = 0;
  await lab.saver({ now }).putWrites(first, [["a", 3]], "task of another process");
  await saver.put(first, checkpointOf("2"), LOOP, {});
  await hide(lab, ["2"]);
  const tuple = await saver.getTuple(at("t"));
  assertEquals(tuple?.checkpoint.id, "1");
  assertEquals(tuple?.pendingWrites, [
    ["task", "a", 2],
    ["task of another process", "a", 3],
  ]);
  assertEquals(await seen(saver, "t"), ["1", undefined, "1"]);
});

Deno.test("prune() reads page by page what does not fit an answer", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const ids = Array.from({ length: 40 }, (_, n) => `${n + 10}`);
  await chain(saver, "t", ids);
  await chain(saver, "t", ids, "child:1");
  await chain(saver, "u", ids);
  const narrow = new NarrowService(lab.emulator, { truncationmaxrecords: 60 });
  const report = await lab.saver({ fetch: narrow.fetch })
    .prune({ threadIds: ["t", "u"], strategy: "keep_latest" });
  assertEquals(report, { threads: 2, checkpoints: 117 });
  assert(narrow.refusals > 0);
  assertEquals(await seen(lab.saver(), "t"), ["49", "49", "49", "49"]);
  assertEquals(await seen(lab.saver(), "u"), ["49", undefined, "49"]);
});

Deno.test("prune() can be broken off after any step, and goes on with what is left", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const threadIds = Array.from({ length: 500 }, (_, n) => `t${n}`);
  await Promise.all(threadIds.map((id) => chain(saver, id, ["1", "2"])));
  let hidden = 0;
  for (let steps = 1, done = false; !done; steps++) {
    const controller = new AbortController();
    let told: PruneProgress | undefined;
    let left = steps;
    const onProgress = (progress: PruneProgress) => {
      told = progress;
      if (--left === 0) controller.abort(new Error("enough"));
    };
    const { signal } = controller;
    await saver.prune({ threadIds, strategy: "keep_latest", signal, onProgress }).then(
      () => done = true,
      (error) => assertEquals(error.message, "enough"),
    );
    hidden += told?.checkpoints ?? 0;
    assertEquals(done, steps === 4, `${steps} steps`);
  }
  assertEquals(hidden, 500);
  assertEquals((await Array.fromAsync(lab.saver().list({}))).length, 500);
});

Deno.test("prune() is once in effect when requests get lost, fail and are doubled", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver({ sleep: () => Promise.resolve(), maxRetries: 5 });
  await chain(saver, "t", ["1", "2", "3"]);
  lab.emulator.trouble.add({ kind: "lostReply", times: 2 });
  lab.emulator.trouble.add({ kind: "serviceError", times: 2 });
  lab.emulator.trouble.add({ kind: "duplicate", on: "ingest" });
  assertEquals(await saver.prune(KEEP_LATEST), { threads: 1, checkpoints: 2 });
  assertEquals(await seen(lab.saver(), "t"), ["3", undefined, "3"]);
});

Deno.test("prune() needs the roles Viewer and Ingestor alone", async () => {
  const tokens = { worker: ["viewer", "ingestor"], admin: ["admin"] } as const;
  await using lab = await Lab.open({ tokens }, { credential: () => Promise.resolve("admin") });
  const worker = lab.saver({ credential: () => Promise.resolve("worker") });
  await chain(worker, "t", ["1", "2"]);
  assertEquals(await worker.prune(KEEP_LATEST), { threads: 1, checkpoints: 1 });
  assertEquals(await worker.prune({ ...KEEP_LATEST, strategy: "delete" }), {
    threads: 1,
    checkpoints: 0,
  });
});

for (const remember of [false, true]) {
  Deno.test(`A run goes on that is in a subgraph while its thread is pruned, ${remember ? "which remembers" : "which forgets"}`, async () => {
    await using lab = await Lab.open();
    const [saver, other] = [lab.saver(), lab.saver()];
    const gate = new Gate();
    // What came before the halt is stored by then.
    const config = { configurable: { thread_id: "t" }, durability: "sync" as const };
    const running = halting(saver, gate.pass, remember).invoke({ log: ["in"] }, config);
    await gate.reached;
    const { checkpoints } = await other.prune(KEEP_LATEST);
    assert(checkpoints > 0);
    gate.open();
    const log = ["in", "before", "in", "before", "x", "waited", "after"];
    assertEquals((await running).log, log);
    await other.prune(KEEP_LATEST);
    const graph = halting(lab.saver(), gate.pass, remember);
    assertEquals((await graph.getState(config)).values.log, log);
    assertEquals((await Array.fromAsync(graph.getStateHistory(config))).length, 1);
  });
}

/** A saver whose threads are pruned whenever a run begins or a state is read. */
function pruned<T extends BaseCheckpointSaver & Pick<KustoSaver, "prune">>(saver: T): T {
  return new Proxy(saver, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (name !== "getTuple") return value.bind(target);
      return async (config: RunnableConfig) => {
        const { thread_id, checkpoint_ns } = config.configurable ?? {};
        if (!checkpoint_ns) {
          await target.prune({ threadIds: [thread_id], strategy: "keep_latest" });
        }
        return await target.getTuple(config);
      };
    },
  });
}

for (const durability of ["async", "exit"] as const) {
  for (const { name, run } of SCENARIOS) {
    Deno.test(`A graph on a thread that is pruned all the time gives what it gives in memory: ${name}, ${durability}`, async () => {
      await using lab = await Lab.open();
      const outcome = comparable(await run(() => pruned(lab.saver()), durability));
      const memory = pruned(new MemoryOperations());
      assertSame(outcome, comparable(await run(() => memory, durability)));
    });
  }
}

/** Threads that were active 0, 1, 2, ... days ago, of two checkpoints each. */
async function daily(clock: Clock, saver: KustoSaver, days: number): Promise<void> {
  for (let day = days - 1; day >= 0; day--) {
    await chain(saver, `${day} days ago`, ["1", "2"]);
    if (day > 0) clock.days(1);
  }
}

for (const strategy of ["keep_latest", "delete"] as const) {
  Deno.test(`prune() prunes all threads that are older, what its own saver wrote included: ${strategy}`, async () => {
    const clock = new Clock();
    const { now, sleep } = clock;
    await using lab = await Lab.open({ now, visibilityDelayMs: 10_000 });
    const saver = lab.saver({ now, sleep });
    await daily(clock, saver, 5);
    // Active again: only its own saver sees it.
    await chain(saver, "4 days ago", ["3"]);
    const told: PruneProgress[] = [];
    const onProgress = (progress: PruneProgress) => told.push(progress);
    const olderThan = new Date(now() - 2 * 86_400_000 + 1);
    const report = await saver.prune({ olderThan, strategy, onProgress });
    assertEquals(report, { threads: 2, checkpoints: strategy === "delete" ? 0 : 2 });
    assertEquals(told.at(-1), report);
    const left = await Array.fromAsync(
      lab.saver({ now }).listThreads(),
      ({ threadId, checkpoints }) => [threadId, checkpoints],
    );
    const pruned = [["2 days ago", 1], ["3 days ago", 1]];
    assertEquals(left, [
      ["0 days ago", 2],
      ["4 days ago", 3],
      ["1 days ago", 2],
      ...strategy === "delete" ? [] : pruned,
    ]);
    lab.requests();
    assertEquals((await saver.prune({ olderThan: 2 * 86_400_000, strategy })).checkpoints, 0);
    // There is nothing to hide: nobody asks what.
    if (strategy === "keep_latest") assertEquals(lab.requests(), ["query"]);
  });
}

Deno.test("prune() prunes hundreds of threads that are older, page by page", async () => {
  const clock = new Clock();
  const { now, sleep } = clock;
  await using lab = await Lab.open({ now });
  const saver = lab.saver({ now, sleep });
  const threads = Array.from({ length: 450 }, (_, n) => `t${n}`);
  await Promise.all(threads.map((id) => chain(saver, id, ["1", "2"])));
  clock.days(2);
  const narrow = new NarrowService(lab.emulator, { truncationmaxrecords: 300 });
  const report = await lab.saver({ now, sleep, fetch: narrow.fetch })
    .prune({ olderThan: 86_400_000, strategy: "keep_latest" });
  assertEquals(report, { threads: 450, checkpoints: 450 });
  assert(narrow.refusals > 0);
});
