import {
  Annotation,
  END,
  type LangGraphRunnableConfig,
  Send,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type KustoSaver, KustoStateError, KustoUnavailableError } from "../../mod.ts";
import { at, checkpointOf, Lab, LOOP } from "./kit.ts";

const Log = Annotation.Root({
  log: Annotation<string[]>({ reducer: (a, b) => a.concat(b), default: () => [] }),
});

/** Three nodes in a row; each runs `before` first. */
function threeSteps(checkpointer: KustoSaver, before: (node: string) => void = () => {}) {
  const node = (name: string) => () => {
    before(name);
    return { log: [name] };
  };
  return new StateGraph(Log)
    .addNode("a", node("a"))
    .addNode("b", node("b"))
    .addNode("c", node("c"))
    .addEdge(START, "a")
    .addEdge("a", "b")
    .addEdge("b", "c")
    .addEdge("c", END)
    .compile({ checkpointer });
}

Deno.test("A run whose put fails fails with the saver's error, stores nothing after it, and can be taken up", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver({ maxRetries: 0 });
  const graph = threeSteps(saver, (node) => {
    if (node === "b") lab.emulator.trouble.add({ kind: "serviceError", on: "ingest" });
  });
  const config = { ...at("t"), durability: "sync" } as const;
  await assertRejects(() => graph.invoke({ log: ["in"] }, config), KustoUnavailableError);
  // A run that fails leaves calls behind that are still under way.
  await saver.flush();
  lab.emulator.trouble.clear();

  const { values, next } = await threeSteps(lab.saver()).getState(at("t"));
  assertEquals([values.log, next], [["in", "a"], ["b"]]);
  const { log } = await threeSteps(saver).invoke(null, config);
  assertEquals(log, ["in", "a", "b", "c"]);
});

Deno.test("Ten parallel tasks with a subgraph each read back what they wrote", async () => {
  await using lab = await Lab.open();
  const names = Array.from({ length: 10 }, (_, n) => `task ${n}`);
  const inner = new StateGraph(Log)
    .addNode("one", () => ({ log: ["one"] }))
    .addNode("two", ({ log }) => ({ log: [`two after ${log.length}`] }))
    .addEdge(START, "one")
    .addEdge("one", "two")
    .addEdge("two", END)
    .compile();
  const graph = new StateGraph(Log)
    .addNode("work", async ({ log: [name] }, config: LangGraphRunnableConfig) => {
      const { log } = await inner.invoke({ log: [name!] }, config);
      return { log: [log.join(", ")] };
    })
    .addConditionalEdges(START, () => names.map((name) => new Send("work", { log: [name] })), [
      "work",
    ])
    .addEdge("work", END)
    .compile({ checkpointer: lab.saver() });
  const { log } = await graph.invoke({ log: [] }, at("t"));
  assertEquals(log, names.map((name) => `${name}, one, two after 2`));
  const tuples = await Array.fromAsync(lab.saver().list({ configurable: { thread_id: "t" } }));
  assertEquals(new Set(tuples.map(({ config }) => config.configurable!.checkpoint_ns)).size, 11);
});

Deno.test("Two runs on one thread at the same time both succeed; the greatest id is the latest", async () => {
  await using lab = await Lab.open();
  const results = await Promise.all(
    ["left", "right"].map((side) => threeSteps(lab.saver()).invoke({ log: [side] }, at("t"))),
  );
  assertEquals(results.map(({ log }) => log), [["left", "a", "b", "c"], ["right", "a", "b", "c"]]);
  const saver = lab.saver();
  const ids = (await Array.fromAsync(saver.list(at("t")))).map(({ checkpoint }) => checkpoint.id);
  assertEquals(ids, ids.toSorted().reverse());
  const { values, config } = await threeSteps(saver).getState(at("t"));
  assertEquals(config.configurable!.checkpoint_id, ids[0]);
  assert(results.some(({ log }) => JSON.stringify(log) === JSON.stringify(values.log)));
});

const HOUR_MS = 3_600_000;

for (const [who, skew] of [["behind", -HOUR_MS], ["ahead", HOUR_MS]] as const) {
  Deno.test(`An answer counts that was given after another was read, by a writer an hour ${who} of the first`, async () => {
    const now = () => Date.parse("2026-01-01T00:00:00Z");
    await using lab = await Lab.open({ now });
    const first = lab.saver({ now });
    const second = lab.saver({ now: () => now() + skew });
    await first.put(at("t"), checkpointOf("1"), LOOP, {});
    await first.putWrites(at("t", "1"), [["__resume__", "first answer"], ["x", 1]], "task");
    await second.getTuple(at("t"));
    await second.putWrites(at("t", "1"), [["__resume__", "second answer"], ["x", 2]], "task");
    await second.put(at("t"), checkpointOf("1", { a: "second" }), LOOP, { a: 1 });
    for (const reader of [first, second, lab.saver({ now })]) {
      const tuple = await reader.getTuple(at("t"));
      assertEquals(tuple?.pendingWrites, [["task", "__resume__", "second answer"], [
        "task",
        "x",
        1,
      ]]);
      assertEquals(tuple?.checkpoint.channel_values, { a: "second" });
    }
  });
}

Deno.test("A channel that was removed does not come back from older rows, one that returns holds its new value", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const versions = { a: 1, b: 1 };
  await saver.put(at("t"), checkpointOf("1", { a: 1, b: 1 }), LOOP, versions);
  const without = checkpointOf("2", { a: 2 }, { channel_versions: { a: 2, b: 1 } });
  await saver.put(at("t", "1"), without, LOOP, { a: 2 });
  await saver.put(at("t", "2"), checkpointOf("3", { a: 2, b: 3 }), LOOP, { b: 3 });
  const values = async (id: string) =>
    (await lab.saver().getTuple(at("t", id)))?.checkpoint.channel_values;
  assertEquals([await values("2"), await values("3")], [{ a: 2 }, { a: 2, b: 3 }]);
});

Deno.test("A delta history whose parent is gone is an error, never a short state", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  await saver.put(at("t", "gone"), checkpointOf("2"), LOOP, {});
  await saver.put(at("t", "2"), checkpointOf("3"), LOOP, {});
  for (const reader of [saver, lab.saver()]) {
    await assertRejects(
      () => reader.getDeltaChannelHistory({ config: at("t"), channels: ["a"] }),
      KustoStateError,
    );
  }
});
