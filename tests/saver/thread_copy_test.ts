import { assert, assertEquals, assertRejects } from "@std/assert";
import { Annotation, DeltaChannel, END, interrupt, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { KustoInputError, KustoStateError, type ThreadCopyProgress } from "../../mod.ts";
import { CHILD, Clock, NOTHING, seen } from "./deletion_kit.ts";
import { assertSame, comparable, SCENARIOS } from "./graph_kit.ts";
import { at, checkpointOf, Lab, LOOP, testCases } from "./kit.ts";
import { MemoryOperations } from "./memory_operations.ts";
import { NarrowService } from "./narrow_service.ts";
import { chain } from "./prune_cases.ts";
import { contentOf, threadCopyCases } from "./thread_copy_cases.ts";

testCases(threadCopyCases);

const LARGE = "x".repeat(100_000);

/** A thread with forks, namespaces, large values and hidden checkpoints. */
async function fill(lab: Lab, threadId: string): Promise<void> {
  const saver = lab.saver();
  await chain(saver, threadId, ["1", "2"], "", { run_id: "hidden", tag: "2024-01-01" });
  await saver.put(at(threadId, "1"), checkpointOf("3", { LARGE }), LOOP, { LARGE: 1 });
  await saver.putWrites(at(threadId, "3"), [["a", LARGE], ["b", "text"]], "task");
  await chain(saver, threadId, ["4", "5", "6"], CHILD);
  await saver.deleteForRuns(["hidden"]);
}

for (
  const [from, to, said] of [
    ["t", "t", '"from" and "to" are the same'],
    ["", "t", '"from" is missing'],
    ["t", undefined, '"to" is missing'],
    ["t", {}, '"to"'],
    ["\ud800", "t", '"from"'],
  ] as const
) {
  Deno.test(`copyThread() refuses to copy ${JSON.stringify(from)} to ${JSON.stringify(to)}`, async () => {
    await using lab = await Lab.open();
    await assertRejects(() => lab.saver().copyThread(from, to as string), KustoInputError, said);
    assertEquals(lab.requests(), []);
  });
}

/** The rows of a thread in all tables, without what a copy has of its own. */
async function rowsOf(lab: Lab, threadId: string): Promise<Record<string, unknown[]>> {
  const tables = ["Checkpoints", "CheckpointWrites", "CheckpointBlobs", "CheckpointDeletions"];
  const rows = tables.map(async (table) => {
    const csl = `${table} | where thread_id == '${threadId}'
      | project-away thread_id, incarnation, created_at | extend all = tostring(pack_all())
      | project all | distinct all | order by all asc`;
    const answer = await lab.emulator.fetch("http://localhost/v1/rest/query", {
      method: "POST",
      body: JSON.stringify({ db: lab.emulator.database, csl }),
    });
    return [table, (await answer.json()).Tables[0].Rows.flat()] as const;
  });
  return Object.fromEntries(await Promise.all(rows));
}

Deno.test("A copy's rows are those of its source, but for its id, its life and their time", async () => {
  await using lab = await Lab.open();
  await lab.saver().deleteThread("copy");
  await fill(lab, "t");
  await lab.saver().copyThread("t", "copy");
  const rows = await rowsOf(lab, "t");
  assertEquals(await rowsOf(lab, "copy"), rows);
  const counts = Object.values(rows).map((table) => table.length);
  assertEquals(counts, [6, 7, 1, 2]);
});

Deno.test("copyThread() copies the life that a thread is in, into the life that the other is in", async () => {
  await using lab = await Lab.open();
  const [saver, other] = [lab.saver(), lab.saver()];
  for (const id of ["t", "copy"]) {
    await chain(saver, id, ["old"]);
    await other.deleteThread(id);
  }
  await saver.getTuple(at("t"));
  await chain(saver, "t", ["new"]);
  await saver.copyThread("t", "copy");
  for (const reader of [saver, lab.saver()]) {
    assertEquals(await seen(reader, "copy"), ["new", undefined, "new"]);
  }
  await other.deleteThread("copy");
  assertEquals(await seen(saver, "copy"), NOTHING);
  assertEquals(await seen(saver, "t"), ["new", undefined, "new"]);
});

for (const durability of ["acknowledged", "buffered"] as const) {
  Deno.test(`copyThread() copies what its own saver alone sees, and sees it at once: ${durability}`, async () => {
    const { now, sleep } = new Clock();
    await using lab = await Lab.open({ now, visibilityDelayMs: 10_000 });
    const saver = lab.saver({ now, sleep, durability });
    await chain(saver, "t", ["1", "2"]);
    await saver.copyThread("t", "copy");
    assertEquals(await contentOf(saver, "copy"), await contentOf(saver, "t"));
    assertEquals((await contentOf(saver, "copy")).length, 2);
    await sleep(10_000);
    const reader = lab.saver({ now, sleep });
    assertEquals(await contentOf(reader, "copy"), await contentOf(reader, "t"));
    // What is written to a copy is newer than what was copied.
    await saver.putWrites(at("copy", "2"), [["id", "too late"]], "task");
    assertEquals((await saver.getTuple(at("copy")))?.pendingWrites, [["task", "id", "after 2"]]);
  });
}

Deno.test("copyThread() can be broken off after any step, shows an earlier state and goes on where it was", async () => {
  await using lab = await Lab.open();
  await fill(lab, "t");
  const writer = lab.saver();
  let config = at("t", "3");
  for (let n = 0; n < 240; n++) {
    config = await writer.put(config, checkpointOf(`7 ${1000 + n}`), LOOP, {}) as typeof config;
  }
  const whole = await contentOf(lab.saver(), "t");
  let attempts = 0;
  for (let done = false; !done; attempts++) {
    const controller = new AbortController();
    let left = 3;
    const onProgress = () => --left === 0 && controller.abort(new Error("enough"));
    const { signal } = controller;
    await lab.saver().copyThread("t", "copy", { signal, onProgress: () => void onProgress() }).then(
      () => done = true,
      (error) => assertEquals(error.message, "enough"),
    );
    const copied = await contentOf(lab.saver(), "copy");
    assertEquals(copied, whole.slice(whole.length - copied.length), "the oldest, whole");
  }
  assertEquals(attempts, 3);
  assertEquals(await contentOf(lab.saver(), "copy"), whole);
});

Deno.test("copyThread() copies no checkpoint without the writes that led to it, while a run writes", async () => {
  await using lab = await Lab.open();
  const running = lab.saver();
  await chain(running, "t", ["10"]);
  let step = 10;
  const copier = lab.saver({
    fetch: async (input, init) => {
      const config = at("t", `${step}`);
      await running.putWrites(config, [["b", step]], "another task");
      await running.put(config, checkpointOf(`${++step}`), LOOP, {});
      return await lab.emulator.fetch(input as string, init);
    },
  });
  await copier.copyThread("t", "copy");
  const whole = await contentOf(lab.saver(), "t");
  const [newest, ...older] = await contentOf(lab.saver(), "copy");
  assert(older.length > 0 && older.length + 1 < whole.length);
  assertEquals(older, whole.slice(whole.length - older.length));
  assertEquals(newest?.checkpoint, whole[whole.length - older.length - 1]?.checkpoint);
});

Deno.test("What is hidden in a copy is not listed beside its source, which shows it, nor the other way", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  await chain(saver, "t", ["1", "2", "3"]);
  await saver.copyThread("t", "a copy");
  await saver.copyThread("t", "z copy");
  await saver.prune({ threadIds: ["a copy", "z copy"], strategy: "keep_latest" });
  for (const reader of [saver, lab.saver()]) {
    const listed = await Array.fromAsync(
      reader.list({}),
      ({ config }) => `${config.configurable?.thread_id} ${config.configurable?.checkpoint_id}`,
    );
    assertEquals(listed, ["a copy 3", "t 3", "z copy 3", "t 2", "t 1"]);
  }
});

