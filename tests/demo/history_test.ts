import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { type Agent, answer, ask, createAgent, questionsOf } from "../../examples/demo/graph.ts";
import { beforePlan, fork, statesOf } from "../../examples/demo/history.ts";
import { LocalModel } from "../../examples/demo/local_model.ts";
import { isUnfinished } from "../../examples/demo/narrate.ts";
import { KustoSaver } from "../../mod.ts";
import { KustoEmulator } from "../../src/emulator/mod.ts";
import { BAKERY, folderOf, type TemporaryFolder } from "./kit.ts";

const place = { configurable: { thread_id: "bakery" } };

/** A bakery to ask about, and an agent with an embedded Kusto of its own. */
interface Stage extends AsyncDisposable {
  readonly agent: Agent;
  readonly folder: TemporaryFolder;
}

async function openStage(): Promise<Stage> {
  const folder = await folderOf(BAKERY);
  const emulator = new KustoEmulator();
  const saver = KustoSaver.fromConnectionString("http://localhost", {
    database: "NetDefaultDB",
    fetch: emulator.fetch,
  });
  await saver.setup({ provision: true });
  const reports = `${folder.path}/.reports`;
  const agent = createAgent({ model: new LocalModel(), checkpointer: saver, reports });
  return {
    agent,
    folder,
    async [Symbol.asyncDispose]() {
      await saver.close();
      await emulator.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

Deno.test("the agent writes nothing before a person agrees, and the report afterwards", async () => {
  await using stage = await openStage();
  const { agent, folder } = stage;
  await agent.invoke(ask(folder.path, "When is the shop closed?"), place);
  const { next, tasks } = await agent.getState(place);
  assertEquals(next, ["approve"]);
  const request = tasks[0]?.interrupts[0]?.value;
  assertEquals(request.path, `${folder.path}/.reports/bakery/01-when-is-the-shop-closed.md`);
  assertEquals([...Deno.readDirSync(folder.path)].some(({ name }) => name === ".reports"), false);

  await agent.invoke(answer({ verdict: "approve" }), place);
  assertEquals(await Deno.readTextFile(request.path), request.draft);
  assertEquals((await agent.getState(place)).next, []);
});

Deno.test("a discarded draft is not written", async () => {
  await using stage = await openStage();
  const { agent, folder } = stage;
  await agent.invoke(ask(folder.path, "When is the shop closed?"), place);
  await agent.invoke(answer({ verdict: "discard" }), place);
  const { values } = await agent.getState(place);
  assertEquals([values.verdict, values.reports], ["discard", []]);
});

Deno.test("a wish to change the draft leads to another draft and another request", async () => {
  await using stage = await openStage();
  const { agent, folder } = stage;
  await agent.invoke(ask(folder.path, "When is the shop closed?"), place);
  await agent.invoke(
    answer({ verdict: "revise", feedback: "say how long the sourdough rests" }),
    place,
  );
  const { next, values } = await agent.getState(place);
  assertEquals(next, ["approve"]);
  assertStringIncludes(values.draft, "The sourdough rests for sixteen hours");
  assertEquals(questionsOf(values.messages), ["When is the shop closed?"]);
});

Deno.test("fork() asks another question in the past and leaves the main line as it was", async () => {
  await using stage = await openStage();
  const { agent, folder } = stage;
  await agent.invoke(ask(folder.path, "How long does rye bread bake?"), place);
  await agent.invoke(answer({ verdict: "approve" }), place);
  await agent.invoke(ask(folder.path, "When is the shop closed?"), place);
  await agent.invoke(answer({ verdict: "approve" }), place);
  const states = await statesOf(agent, place);
  const [head] = states;
  const past = beforePlan(states);
  assert(head !== undefined && past !== undefined);
  assertEquals(questionsOf(past.values.messages).at(-1), "When is the shop closed?");

  const branches = await fork(agent, head, past, "When is sugar ordered?");
  assertEquals(branches.fork.next, ["approve"]);
  assertStringIncludes(branches.fork.values.draft, "sugar needs to be ordered every Tuesday");
  assertEquals(questionsOf(branches.fork.values.messages), [
    "How long does rye bread bake?",
    "When is sugar ordered?",
  ]);
  assertNotEquals(branches.fork.config, branches.main.config);
  assertEquals(branches.main.values, head.values);

  const { next, values } = await agent.getState(place);
  assertEquals([next, values], [[], head.values]);
  await agent.invoke(ask(folder.path, "How are prices kept?"), place);
  assertEquals(questionsOf((await agent.getState(place)).values.messages), [
    "How long does rye bread bake?",
    "When is the shop closed?",
    "How are prices kept?",
  ]);
});

Deno.test("a run that ended between the last task of a step and its checkpoint is unfinished, and goes on", async () => {
  await using folder = await folderOf(BAKERY);
  const checkpointer = new MemorySaver();
  const agent = createAgent({ model: new LocalModel(), checkpointer, reports: folder.path });
  const put = checkpointer.put.bind(checkpointer);
  let puts = 0;
  checkpointer.put = async (...args) => {
    if (++puts > 2) throw new Error("killed");
    return await put(...args);
  };
  await assertRejects(
    () => agent.invoke(ask(folder.path, "When is the shop closed?"), place),
    Error,
    "killed",
  );
  checkpointer.put = put;
  const state = await agent.getState(place);
  assertEquals([state.next, isUnfinished(state)], [[], true]);
  await agent.invoke(null, place);
  assertEquals((await agent.getState(place)).next, ["approve"]);
  await agent.invoke(answer({ verdict: "discard" }), place);
  assertEquals(isUnfinished(await agent.getState(place)), false);
});
