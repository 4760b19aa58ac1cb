import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type BaseCheckpointSaver,
  type CheckpointListOptions,
  type CheckpointTuple,
  MemorySaver,
} from "@langchain/langgraph-checkpoint";
import type { RunnableConfig } from "@langchain/core/runnables";
import { Annotation, Command, END, interrupt, START, StateGraph } from "@langchain/langgraph";
import { KustoInputError, type KustoSaver, type MigrationProgress } from "../../mod.ts";
import { CHILD, Clock, NOTHING, seen } from "./deletion_kit.ts";
import { assertSame, comparable, SCENARIOS } from "./graph_kit.ts";
import { at, checkpointOf, Lab, LOOP } from "./kit.ts";
import { MemorySaverAdapter } from "./memory_saver_adapter.ts";
import { chain } from "./prune_cases.ts";
import { contentOf } from "./thread_copy_cases.ts";

const nothing = { threads: 0, checkpoints: 0, writes: 0, present: 0, missing: [] };

/** Fills a saver as graphs do, though not with what only a graph makes. */
async function fill(saver: BaseCheckpointSaver, threadId = "t"): Promise<void> {
  let config: RunnableConfig = at(threadId);
  for (let n = 10; n < 35; n++) {
    const checkpoint = checkpointOf(`${n}`, { n, list: [n] }, {
      channel_versions: { n, list: n },
      versions_seen: { node: { n: n - 1 } },
    });
    config = await saver.put(config, checkpoint, { ...LOOP, step: n }, { n, list: n });
    await saver.putWrites(config, [["n", n], ["b", null], ["__error__", "e"]], "b", "~1");
    await saver.putWrites(config, [["a", undefined], ["a", "second"]], "a", "~2");
    await saver.putWrites(config, [["__resume__", ["yes"]]], "00000000-0000");
  }
  const child = at(threadId, undefined, CHILD);
  const first = await saver.put(child, checkpointOf("12", { c: 1 }), LOOP, { c: 1 });
  await saver.putWrites(first, [["c", "x".repeat(100_000)]], "task");
  await saver.put(first, checkpointOf("99", { c: "y".repeat(100_000) }), LOOP, { c: 2 });
}

/** All that a saver shows of a thread, whichever saver it is. */
async function shown(saver: BaseCheckpointSaver, threadId = "t") {
  return await contentOf(saver as KustoSaver, threadId);
}

Deno.test("copyFrom() copies checkpoints, metadata, versions, writes and namespaces of a saver in memory", async () => {
  await using lab = await Lab.open();
  const [memory, saver] = [new MemorySaverAdapter(), lab.saver()];
  await fill(memory);
  const report = await saver.copyFrom(memory, ["t", "nobody", "t"]);
  assertEquals(report, {
    threads: 2,
    checkpoints: 27,
    writes: 151,
    present: 0,
    missing: ["nobody"],
  });
  for (const reader of [saver, lab.saver()]) {
    assertEquals(await shown(reader), await shown(memory));
    assertEquals(await seen(reader, "nobody"), NOTHING);
    assertEquals((await reader.getTuple(at("t")))?.parentConfig, at("t", "33"));
  }
});

Deno.test("copyFrom() again stores nothing twice, and what has come since", async () => {
  await using lab = await Lab.open();
  const memory = new MemorySaverAdapter();
  await fill(memory);
  const first = lab.saver();
  await first.copyFrom(memory, ["t"]);
  await memory.putWrites(at("t", "34"), [["__interrupt__", "?"]], "a", "~2");
  await memory.put(at("t", "34"), checkpointOf("35", { n: 35 }), LOOP, { n: 35 });
  for (const [saver, checkpoints] of [[first, 1], [lab.saver(), 0]] as const) {
    const report = await saver.copyFrom(memory, ["t"]);
    assertEquals([report.checkpoints, report.present], [checkpoints, 28 - checkpoints]);
    assertEquals(await shown(lab.saver()), await shown(memory));
  }
  // The thread has gone on here, and a part of it was hidden: that stays.
  await first.put(at("t", "35"), checkpointOf("36"), LOOP, {});
  await first.prune({ threadIds: ["t"], strategy: "keep_latest" });
  assertEquals((await first.copyFrom(memory, ["t"])).present, 28);
  assertEquals(await seen(lab.saver(), "t"), ["36", "99", "99", "36"]);
});

