import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Annotation, Command, END, interrupt, START, StateGraph } from "@langchain/langgraph";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { KustoSaver } from "../../mod.ts";
import { EncryptedSerializer } from "../../src/encryption/mod.ts";
import type { ThreadView } from "../../src/cli/thread_view.ts";
import { at, checkpointOf, LOOP } from "../saver/kit.ts";
import { CliLab } from "./kit.ts";

async function openLab(): Promise<{ lab: CliLab; saver: KustoSaver }> {
  const lab = new CliLab();
  const saver = KustoSaver.fromConnectionString("http://localhost", {
    ...lab.saverOptions,
    database: "NetDefaultDB",
  });
  await saver.setup({ provision: true });
  return { lab, saver };
}

Deno.test("show tells the state, and the history as a tree with its forks", async () => {
  const { lab, saver } = await openLab();
  await using _ = lab;
  const put = (id: string, parent: string | undefined, step: number, source = "loop") =>
    saver.put(
      at("ada", parent),
      checkpointOf(id, { n: step, log: ["a"] }),
      { ...LOOP, step, source: source as "loop" },
      {},
    );
  await put("1", undefined, 0);
  await put("2", "1", 1);
  await put("3", "2", 2);
  await put("4", "1", 1, "fork");
  await put("5", "4", 2);
  const { code, output, errors } = await lab.cli(["show", "ada"]);
  assertEquals([code, errors], [0, ""]);
  assertEquals(
    output.replaceAll("2026-01-01T00:00:00.000Z", "TIME"),
    `Thread ada

  checkpoint  5
  made        TIME by loop, step 2
  next        nothing

State
  n    2
  log  ["a"]

History
  1  TIME  loop, step 0
  ├─ 2  TIME  loop, step 1
  │  3  TIME  loop, step 2
  └─ 4  TIME  fork, step 1
     5  TIME  loop, step 2; latest
`,
  );
  const older = await lab.json<ThreadView>(["show", "ada", "--checkpoint", "2", "--limit", "2"]);
  assertEquals(older.value.checkpoint?.state, { n: 1, log: ["a"] });
  assertEquals(older.value.history.map(({ checkpointId }) => checkpointId), ["5", "4"]);
  assertEquals(older.value.isWhole, false);
  const { value } = await lab.json<ThreadView>(["show", "ada", "--limit", "5"]);
  assertEquals(value.isWhole, true);
  assertEquals(value.history[4]!.parentCheckpointId, null as unknown as undefined);
  assertStringIncludes(
    (await lab.cli(["show", "ada", "--limit", "4"])).output,
    "There are older ones: see --limit\n",
  );
});

Deno.test("show tells the open questions of a run, those of subgraphs too, until they are answered", async () => {
  const { lab, saver } = await openLab();
  await using _ = lab;
  const State = Annotation.Root({ said: Annotation<string[]>({ reducer: (a, b) => a.concat(b) }) });
  const asking = (question: unknown) => () => ({ said: [interrupt(question) as string] });
  const subgraph = new StateGraph(State).addNode("ask", asking({ q: "inside?" }))
    .addEdge(START, "ask").addEdge("ask", END).compile();
  const graph = new StateGraph(State)
    .addNode("sub", subgraph)
    .addNode("plain", asking("outside?"))
    .addNode("quick", () => ({ said: ["quick"] }))
    .addEdge(START, "sub").addEdge(START, "plain").addEdge(START, "quick").addEdge("sub", END)
    .compile({ checkpointer: saver });
  const thread = { configurable: { thread_id: "t" } };
  await graph.invoke({ said: [] }, thread);
  const { value } = await lab.json<ThreadView>(["show", "t"]);
  const questions = value.interrupts.map((open) => open.value);
  assertEquals(new Set(questions), new Set<unknown>(["outside?", { q: "inside?" }]));
  assertEquals(value.checkpoint?.next.toSorted(), ["plain", "quick", "sub"]);
  assertEquals(value.checkpoint?.interrupts, 2);
  const inner = value.history.find(({ namespace }) => namespace !== "")!.namespace;
  const { output } = await lab.cli(["show", "t"]);
  assertStringIncludes(output, "\nWaiting for an answer\n");
  assertStringIncludes(output, "; waiting; latest\n");
  assertStringIncludes(output, `\n  ${inner}\n`);
  const child = await lab.json<ThreadView>(["show", "t", "--namespace", inner]);
  assertEquals(child.value.interrupts.map((open) => open.value), [{ q: "inside?" }]);

  const [first] = value.interrupts.filter((open) => open.value === "outside?");
  await graph.invoke(new Command({ resume: { [first!.id!]: "yes" } }), thread);
  const later = await lab.json<ThreadView>(["show", "t"]);
  assertEquals(later.value.interrupts.map((open) => open.value), [{ q: "inside?" }]);
  await graph.invoke(new Command({ resume: "yes" }), thread);
  const done = await lab.json<ThreadView>(["show", "t"]);
  assertEquals([done.value.interrupts, done.value.checkpoint?.next], [[], []]);
});