Deno.test("copyThread() tells how far it is", async () => {
  await using lab = await Lab.open();
  await fill(lab, "t");
  const told: ThreadCopyProgress[] = [];
  await lab.saver().copyThread("t", "copy", { onProgress: (progress) => told.push(progress) });
  assertEquals(told, [
    { checkpoints: 0, writes: 0, left: 6 },
    { checkpoints: 0, writes: 7, left: 6 },
    { checkpoints: 6, writes: 7, left: 0 },
  ]);
});

Deno.test("copyThread() is once in effect when requests get lost, fail and are doubled", async () => {
  await using lab = await Lab.open();
  await fill(lab, "t");
  const saver = lab.saver({ sleep: () => Promise.resolve(), maxRetries: 5 });
  lab.emulator.trouble.add({ kind: "lostReply", times: 2 });
  lab.emulator.trouble.add({ kind: "serviceError", times: 2 });
  lab.emulator.trouble.add({ kind: "duplicate", on: "ingest" });
  await saver.copyThread("t", "copy");
  assertEquals(await contentOf(lab.saver(), "copy"), await contentOf(lab.saver(), "t"));
});

Deno.test("copyThread() copies values that are too many for memory, some at a time", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  for (let n = 0; n < 12; n++) {
    const values = { large: `${n % 10}`.repeat(3_000_000 + n) };
    await saver.put(at("t"), checkpointOf(`${10 + n}`, values), LOOP, { large: 1 });
  }
  // Less room than the values take: what is read before there is room for it waits.
  const copier = lab.saver({ maxPendingBytes: 20_000_000 });
  lab.requests();
  await copier.copyThread("t", "copy");
  const order = lab.requests().filter((request) => request.startsWith("ingest"))
    .filter((request, n, all) => request !== all[n - 1]);
  assertEquals(order.length, 6, `${order}`);
  assertEquals(await contentOf(lab.saver(), "copy"), await contentOf(lab.saver(), "t"));
});

