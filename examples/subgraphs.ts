/**
 * Several agents, each a graph with a state of its own: `deno task example:subgraphs`.
 *
 * A supervisor hands the work on. One agent stops for a question inside its subgraph; the state of both
 * graphs lies in the same thread, each in a namespace of its own, and the answer finds its way.
 *
 * @module
 */
import { Annotation, Command, END, interrupt, START, StateGraph } from "@langchain/langgraph";
import { Kusto } from "./kusto.ts";

await using kusto = await Kusto.open();
await using saver = kusto.saver();

/** What the agents share; what else they know stays with them. */
const Shared = {
  topic: Annotation<string>,
  findings: Annotation<string>,
  article: Annotation<string>,
};

const researcher = new StateGraph(Annotation.Root({ ...Shared, sources: Annotation<number> }))
  .addNode("search", () => ({ sources: 3 }))
  .addNode("report", ({ topic, sources }) => ({ findings: `${sources} sources on ${topic}` }))
  .addEdge(START, "search")
  .addEdge("search", "report")
  .addEdge("report", END)
  .compile();

const writer = new StateGraph(Annotation.Root({ ...Shared, length: Annotation<string> }))
  .addNode("ask", () => ({ length: interrupt("How long may it be?") as string }))
  .addNode("draft", ({ findings, length }) => ({ article: `${length} from ${findings}` }))
  .addEdge(START, "ask")
  .addEdge("ask", "draft")
  .addEdge("draft", END)
  .compile();

const team = new StateGraph(Annotation.Root(Shared))
  .addNode(
    "supervisor",
    ({ findings, article }) =>
      new Command({ goto: !findings ? "researcher" : !article ? "writer" : END }),
    { ends: ["researcher", "writer", END] },
  )
  .addNode("researcher", researcher)
  .addNode("writer", writer)
  .addEdge(START, "supervisor")
  .addEdge("researcher", "supervisor")
  .addEdge("writer", "supervisor")
  .compile({ checkpointer: saver });

const thread = { configurable: { thread_id: `team ${crypto.randomUUID()}` } };
await team.invoke({ topic: "rye bread" }, thread);

const [task] = (await team.getState(thread, { subgraphs: true })).tasks;
console.log(`the ${task!.name} asks: ${task!.interrupts[0]!.value}`);
console.log(`found so far: ${(await team.getState(thread)).values.findings}`);

const { article } = await team.invoke(new Command({ resume: "one page" }), thread);
console.log(`article: ${article}`);

const namespaces = new Map<string, number>();
for await (const { config } of saver.list(thread)) {
  const agent = String(config.configurable?.checkpoint_ns).split(":")[0] || "supervisor";
  namespaces.set(agent, (namespaces.get(agent) ?? 0) + 1);
}
for (const [agent, count] of [...namespaces].sort()) console.log(`${count} checkpoints: ${agent}`);
