/**
 * A thousand threads in one go: `deno task example:batch`.
 *
 * `batch` runs the graph once for each input, each in a thread of its own, fifty at a time. Rows of all
 * threads share requests, and the job is found again by a key of its own.
 *
 * @module
 */
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { Kusto } from "./kusto.ts";

const THREADS = 1_000;

await using kusto = await Kusto.open();
await using saver = kusto.saver({ durability: "buffered", batchSize: 1_000, searchKeys: ["job"] });

const State = Annotation.Root({ text: Annotation<string>, words: Annotation<number> });
const graph = new StateGraph(State)
  .addNode("count", ({ text }) => ({ words: text.split(" ").length }))
  .addEdge(START, "count")
  .addEdge("count", END)
  .compile({ checkpointer: saver });

const job = `words ${crypto.randomUUID()}`;
const inputs = Array.from(
  { length: THREADS },
  (_, n) => ({ text: "word ".repeat(n % 10 + 1).trim() }),
);
const threads = inputs.map((_, n) => ({
  configurable: { thread_id: `${job} ${n}`, job },
  // Steps in between are not worth keeping here: one checkpoint a thread.
  durability: "exit" as const,
  maxConcurrency: 50,
}));

const begun = performance.now();
const results = await graph.batch(inputs, threads);
await saver.flush();
const seconds = (performance.now() - begun) / 1_000;
const words = results.reduce((sum, result) => sum + result.words, 0);
console.log(`${results.length} threads, ${words} words, ${kusto.requests} requests`);
console.error(`${(THREADS / seconds).toFixed(0)} threads a second`);

// The job's threads, as another process finds them, on a cluster after some time.
await using other = kusto.saver({ searchKeys: ["job"] });
let found = 0;
for (let seconds = 0; found < THREADS && seconds < 60; seconds++) {
  if (seconds > 0) await new Promise((goOn) => setTimeout(goOn, 1_000));
  found = (await Array.fromAsync(other.list({}, { filter: { job } }))).length;
}
console.log(`${found} of them are seen by another process`);