Deno.test("copyThread() reads page by page what does not fit an answer", async () => {
  await using lab = await Lab.open();
  await chain(lab.saver(), "t", Array.from({ length: 40 }, (_, n) => `${n + 10}`));
  await fill(lab, "t");
  const narrow = new NarrowService(lab.emulator, { truncationmaxrecords: 25 });
  await lab.saver({ fetch: narrow.fetch }).copyThread("t", "copy");
  assert(narrow.refusals > 2, `${narrow.refusals}`);
  assertEquals(await contentOf(lab.saver(), "copy"), await contentOf(lab.saver(), "t"));
});

Deno.test("copyThread() fails where a part of the source is gone", async () => {
  await using lab = await Lab.open();
  await fill(lab, "t");
  await lab.command(".clear table CheckpointBlobs data");
  const sleep = () => Promise.resolve();
  const now = new Clock();
  const saver = lab.saver({ now: now.now, sleep: (ms) => now.sleep(ms).then(sleep) });
  await assertRejects(() => saver.copyThread("t", "copy"), Error, "a part of it is missing");
});

Deno.test("copyThread() needs the roles Viewer and Ingestor alone", async () => {
  const tokens = { worker: ["viewer", "ingestor"], admin: ["admin"] } as const;
  await using lab = await Lab.open({ tokens }, { credential: () => Promise.resolve("admin") });
  const worker = lab.saver({ credential: () => Promise.resolve("worker") });
  await chain(worker, "t", ["1", "2"]);
  assertEquals((await worker.copyThread("t", "copy")).checkpoints, 2);
});

for (const { name, run } of SCENARIOS) {
  Deno.test(`A copy of a graph's thread is the thread: ${name}`, async () => {
    await using lab = await Lab.open();
    await run(() => lab.saver(), "async");
    await lab.saver().copyThread("t", "copy");
    assertEquals(await contentOf(lab.saver(), "copy"), await contentOf(lab.saver(), "t"));
  });
}

const State = Annotation.Root({
  log: () =>
    new DeltaChannel<string[], string[]>((state, writes) => state.concat(...writes), {
      snapshotFrequency: 4,
      initialValueFactory: () => [],
    }),
  turns: Annotation<number>,
});

function asking(saver: BaseCheckpointSaver) {
  return new StateGraph(State)
    .addNode("count", ({ turns = 0 }) => ({ turns: turns + 1, log: ["counted"] }))
    .addNode("ask", ({ log }) => ({ log: [`${(log as string[]).length}: ${interrupt("?")}`] }))
    .addEdge(START, "count")
    .addEdge("count", "ask")
    .addEdge("ask", END)
    .compile({ checkpointer: saver });
}

Deno.test("Graphs go on, travel in time and fork on a copy as in memory; their source stays", async () => {
  await using lab = await Lab.open();
  const story = async (
    open: () => BaseCheckpointSaver & Pick<MemoryOperations, "copyThread">,
  ): Promise<unknown[]> => {
    const told: unknown[] = [];
    const thread = { configurable: { thread_id: "t" } };
    const copy = { configurable: { thread_id: "copy" } };
    const { Command } = await import("@langchain/langgraph");
    for (let turn = 0; turn < 3; turn++) {
      await asking(open()).invoke({ log: [`turn ${turn}`] }, thread);
      if (turn < 2) await asking(open()).invoke(new Command({ resume: `yes ${turn}` }), thread);
    }
    const before = await Array.fromAsync(asking(open()).getStateHistory(thread));
    await open().copyThread("t", "copy");
    told.push(await Array.fromAsync(asking(open()).getStateHistory(copy)));
    told.push(await asking(open()).invoke(new Command({ resume: "on the copy" }), copy));
    for (const { config } of await Array.fromAsync(asking(open()).getStateHistory(copy))) {
      told.push(await asking(open()).invoke(null, config).catch((error) => String(error)));
      const fork = await asking(open()).updateState(config, { log: ["fork"] }, "count");
      told.push(await asking(open()).getState(fork));
    }
    const after = await Array.fromAsync(asking(open()).getStateHistory(thread));
    assertEquals(comparable(after), comparable(before));
    told.push(await asking(open()).invoke(new Command({ resume: "on the source" }), thread));
    return told;
  };
  const memory = new MemoryOperations();
  const told = await story(() => lab.saver());
  assertSame(comparable(told), comparable(await story(() => memory)));
});

