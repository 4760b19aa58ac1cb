/**
 * Back to an earlier step, and on from there another way: `deno task example:time-travel`.
 *
 * Every step is a checkpoint. A change to an earlier one makes a branch; the first way stays as it was.
 *
 * @module
 */
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { Kusto } from "./kusto.ts";

await using kusto = await Kusto.open();
await using saver = kusto.saver();

const State = Annotation.Root({ topic: Annotation<string>, poem: Annotation<string> });
const graph = new StateGraph(State)
  .addNode("choose", () => ({ topic: "the sea" }))
  .addNode("write", ({ topic }) => ({ poem: `O ${topic}, how wide you are` }))
  .addEdge(START, "choose")
  .addEdge("choose", "write")
  .addEdge("write", END)
  .compile({ checkpointer: saver });

const thread = { configurable: { thread_id: `poem ${crypto.randomUUID()}` } };
const first = await graph.invoke({}, thread);
console.log(`first way:  ${first.poem}`);

const history = await Array.fromAsync(graph.getStateHistory(thread));
for (const { metadata, next, values } of history) {
  console.log(`  step ${metadata?.step}: ${values.topic ?? "-"}, then ${next[0] ?? "the end"}`);
}

const beforeWriting = history.find(({ next }) => next.includes("write"))!;
const branch = await graph.updateState(beforeWriting.config, { topic: "the sky" });
const second = await graph.invoke(null, branch);
console.log(`second way: ${second.poem}`);

const head = await graph.getState(thread);
const left = await graph.getState(history[0]!.config);
console.log(`the thread goes on from: ${head.values.topic}`);
console.log(`the first way is still:  ${left.values.topic}`);
