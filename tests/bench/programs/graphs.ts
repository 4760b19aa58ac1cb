// Runs graphs of ten steps on one saver.
import { Annotation, type BaseCheckpointSaver, END, START, StateGraph } from "@langchain/langgraph";
import { answer, cpuMs } from "./answering.ts";
import { type Opened, openSaver, type SaverName } from "./savers.ts";

/** What the program is asked for: to open a saver, then to run some graphs at once. */
export type GraphsRequest =
  | { readonly saver: SaverName; readonly port: number }
  | { readonly graphs: number };

/** What some graphs at once took. */
export interface GraphsRun {
  readonly ms: number;
  readonly cpuMs: number;
  /** Calls of `put`, of all graphs. */
  readonly puts: number;
  readonly putWrites: number;
  readonly queries: number;
  readonly ingests: number;
}

const STEPS = 10;

const State = Annotation.Root({
  log: Annotation<string[]>({ reducer: (a, b) => a.concat(b), default: () => [] }),
});

function build(checkpointer: BaseCheckpointSaver) {
  const names = Array.from({ length: STEPS }, (_, n) => `step ${n}`);
  const work = (name: string) => ({ log }: { log: string[] }) => ({
    log: [`${name}, after ${log.length} others: ${"a few words more ".repeat(5)}`],
  });
  // deno-lint-ignore no-explicit-any
  let graph: any = new StateGraph(State);
  for (const name of names) graph = graph.addNode(name, work(name));
  for (const [n, name] of names.entries()) graph.addEdge(names[n - 1] ?? START, name);
  return graph.addEdge(names.at(-1), END).compile({ checkpointer });
}

/** Counts calls of a method on their way to it. */
function counting(saver: BaseCheckpointSaver, method: "put" | "putWrites"): () => number {
  let count = 0;
  const original = (saver[method] as (...args: unknown[]) => unknown).bind(saver);
  Object.assign(saver, {
    [method]: (...args: unknown[]) => {
      count++;
      return original(...args);
    },
  });
  return () => count;
}

let opened: Opened;
// deno-lint-ignore no-explicit-any
let graph: any;
let puts: () => number;
let putWrites: () => number;

await answer(async (request: GraphsRequest) => {
  if ("saver" in request) {
    opened = await openSaver(request.saver, request.port);
    puts = counting(opened.saver, "put");
    putWrites = counting(opened.saver, "putWrites");
    graph = build(opened.saver);
    return {};
  }
  const { requests } = opened;
  requests.query = requests.ingest = 0;
  const before = { ms: performance.now(), cpuMs: cpuMs(), puts: puts(), putWrites: putWrites() };
  const results = await Promise.all(
    Array.from(
      { length: request.graphs },
      () => graph.invoke({ log: ["begin"] }, { configurable: { thread_id: crypto.randomUUID() } }),
    ),
  );
  const run: GraphsRun = {
    ms: performance.now() - before.ms,
    cpuMs: cpuMs() - before.cpuMs,
    puts: puts() - before.puts,
    putWrites: putWrites() - before.putWrites,
    queries: requests.query,
    ingests: requests.ingest,
  };
  for (const { log } of results) {
    if (log.length !== STEPS + 1) throw new Error(`A run has ${log.length} entries`);
  }
  return run;
});
