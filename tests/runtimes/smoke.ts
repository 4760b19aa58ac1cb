/**
 * What every runtime must be able to do: an agent that stops for a person, and another saver that
 * takes it up where it stopped.
 *
 * @module
 */
import { Annotation, Command, END, interrupt, START, StateGraph } from "@langchain/langgraph";
import { KustoSaver } from "../../mod.ts";

/** Runs the agent against an embedded Kusto at a URL; throws where something is not as it must be. */
export async function smoke(url: string): Promise<string> {
  const thread = { configurable: { thread_id: `smoke ${crypto.randomUUID()}` } };
  const first = open(url);
  await first.setup({ provision: true });
  const stopped = await agent(first).invoke({ document: DOCUMENT }, thread);
  await first.close();
  demand("__interrupt__" in stopped, "the run stops for its question");

  const second = open(url);
  const state = await agent(second).getState(thread);
  demand(state.next.join() === "ask", "another saver sees where the run stopped");
  demand(state.values.document === DOCUMENT, "a value of megabytes comes back as it was");
  const done = await agent(second).invoke(new Command({ resume: "yes" }), thread);
  demand(done.answer === "yes", "the run goes on with the answer");
  let checkpoints = 0;
  for await (const _ of second.list(thread)) checkpoints++;
  demand(checkpoints === 4, `the thread has 4 checkpoints, not ${checkpoints}`);
  await second.deleteThread(thread.configurable.thread_id);
  demand(await second.getTuple(thread) === undefined, "a deleted thread is gone");
  await second.close();
  return "stopped, resumed, listed, deleted";
}

const DOCUMENT = "All work and no play. ".repeat(100_000);

function open(url: string): KustoSaver {
  return KustoSaver.fromConnectionString(url, { database: "NetDefaultDB" });
}

function agent(checkpointer: KustoSaver) {
  const State = Annotation.Root({
    document: Annotation<string>,
    summary: Annotation<string>,
    answer: Annotation<string>,
  });
  return new StateGraph(State)
    .addNode("read", ({ document }) => ({ summary: document.slice(0, 20) }))
    .addNode("ask", ({ summary }) => ({ answer: interrupt(`About "${summary}"?`) as string }))
    .addEdge(START, "read")
    .addEdge("read", "ask")
    .addEdge("ask", END)
    .compile({ checkpointer });
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(`It does not hold that ${what}`);
}
