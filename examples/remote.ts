/**
 * The same on a real cluster: `KUSTO_CLUSTER_URI=https://… KUSTO_DATABASE=… deno task example:remote`.
 *
 * It signs in as `@azure/identity` does (`az login`, a managed identity, …), or not at all where the
 * address is this machine's. Each run of it adds one line to the same thread.
 *
 * @module
 */

import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { KustoSaver } from "../mod.ts";

const cluster = Deno.env.get("KUSTO_CLUSTER_URI");
if (!cluster) {
  console.error(
    "KUSTO_CLUSTER_URI is not set: it names the cluster, such as https://name.region.kusto.windows.net",
  );
  Deno.exit(2);
}

const State = Annotation.Root({
  lines: Annotation<string[]>({ reducer: (left, right) => [...left, ...right], default: () => [] }),
});

// The address may name the database too: https://…/agents.
const database = Deno.env.get("KUSTO_DATABASE");
await using saver = KustoSaver.fromConnectionString(cluster, { ...(database && { database }) });
await saver.setup({ provision: true });

const graph = new StateGraph(State)
  .addNode("note", ({ lines }) => ({ lines: [`run ${lines.length + 1}`] }))
  .addEdge(START, "note")
  .addEdge("note", END)
  .compile({ checkpointer: saver });

const { lines } = await graph.invoke({}, { configurable: { thread_id: "remote-example" } });
console.log(lines.join(", "));
