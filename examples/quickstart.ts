/**
 * A graph whose memory lies in an embedded Kusto: `deno task example:quickstart`.
 *
 * The graph counts to three and stops before each step; every `invoke` takes it one further, from
 * what Kusto holds.
 *
 * @module
 */

import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { KustoSaver } from "../mod.ts";
import { KustoEmulator } from "../src/emulator/mod.ts";

const State = Annotation.Root({
  steps: Annotation<string[]>({ reducer: (left, right) => [...left, ...right], default: () => [] }),
});

await using emulator = new KustoEmulator();
await using saver = KustoSaver.fromConnectionString("https://embedded.kusto.windows.net", {
  database: "NetDefaultDB",
  credential: "none",
  fetch: emulator.fetch,
});
await saver.setup({ provision: true });

const graph = new StateGraph(State)
  .addNode("count", ({ steps }) => ({ steps: [`step ${steps.length + 1}`] }))
  .addEdge(START, "count")
  .addConditionalEdges("count", ({ steps }) => steps.length < 3 ? "count" : END, ["count", END])
  .compile({ checkpointer: saver, interruptAfter: ["count"] });

const thread = { configurable: { thread_id: "quickstart" } };
console.log("first run  ", (await graph.invoke({}, thread)).steps.join(", "));
console.log("second run ", (await graph.invoke(null, thread)).steps.join(", "));
console.log("third run  ", (await graph.invoke(null, thread)).steps.join(", "));

let checkpoints = 0;
for await (const _ of graph.getStateHistory(thread)) checkpoints++;
console.log(`checkpoints ${checkpoints}`);