Deno.test("copyFrom() of no threads is no request", async () => {
  await using lab = await Lab.open();
  assertEquals(await lab.saver().copyFrom(new MemorySaver(), []), nothing);
  assertEquals(lab.requests(), []);
});

const REFUSED: readonly (readonly [saver: unknown, threadIds: unknown, said: string])[] = [
  [undefined, ["t"], "what was passed is none"],
  [{}, ["t"], '"getTuple" and "list"'],
  [new MemorySaver(), "t", '"threadIds" must be a list of ids'],
  [new MemorySaver(), [""], 'an id in "threadIds" is missing'],
];

for (const [n, [saver, threadIds, said]] of REFUSED.entries()) {
  Deno.test(`copyFrom() refuses what is no saver or no ids: ${n}`, async () => {
    await using lab = await Lab.open();
    await assertRejects(
      () => lab.saver().copyFrom(saver as MemorySaver, threadIds as string[]),
      KustoInputError,
      said,
    );
    assertEquals(lab.requests(), []);
  });
}

/** Lists ten where no limit is given, newest first over all namespaces, without writes. */
class Frugal extends MemorySaverAdapter {
  override async *list(
    config: RunnableConfig,
    { limit = 10, ...options }: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    for await (const { pendingWrites: _, ...tuple } of super.list(config, { limit, ...options })) {
      yield tuple;
    }
  }
}

/** Gives writes in the order of their insertion, and configurations with all that they were asked by. */
class Insertion extends MemorySaverAdapter {
  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const tuple = await super.getTuple(config);
    if (!tuple) return undefined;
    const pendingWrites = [...tuple.pendingWrites ?? []].sort(([a], [b]) => a > b ? -1 : 1);
    return {
      ...tuple,
      pendingWrites,
      config: { configurable: { ...config.configurable, user: { deep: 1 } } },
    };
  }
}

/** As savers were before histories: the base class has none. */
class Old extends MemorySaverAdapter {
  override getDeltaChannelHistory = undefined as unknown as MemorySaver["getDeltaChannelHistory"];
}

for (const Saver of [Frugal, Insertion, Old]) {
  Deno.test(`copyFrom() takes savers that differ: ${Saver.name}`, async () => {
    await using lab = await Lab.open();
    const memory = new Saver();
    await fill(memory);
    await lab.saver().copyFrom(memory, ["t"]);
    const reader = lab.saver();
    for (const { checkpoint, config } of await Array.fromAsync(reader.list(at("t")))) {
      const { config: _, ...expected } = await memory.getTuple(at("t", checkpoint.id)) ?? {};
      const { config: __, ...actual } = await reader.getTuple(config) ?? {};
      assertEquals(actual, expected);
    }
    assertEquals((await Array.fromAsync(reader.list({}))).length, 27);
  });
}

Deno.test("copyFrom() refuses a saver that reads the tables it would write to", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  await fill(saver);
  for (const same of [saver, lab.saver({ durability: "buffered" })]) {
    await assertRejects(() => saver.copyFrom(same, ["t"]), KustoInputError, "the same tables");
  }
  await using other = await Lab.open();
  const { checkpoints } = await other.saver().copyFrom(saver, ["t"]);
  assertEquals(checkpoints, 27);
});

Deno.test("copyFrom() passes on what the other saver throws, and refuses checkpoints without an id", async () => {
  await using lab = await Lab.open();
  class Broken extends MemorySaver {
    // deno-lint-ignore require-yield
    override async *list(): AsyncGenerator<CheckpointTuple> {
      await Promise.resolve();
      throw new RangeError("the pool is closed");
    }
  }
  class Odd extends MemorySaver {
    override async *list(): AsyncGenerator<CheckpointTuple> {
      yield await Promise.resolve({ config: {} } as CheckpointTuple);
    }
  }
  const saver = lab.saver();
  await assertRejects(() => saver.copyFrom(new Broken(), ["t"]), RangeError, "the pool is closed");
  await assertRejects(() => saver.copyFrom(new Odd(), ["t"]), KustoInputError, "without an id");
});

