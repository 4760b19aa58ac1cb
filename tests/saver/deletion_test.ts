import { assertEquals, assertRejects } from "@std/assert";
import { Annotation, END, RunControl, START, StateGraph } from "@langchain/langgraph";
import type { RunnableConfig } from "@langchain/core/runnables";
import { KustoFlushError, type KustoSaver, KustoUnavailableError, type Sleep } from "../../mod.ts";
import { at, checkpointOf, Lab, LOOP } from "./kit.ts";

const CHILD = "child:1";

/** A configuration as a run has it. */
function inRun(config: RunnableConfig, control: object): RunnableConfig {
  return { ...config, control } as RunnableConfig;
}

/** All that a saver shows of a thread, ids only. */
async function seen(saver: KustoSaver, threadId: unknown): Promise<(string | undefined)[]> {
  return [
    (await saver.getTuple(at(threadId)))?.checkpoint.id,
    (await saver.getTuple(at(threadId, undefined, CHILD)))?.checkpoint.id,
    ...await Array.fromAsync(
      saver.list({ configurable: { thread_id: threadId } }),
      ({ checkpoint }) => checkpoint.id,
    ),
  ];
}

async function fill(saver: KustoSaver, threadId: unknown): Promise<void> {
  const root = await saver.put(at(threadId), checkpointOf("1", { a: 1 }), LOOP, { a: 1 });
  await saver.putWrites(root, [["a", 2]], "task");
  await saver.put(at(threadId, undefined, CHILD), checkpointOf("2"), LOOP, {});
}

const NOTHING = [undefined, undefined];

Deno.test("Deleting hides all namespaces at once, here, elsewhere and for who comes later", async () => {
  await using lab = await Lab.open();
  const [own, other] = [lab.saver(), lab.saver()];
  await fill(own, "t");
  await fill(own, "kept");
  assertEquals(await seen(other, "t"), ["1", "2", "2", "1"]);
  await own.deleteThread("t");
  for (const saver of [own, other, lab.saver()]) {
    assertEquals(await seen(saver, "t"), NOTHING);
    assertEquals(await saver.getTuple(at("t", "1")), undefined);
    assertEquals(await seen(saver, "kept"), ["1", "2", "2", "1"]);
    const all = await Array.fromAsync(saver.list({}), ({ config }) => config.configurable);
    assertEquals(new Set(all.map((address) => address?.thread_id)), new Set(["kept"]));
    const { a } = await saver.getDeltaChannelHistory({ config: at("t", "1"), channels: ["a"] });
    assertEquals(a, { writes: [] });
  }
});

Deno.test("Deleting by another process hides what this one wrote and cannot see yet", async () => {
  let time = Date.parse("2026-01-01T00:00:00Z");
  const now = () => time;
  const sleep = (ms: number) => Promise.resolve(void (time += ms));
  await using lab = await Lab.open({ now });
  const [own, other] = [lab.saver({ now, sleep }), lab.saver({ now, sleep })];
  lab.emulator.trouble.visibilityDelayMs = 3_600_000;
  await fill(own, "t");
  lab.emulator.trouble.visibilityDelayMs = 0;
  await other.deleteThread("t");
  assertEquals(await seen(own, "t"), NOTHING);
  assertEquals(await Array.fromAsync(own.list({})), []);
  time += 3_600_000;
  for (const saver of [own, other, lab.saver({ now, sleep })]) {
    assertEquals(await seen(saver, "t"), NOTHING);
  }
});

Deno.test("A deletion resolves when every reader sees it", async () => {
  let time = Date.parse("2026-01-01T00:00:00Z");
  const now = () => time;
  const sleep = (ms: number) => Promise.resolve(void (time += ms));
  await using lab = await Lab.open({ now, visibilityDelayMs: 10_000 });
  const saver = lab.saver({ now, sleep });
  await fill(saver, "t");
  time += 10_000;
  const began = time;
  await saver.deleteThread("t");
  assertEquals(time >= began + 10_000, true);
  assertEquals(await seen(lab.saver({ now, sleep }), "t"), NOTHING);
});

Deno.test("A deletion that stays invisible fails when its time is up", async () => {
  let time = Date.parse("2026-01-01T00:00:00Z");
  const now = () => time;
  const sleep = (ms: number) => Promise.resolve(void (time += ms));
  await using lab = await Lab.open({ now, visibilityDelayMs: 10_000 });
  const saver = lab.saver({ now, sleep, deleteTimeoutMs: 1_000 });
  await assertRejects(
    () => saver.deleteThread("t"),
    KustoUnavailableError,
    "after 1000 ms, delete the thread again",
  );
});

