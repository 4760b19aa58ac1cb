/**
 * Many conversations at once with few requests: `deno task example:high-throughput`.
 *
 * With `durability: "buffered"` a write resolves once it is queued, and rows of all conversations share
 * requests: one leaves when `batchSize` rows have gathered or `flushIntervalMs` is over. A crash loses
 * what is queued: `flush()` where it counts, `close()` at the end.
 *
 * @module
 */
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import type { KustoSaver, KustoSaverOptions } from "../mod.ts";
import { Kusto } from "./kusto.ts";

const CONVERSATIONS = 100;

await using kusto = await Kusto.open();
const State = Annotation.Root({ count: Annotation<number> });

const counter = (checkpointer: KustoSaver) =>
  new StateGraph(State)
    .addNode("one", ({ count }) => ({ count: count + 1 }))
    .addNode("two", ({ count }) => ({ count: count + 1 }))
    .addEdge(START, "one")
    .addEdge("one", "two")
    .addEdge("two", END)
    .compile({ checkpointer });

const settings: Record<string, Partial<KustoSaverOptions>> = {
  acknowledged: {},
  buffered: {
    durability: "buffered",
    // Rows a request; what they may take together is 4 MB.
    batchSize: 1_000,
    // How long a row may wait, and so how much a crash may cost.
    flushIntervalMs: 5_000,
    // Above so many bytes of rows in memory, writes wait.
    maxPendingBytes: 256 * 1024 * 1024,
  },
};

for (const [name, options] of Object.entries(settings)) {
  await using saver = kusto.saver(options);
  const graph = counter(saver);
  const threads = Array.from({ length: CONVERSATIONS }, () => ({
    configurable: { thread_id: `count ${crypto.randomUUID()}` },
  }));
  kusto.requests = 0;
  await Promise.all(threads.map((thread) => graph.invoke({ count: 0 }, thread)));
  await saver.flush(); // from here on no crash loses anything
  // Each began with a read.
  console.log(`${name}: ${kusto.requests - CONVERSATIONS} requests with rows`);

  const { config } = await graph.getState(threads[0]!);
  await using other = kusto.saver();
  const { values } = await counter(other).getState(config);
  console.log(`  another process reads ${values.count}`);
}