Deno.test("copyFrom() can be broken off after any step, shows an earlier state and goes on where it was", async () => {
  await using lab = await Lab.open();
  const memory = new MemorySaverAdapter();
  await fill(memory);
  const whole = await shown(memory);
  let attempts = 0;
  for (let done = false; !done; attempts++) {
    const controller = new AbortController();
    const told: MigrationProgress[] = [];
    const onProgress = (progress: MigrationProgress) => {
      told.push(progress);
      if (progress.checkpoints > 0) controller.abort(new Error("enough"));
    };
    const { signal } = controller;
    await lab.saver().copyFrom(memory, ["t"], { signal, onProgress }).then(
      () => done = true,
      (error) => assertEquals(error.message, "enough"),
    );
    const copied = await shown(lab.saver());
    assertEquals(copied, whole.slice(whole.length - copied.length), "the oldest, whole");
  }
  assertEquals(attempts, 3);
  assertEquals(await shown(lab.saver()), whole);
});

for (const durability of ["acknowledged", "buffered"] as const) {
  Deno.test(`copyFrom() is seen by its saver at once and is durable when it resolves: ${durability}`, async () => {
    const { now, sleep } = new Clock();
    await using lab = await Lab.open({ now, visibilityDelayMs: 10_000 });
    const [memory, saver] = [new MemorySaverAdapter(), lab.saver({ now, sleep, durability })];
    await fill(memory);
    await saver.copyFrom(memory, ["t"]);
    assertEquals(await shown(saver), await shown(memory));
    assertEquals((await saver.copyFrom(memory, ["t"])).present, 27);
    await sleep(10_000);
    assertEquals(await shown(lab.saver({ now, sleep })), await shown(memory));
  });
}

Deno.test("copyFrom() is once in effect when requests get lost, fail and are doubled", async () => {
  await using lab = await Lab.open();
  const memory = new MemorySaverAdapter();
  await fill(memory);
  for (const kind of ["lostReply", "serviceError", "duplicate"] as const) {
    lab.emulator.trouble.add({ kind, rate: 0.1 });
  }
  const sleep = () => Promise.resolve();
  await lab.saver({ sleep, maxRetries: 50 }).copyFrom(memory, ["t"]);
  lab.emulator.trouble.clear();
  assertEquals(await shown(lab.saver()), await shown(memory));
});

Deno.test("A deletion wins over a migration that began before it", async () => {
  await using lab = await Lab.open();
  const memory = new MemorySaverAdapter();
  await fill(memory);
  // It hangs on nothing: only the migration itself knows which life it belongs to.
  await memory.put(at("t", undefined, "late"), checkpointOf("98"), LOOP, {});
  const other = lab.saver();
  let requests = 0;
  const saver = lab.saver({
    fetch: async (input, init) => {
      if (++requests === 5) await other.deleteThread("t");
      return await lab.emulator.fetch(input as string, init);
    },
  });
  await saver.copyFrom(memory, ["t"]);
  assert(requests > 5);
  for (const reader of [saver, lab.saver()]) {
    assertEquals(await Array.fromAsync(reader.list(at("t"))), []);
    assertEquals(await Array.fromAsync(reader.list({})), []);
  }
});

Deno.test("copyFrom() needs the roles Viewer and Ingestor alone", async () => {
  const tokens = { worker: ["viewer", "ingestor"], admin: ["admin"] } as const;
  await using lab = await Lab.open({ tokens }, { credential: () => Promise.resolve("admin") });
  const worker = lab.saver({ credential: () => Promise.resolve("worker") });
  const memory = new MemorySaverAdapter();
  await fill(memory);
  assertEquals((await worker.copyFrom(memory, ["t"])).checkpoints, 27);
});