Deno.test("Late calls of a run stay hidden, whoever deleted: root, child and their writes", async () => {
  await using lab = await Lab.open();
  for (const deleter of ["own", "other"]) {
    const [own, other] = [lab.saver(), lab.saver()];
    const threadId = `late ${deleter}`;
    const control = {};
    await own.getTuple(inRun(at(threadId), control));
    const first = await own.put(inRun(at(threadId), control), checkpointOf("1"), LOOP, {});
    await (deleter === "own" ? own : other).deleteThread(threadId);

    const late = inRun(first, control);
    await own.put(late, checkpointOf("2"), LOOP, {});
    await own.putWrites(late, [["a", 1]], "task");
    await own.putWrites(inRun(at(threadId, "2"), control), [["a", 1]], "task");
    await own.getTuple(inRun(at(threadId, undefined, CHILD), control));
    await own.put(inRun(at(threadId, undefined, CHILD), control), checkpointOf("3"), LOOP, {});
    for (const saver of [own, other, lab.saver()]) {
      assertEquals(await seen(saver, threadId), NOTHING, deleter);
    }

    const fresh = checkpointOf("4", { a: "fresh" });
    await other.getTuple(at(threadId));
    await other.put(at(threadId), fresh, LOOP, { a: 1 });
    await own.put(late, checkpointOf("5"), LOOP, {});
    for (const saver of [own, other, lab.saver()]) {
      assertEquals(await seen(saver, threadId), ["4", undefined, "4"], deleter);
    }
  }
});

Deno.test("Late calls without a run stay hidden by the checkpoint they hang on", async () => {
  await using lab = await Lab.open();
  const [own, other] = [lab.saver(), lab.saver()];
  const first = await own.put(at("t"), checkpointOf("1"), LOOP, {});
  await own.putWrites(at("t", "2"), [["a", 1]], "task");
  await other.deleteThread("t");
  await own.getTuple(at("t"));

  await own.put(first, checkpointOf("2"), LOOP, {});
  await own.putWrites(first, [["a", 1]], "task");
  const parents = { ...LOOP, parents: { "": "1" } };
  await own.put(at("t", undefined, CHILD), checkpointOf("3"), parents, {});
  const mapped = at("t", undefined, `${CHILD}|x:1`);
  const config = { configurable: { ...mapped.configurable, checkpoint_map: { "": "1" } } };
  await own.put(config, checkpointOf("4"), LOOP, {});
  for (const saver of [own, other, lab.saver()]) assertEquals(await seen(saver, "t"), NOTHING);
});

Deno.test("A checkpoint that was looked for in vain before the deletion is no parent after it", async () => {
  await using lab = await Lab.open();
  const [own, other] = [lab.saver(), lab.saver()];
  assertEquals(await own.getTuple(at("t", "1")), undefined);
  await other.deleteThread("t");
  assertEquals(await own.getTuple(at("t")), undefined);
  await own.put(at("t", "1"), checkpointOf("2"), LOOP, {});
  assertEquals(await seen(lab.saver(), "t"), NOTHING);
});

Deno.test("Calls in flight when their saver deletes the thread do not bring it back", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  await saver.getTuple(at("t"));
  const put = saver.put(at("t"), checkpointOf("1"), LOOP, {});
  const writes = saver.putWrites(at("t", "1"), [["a", "x".repeat(100_000)]], "task");
  await saver.deleteThread("t");
  await Promise.all([put, writes]);
  const appends = lab.requests().filter((request) => request.startsWith("ingest"));
  assertEquals(appends.at(-1), "ingest ThreadDeletions", "what was called before goes before");
  for (const reader of [saver, lab.saver()]) assertEquals(await seen(reader, "t"), NOTHING);
});

Deno.test("Buffered rows are hidden by a deletion that comes after them", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver({ durability: "buffered" });
  await fill(saver, "t");
  await saver.deleteThread("t");
  assertEquals(await seen(saver, "t"), NOTHING);
  await saver.flush();
  assertEquals(await seen(lab.saver(), "t"), NOTHING);
});