Deno.test("copyThread() fails where a checkpoint is gone before it is copied: never a copy with a hole", async () => {
  await using lab = await Lab.open();
  await chain(lab.saver(), "t", ["1", "2", "3"]);
  let isGone = false;
  const saver = lab.saver({
    fetch: async (input, init) => {
      const text = init?.body instanceof Uint8Array ? new TextDecoder().decode(init.body) : "";
      if (!isGone && text.includes("revision in (")) {
        isGone = true;
        await lab.command(
          ".delete table Checkpoints records <| Checkpoints | where checkpoint_id == '2'",
        );
      }
      return await lab.emulator.fetch(input, init);
    },
  });
  await assertRejects(() => saver.copyThread("t", "copy"), KustoStateError, "copy it again");
  assertEquals(await seen(saver, "copy"), NOTHING);
  await saver.copyThread("t", "copy");
  assertEquals(await contentOf(saver, "copy"), await contentOf(saver, "t"));
});

/** A clock that only the test moves, and a saver by it. */
async function onClock() {
  const clock = new Clock();
  const { now, sleep } = clock;
  const lab = await Lab.open({ now });
  return { lab, clock, saver: lab.saver({ now, sleep }) };
}

Deno.test("A saver sees the second copy to an id at once, though queries show those that it deleted", async () => {
  const { lab, clock, saver } = await onClock();
  await using _ = lab;
  await chain(saver, "t", ["1", "2"]);
  await saver.copyThread("t", "copy");
  clock.days(1);
  await saver.deleteThread("copy");
  lab.emulator.trouble.set({ visibilityDelayMs: 10_000 });
  await saver.copyThread("t", "copy");
  const listed = () =>
    Array.fromAsync(saver.list(at("copy")), (tuple) => [
      tuple.checkpoint.id,
      tuple.pendingWrites?.length,
    ]);
  for (let n = 0; n < 2; n++) assertEquals(await listed(), [["2", 1], ["1", 1]]);
  const { checkpoints } = await saver.prune({ threadIds: ["copy"], strategy: "keep_latest" });
  assertEquals([checkpoints, await listed()], [1, [["2", 1]]]);
});

Deno.test("A copy is as young as its rows, though its checkpoints are old and no query shows it yet", async () => {
  const { lab, clock, saver } = await onClock();
  await using _ = lab;
  const month = 30 * 24 * 60 * 60_000;
  await chain(saver, "t", ["1", "2"]);
  clock.days(40);
  lab.emulator.trouble.set({ visibilityDelayMs: 10_000 });
  await saver.copyThread("t", "copy");
  const active = await Array.fromAsync(saver.listThreads({ activeSince: month }));
  assertEquals(active.map(({ threadId }) => threadId), ["copy"]);
  assertEquals(active[0]?.lastActiveAt, new Date(clock.time));
  assertEquals((await saver.prune({ olderThan: month, strategy: "delete" })).threads, 1);
  assertEquals((await saver.getTuple(at("copy")))?.checkpoint.id, "2");
});

Deno.test("copyThread() does not wait for rows of other threads", async () => {
  const { lab, clock, saver } = await onClock();
  await using _ = lab;
  const others = Array.from({ length: 1_200 }, (_, n) => at(`other ${n}`));
  await Promise.all(others.map((other) => saver.put(other, checkpointOf("1"), LOOP, {})));
  await chain(saver, "t", ["1"]);
  const before = clock.time;
  await saver.copyThread("t", "copy");
  assertEquals(clock.time, before);
});

Deno.test("Purging the first copy to an id leaves the pointers of the second in the view", async () => {
  const { lab, clock, saver } = await onClock();
  await using _ = lab;
  await chain(saver, "t", ["1", "2"]);
  await saver.copyThread("t", "copy");
  await saver.deleteThread("copy");
  await saver.copyThread("t", "copy");
  clock.days(2);
  assertEquals((await saver.purgeDeletedThreads()).removed.pointers, 1);
  // An older checkpoint that is put anew must not become the latest.
  await saver.put(at("copy"), checkpointOf("1"), LOOP, {});
  assertEquals((await lab.saver().getTuple(at("copy")))?.checkpoint.id, "2");
});