Deno.test("copyFrom() is few requests for many checkpoints", async () => {
  await using lab = await Lab.open();
  const memory = new MemorySaverAdapter();
  await chain(
    memory as unknown as KustoSaver,
    "t",
    Array.from({ length: 90 }, (_, n) => `${n + 10}`),
  );
  await lab.saver().copyFrom(memory, ["t"]);
  const requests = lab.requests();
  const queries = requests.filter((request) => request === "query").length;
  assertEquals(queries, 2);
  assert(requests.length <= queries + 4 * 9, `${requests.length}`);
});

for (const { name, run } of SCENARIOS) {
  Deno.test(`A graph's thread is here what it was in memory: ${name}`, async () => {
    await using lab = await Lab.open();
    const memory = new MemorySaverAdapter();
    await run(() => memory, "async");
    await lab.saver().copyFrom(memory, ["t"]);
    assertEquals(await shown(lab.saver()), await shown(memory));
  });
}

const Log = Annotation.Root({
  log: Annotation<string[]>({ reducer: (a, b) => a.concat(b), default: () => [] }),
});

function asking(saver: BaseCheckpointSaver) {
  return new StateGraph(Log)
    .addNode("quick", () => ({ log: ["quick"] }))
    .addNode("ask", ({ log }) => ({ log: [`${log.length}: ${interrupt("?")}`] }))
    .addNode("join", ({ log }) => ({ log: [`${log.length} before`] }))
    .addEdge(START, "quick")
    .addEdge(START, "ask")
    .addEdge(["quick", "ask"], "join")
    .addEdge("join", END)
    .compile({ checkpointer: saver });
}

Deno.test("A graph that waits for an answer in memory goes on here, as it would have there", async () => {
  await using lab = await Lab.open();
  const memory = new MemorySaver();
  const thread = { configurable: { thread_id: "t" } };
  await asking(memory).invoke({ log: ["in"] }, thread);
  await asking(memory).invoke(new Command({ resume: "first" }), thread);
  await asking(memory).invoke({ log: ["again"] }, thread);
  await lab.saver().copyFrom(memory, ["t"]);
  const goOn = async (open: () => BaseCheckpointSaver) => {
    const told: unknown[] = [await asking(open()).getState(thread)];
    told.push(await asking(open()).invoke(new Command({ resume: "second" }), thread));
    told.push(await asking(open()).invoke({ log: ["third"] }, thread));
    const history = await Array.fromAsync(asking(open()).getStateHistory(thread));
    told.push(await asking(open()).invoke(null, history.at(-4)!.config));
    return comparable(told);
  };
  assertSame(await goOn(() => lab.saver()), await goOn(() => memory));
});

Deno.test("Threads move from one installation to another, delta channels whole though pruned before", async () => {
  await using lab = await Lab.open();
  const options = { tablePrefix: "other_" };
  await lab.saver(options).setup({ provision: true });
  const { run } = SCENARIOS.find(({ name }) => name.startsWith("a delta channel"))!;
  await run(() => lab.saver(), "async");
  const source = lab.saver();
  const before = await source.getTuple(at("t"));
  const metadata = before!.metadata as unknown as Record<string, Record<string, unknown>>;
  const channels = Object.keys(metadata.counters_since_delta_snapshot!);
  assert(channels.length > 0, "the state must come from writes");
  await source.prune({ threadIds: ["t"], strategy: "keep_latest" });
  const ask = { config: before!.config, channels };
  const valuesOf = async (saver: KustoSaver) => {
    const history = await saver.getDeltaChannelHistory(ask);
    return channels.map((channel) => [
      history[channel]?.seed,
      history[channel]?.writes.map(([, name, value]) => [name, value]),
    ]);
  };
  const values = await valuesOf(source);
  assert(JSON.stringify(values).length > 50);
  for (let again = 0; again < 2; again++) {
    await lab.saver(options).copyFrom(source, ["t"]);
    const target = lab.saver(options);
    assertEquals(await shown(target), await shown(source));
    assertEquals(await valuesOf(target), values);
  }
});
