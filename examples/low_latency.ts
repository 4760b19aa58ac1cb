/**
 * What a turn waits for, and how to make it little: `deno task example:low-latency`.
 *
 * A turn reads once and then writes. LangGraph's `durability` decides whether it waits for each step's
 * write, and how many there are; one saver for the whole process keeps token and connection.
 *
 * @module
 */
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { Kusto } from "./kusto.ts";

await using kusto = await Kusto.open();
await using saver = kusto.saver({
  // Better an early error, which the caller can act on, than a late answer.
  queryTimeoutMs: 5_000,
  deadlineMs: 10_000,
  retryBackoffMs: 200,
});

const State = Annotation.Root({
  steps: Annotation<string[]>({ reducer: (all, more) => [...all, ...more], default: () => [] }),
});
const graph = new StateGraph(State)
  .addNode("think", () => ({ steps: ["thought"] }))
  .addNode("act", () => ({ steps: ["acted"] }))
  .addNode("answer", () => ({ steps: ["answered"] }))
  .addEdge(START, "think")
  .addEdge("think", "act")
  .addEdge("act", "answer")
  .addEdge("answer", END)
  .compile({ checkpointer: saver });

for (
  const [durability, meaning] of [
    ["sync", "each step waits for its write"],
    ["async", "steps go on, the turn waits at its end"],
    ["exit", "one write at the end, and none of the steps before it"],
  ] as const
) {
  const thread = { configurable: { thread_id: `fast ${crypto.randomUUID()}` } };
  await graph.invoke({}, { ...thread, durability });
  kusto.requests = 0;
  const { steps } = await graph.invoke({}, { ...thread, durability });
  console.log(`${durability}: ${kusto.requests} requests, ${meaning}; ${steps.length} steps kept`);
}