Deno.test("A thread can be used anew, again and again, and holds nothing of its past", async () => {
  await using lab = await Lab.open();
  const savers = [lab.saver(), lab.saver()];
  for (let life = 0; life < 3; life++) {
    const saver = savers[life % 2]!;
    assertEquals(await saver.getTuple(at("t")), undefined);
    const first = await saver.put(at("t"), checkpointOf(`${life}`, { life }), LOOP, { life: 1 });
    await saver.putWrites(first, [["life", life]], "task");
    for (const reader of [...savers, lab.saver()]) {
      const tuple = await reader.getTuple(at("t"));
      assertEquals(tuple?.checkpoint.channel_values, { life });
      assertEquals(tuple?.pendingWrites, [["task", "life", life]]);
      assertEquals(await seen(reader, "t"), [`${life}`, undefined, `${life}`]);
    }
    await saver.deleteThread("t");
    await saver.deleteThread("t");
    for (const reader of savers) assertEquals(await seen(reader, "t"), NOTHING);
  }
});

Deno.test("The new life keeps its large values, though equal ones were stored before", async () => {
  await using lab = await Lab.open();
  const [own, other] = [lab.saver(), lab.saver()];
  const values = { large: "x".repeat(100_000) };
  await own.put(at("t"), checkpointOf("1", values), LOOP, { large: 1 });
  await other.deleteThread("t");
  await own.getTuple(at("t"));
  await own.put(at("t"), checkpointOf("2", values), LOOP, { large: 1 });
  for (const reader of [own, other, lab.saver()]) {
    assertEquals((await reader.getTuple(at("t")))?.checkpoint.channel_values, values);
  }
});

Deno.test("A thread that does not exist can be deleted, and used afterwards", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  await saver.deleteThread("nobody");
  await fill(saver, "nobody");
  assertEquals(await seen(lab.saver(), "nobody"), ["1", "2", "2", "1"]);
  await saver.deleteThread(7 as unknown as string);
  await fill(saver, 7);
  assertEquals(await seen(lab.saver(), "7"), ["1", "2", "2", "1"]);
  await saver.deleteThread(7 as unknown as string);
  assertEquals(await seen(lab.saver(), "7"), NOTHING);
});

Deno.test("Deleters whose clocks differ by hours, both ways: the later deletion and life count", async () => {
  await using lab = await Lab.open();
  const hour = 3_600_000;
  const fast = lab.saver({ now: () => Date.now() + hour });
  const slow = lab.saver({ now: () => Date.now() - hour });
  for (const [n, saver] of [fast, slow, fast, slow, slow].entries()) {
    assertEquals(await seen(saver, "t"), NOTHING);
    await fill(saver, "t");
    for (const reader of [fast, slow, lab.saver()]) {
      assertEquals(await seen(reader, "t"), ["1", "2", "2", "1"], `life ${n}`);
    }
    // A process that never read the thread, with the same clock.
    const now = () => Date.now() + (saver === fast ? hour : -hour);
    await lab.saver({ now }).deleteThread("t");
    for (const reader of [fast, slow, lab.saver()]) {
      assertEquals(await seen(reader, "t"), NOTHING, `life ${n}`);
    }
  }
});

Deno.test("Two deletions at the same time are one, and nothing is left", async () => {
  await using lab = await Lab.open();
  const [own, other] = [lab.saver(), lab.saver()];
  await fill(own, "t");
  await Promise.all([own.deleteThread("t"), other.deleteThread("t"), own.deleteThread("t")]);
  for (const reader of [own, other]) assertEquals(await seen(reader, "t"), NOTHING);
  await own.getTuple(at("t"));
  await fill(own, "t");
  for (const reader of [own, other]) assertEquals(await seen(reader, "t"), ["1", "2", "2", "1"]);
});

Deno.test("A deletion whose answers get lost is one deletion", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver({ sleep: () => Promise.resolve() });
  await fill(saver, "t");
  lab.emulator.trouble.add({ kind: "lostReply", times: 3 });
  lab.emulator.trouble.add({ kind: "duplicate", on: "ingest" });
  await saver.deleteThread("t");
  assertEquals(await seen(lab.saver(), "t"), NOTHING);
  await fill(saver, "t");
  assertEquals(await seen(lab.saver(), "t"), ["1", "2", "2", "1"]);
});

const State = Annotation.Root({
  log: Annotation<string[]>({ reducer: (a, b) => a.concat(b), default: () => [] }),
});