Deno.test("show tells the tasks that failed", async () => {
  const { lab, saver } = await openLab();
  await using _ = lab;
  const State = Annotation.Root({ n: Annotation<number> });
  const graph = new StateGraph(State)
    .addNode("fail", () => {
      throw new TypeError("no such city");
    })
    .addEdge(START, "fail").compile({ checkpointer: saver });
  await graph.invoke({ n: 1 }, { configurable: { thread_id: "t" } }).catch(() => {});
  const { value } = await lab.json<ThreadView>(["show", "t"]);
  assertEquals(value.failures.map(({ error }) => (error as Error).message), ["no such city"]);
  assertStringIncludes((await lab.cli(["show", "t"])).output, '"message":"no such city"');
});

Deno.test("show gives messages a line each, and nothing stored can steer the terminal", async () => {
  const { lab, saver } = await openLab();
  await using _ = lab;
  const evil = "\x1b]0;title\x07\x9b31m\u202e\n";
  const messages = [
    new HumanMessage(`hi${evil}`),
    new AIMessage({ content: [{ type: "text", text: "ho" }] }),
  ];
  await saver.put(
    at(evil),
    checkpointOf(`1${evil}`, { messages, [evil]: evil, __start__: 1, "branch:to:x": 2 }),
    { ...LOOP, source: evil as "loop" },
  );
  const { code, output } = await lab.cli(["show", evil]);
  assertEquals(code, 0);
  // deno-lint-ignore no-control-regex
  assert(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(output), JSON.stringify(output));
  assertStringIncludes(output, "  human: hi\\u001b]0;title");
  assertStringIncludes(output, '  ai: [{"type":"text","text":"ho"}]\n');
  const { output: json } = await lab.cli(["show", evil, "--json"]);
  // deno-lint-ignore no-control-regex
  assert(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(json), JSON.stringify(json));
  const { value } = await lab.json<ThreadView>(["show", evil]);
  assertEquals(Object.keys(value.checkpoint!.state), ["messages", evil]);
  assertEquals(value.checkpoint!.state[evil], evil);
});

Deno.test("show gives what JSON does not know in the form nearest to it", async () => {
  const { lab, saver } = await openLab();
  await using _ = lab;
  const values = {
    set: new Set([1]),
    map: new Map([["a", 1]]),
    none: undefined,
    big: "x".repeat(500),
  };
  await saver.put(at("t"), checkpointOf("1", values), LOOP);
  const { value } = await lab.json<ThreadView>(["show", "t"]);
  assertEquals(value.checkpoint?.state, { ...values, set: [1], map: [["a", 1]], none: null });
  const { output } = await lab.cli(["show", "t"]);
  assertStringIncludes(output, `  big   "${"x".repeat(398)}…\n`);
});

Deno.test("show ends with 1 where there is no such thread, or no such checkpoint", async () => {
  const { lab, saver } = await openLab();
  await using _ = lab;
  await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  await saver.put(at("sub", undefined, "child"), checkpointOf("1"), LOOP, {});
  for (const args of [["show", "nobody"], ["show", "t", "--checkpoint", "2"]]) {
    const { code, value, errors } = await lab.json<{ error: { code: string } }>(args);
    assertEquals([code, value.error.code], [1, "NOT_FOUND"]);
    assert(errors.startsWith("The") && errors.endsWith("\n"));
  }
  // Only a subgraph has checkpoints.
  const { code, value } = await lab.json<ThreadView>(["show", "sub"]);
  assertEquals([code, value.checkpoint, value.history.length], [
    0,
    null as unknown as undefined,
    1,
  ]);
  assertStringIncludes((await lab.cli(["show", "sub"])).output, "no checkpoint in this namespace");
  assertEquals((await lab.cli(["show"])).code, 2);
  assertEquals((await lab.cli(["show", ""])).code, 2);
});

Deno.test("show of a thread that is encrypted says that it cannot read it", async () => {
  const { lab } = await openLab();
  await using _ = lab;
  const key = crypto.getRandomValues(new Uint8Array(32));
  await using saver = new KustoSaver({
    connection: "http://localhost",
    database: "NetDefaultDB",
    ...lab.saverOptions,
    serde: new EncryptedSerializer({ keys: [{ id: "k", key }] }),
  });
  await saver.put(at("t"), checkpointOf("1", { n: "secret" }), LOOP);
  const { code, value, errors } = await lab.json<{ error: { code: string } }>(["show", "t"]);
  assertEquals([code, value.error.code], [1, "STATE_INCOMPLETE"]);
  assertStringIncludes(errors, "serializer");
  assertEquals((await lab.json<{ threads: unknown[] }>(["threads"])).value.threads.length, 1);
});