/** A graph that stops in its middle, in the root and in a subgraph, until it is let go. */
function halting(saver: KustoSaver, halt: () => Promise<void>, remember: boolean) {
  const inner = new StateGraph(State)
    .addNode("x", () => ({ log: ["x"] }))
    .addNode("wait", async () => {
      await halt();
      return { log: ["waited"] };
    })
    .addEdge(START, "x")
    .addEdge("x", "wait")
    .addEdge("wait", END)
    .compile(remember ? { checkpointer: true } : {});
  return new StateGraph(State)
    .addNode("before", () => ({ log: ["before"] }))
    .addNode("inner", inner)
    .addNode("after", () => ({ log: ["after"] }))
    .addEdge(START, "before")
    .addEdge("before", "inner")
    .addEdge("inner", "after")
    .addEdge("after", END)
    .compile({ checkpointer: saver });
}

for (const durability of ["sync", "async", "exit"] as const) {
  for (const remember of [false, true]) {
    const what = `${durability}, a subgraph that ${remember ? "remembers" : "forgets"}`;
    Deno.test(`A graph whose thread is deleted while it runs leaves nothing: ${what}`, async () => {
      await using lab = await Lab.open();
      for (const deleter of ["own", "other"]) {
        const own = lab.saver();
        const config = { configurable: { thread_id: `t ${deleter}` }, durability };
        const reached = Promise.withResolvers<void>();
        const released = Promise.withResolvers<void>();
        const halt = () => {
          reached.resolve();
          return released.promise;
        };
        const run = halting(own, halt, remember).invoke({ log: ["in"] }, config);
        await reached.promise;
        await (deleter === "own" ? own : lab.saver()).deleteThread(`t ${deleter}`);
        released.resolve();
        assertEquals((await run).log.at(-1), "after");
        for (const reader of [own, lab.saver()]) {
          assertEquals(await Array.fromAsync(reader.list({})), [], deleter);
          assertEquals(await reader.getTuple(at(`t ${deleter}`)), undefined);
        }

        const again = halting(lab.saver(), () => Promise.resolve(), remember);
        const { log } = await again.invoke({ log: ["new"] }, config);
        const state = await halting(own, halt, remember).getState(config);
        assertEquals(state.values, { log });
        assertEquals(
          log.filter((entry) => entry === "new" || entry === "in").includes("in"),
          false,
        );
        await own.deleteThread(`t ${deleter}`);
      }
    });
  }
}

Deno.test("A control that one process shares among its runs does not hide what comes after a deletion", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const graph = halting(saver, () => Promise.resolve(), false);
  const config = { configurable: { thread_id: "t" }, control: new RunControl() };
  await graph.invoke({ log: ["first"] }, config);
  await lab.saver().deleteThread("t");
  const { log } = await graph.invoke({ log: ["second"] }, config);
  assertEquals(
    (await halting(lab.saver(), () => Promise.resolve(), false).getState(config)).values,
    {
      log,
    },
  );
});

Deno.test("What a caller writes that never reads belongs to the newest life, whoever deleted", async () => {
  await using lab = await Lab.open();
  const [own, other] = [lab.saver(), lab.saver()];
  for (const life of ["1", "2", "3"]) {
    const written = await own.put(at("t"), checkpointOf(life, { life }), LOOP, { life: 1 });
    await own.putWrites(written, [["a", life]], "task");
    await own.putWrites(at("t", "later"), [["a", life]], "task");
    for (const reader of [other, lab.saver()]) {
      const tuple = await reader.getTuple(at("t"));
      assertEquals(tuple?.checkpoint.channel_values, { life });
      assertEquals(tuple?.pendingWrites, [["task", "a", life]]);
    }
    await other.deleteThread("t");
  }
});

Deno.test("deleteThread() waits for buffered rows of its thread, and not for those of others", async () => {
  await using lab = await Lab.open();
  // Buffered rows linger, and wait to be tried again, until somebody flushes.
  const sleep: Sleep = (_, { persistent }) =>
    persistent === false ? new Promise(() => {}) : Promise.resolve();
  const saver = lab.saver({ durability: "buffered", maxRetries: 0, sleep });
  await saver.getTuple(at("t"));
  await saver.getTuple(at("other"));
  lab.emulator.trouble.add({ kind: "serviceError", on: "ingest", times: 1 });
  await saver.put(at("other"), checkpointOf("1"), LOOP, {});
  await assertRejects(() => saver.flush(), KustoFlushError);
  await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  lab.requests();
  await saver.deleteThread("t");
  assertEquals(lab.requests(), ["ingest Checkpoints", "query", "ingest ThreadDeletions", "query"]);
  assertEquals((await lab.saver().getTuple(at("other")))?.checkpoint.id, undefined);
  await saver.flush();
  assertEquals((await lab.saver().getTuple(at("other")))?.checkpoint.id, "1");
});
