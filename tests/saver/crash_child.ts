/**
 * Runs a graph on one thread until it is killed, and says of each write when it is acknowledged.
 *
 *     crash_child.ts URL THREAD DURABILITY
 *
 * @module
 */
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { KustoSaver, type KustoSaverOptions } from "../../mod.ts";
import { type Durability, thread } from "./graph_kit.ts";

/** What was acknowledged, as a line of JSON. */
export type Acknowledgement =
  | { readonly kind: "put"; readonly ns: string; readonly id: string }
  | {
    readonly kind: "writes";
    readonly ns: string;
    readonly id: string;
    readonly taskId: string;
    readonly channels: readonly string[];
  };

/** A saver whose calls come back only when somebody has been told. */
export class ReportingSaver extends KustoSaver {
  readonly #report: (acknowledgement: Acknowledgement) => void;

  constructor(
    options: KustoSaverOptions,
    report: (acknowledgement: Acknowledgement) => void,
  ) {
    super(options);
    this.#report = report;
  }

  override async put(...args: Parameters<KustoSaver["put"]>): ReturnType<KustoSaver["put"]> {
    const config = await super.put(...args);
    const { checkpoint_ns: ns, checkpoint_id: id } = config.configurable!;
    this.#report({ kind: "put", ns, id });
    return config;
  }

  override async putWrites(...args: Parameters<KustoSaver["putWrites"]>): Promise<void> {
    await super.putWrites(...args);
    const [{ configurable }, writes, taskId] = args;
    const { checkpoint_ns: ns = "", checkpoint_id: id } = configurable!;
    this.#report({ kind: "writes", ns, id, taskId, channels: writes.map(([channel]) => channel) });
  }
}

/** A graph that counts: each round appends the length of its log, beside parallel nodes and a subgraph. */
export function countingGraph(saver: KustoSaver) {
  const State = Annotation.Root({
    log: Annotation<number[]>({ reducer: (a, b) => a.concat(b), default: () => [] }),
    sides: Annotation<number>({ reducer: (a, b) => a + b, default: () => 0 }),
  });
  const inner = new StateGraph(State)
    .addNode("one", () => ({}))
    .addNode("two", () => ({}))
    .addEdge(START, "one")
    .addEdge("one", "two")
    .addEdge("two", END)
    .compile();
  return new StateGraph(State)
    .addNode("count", ({ log }) => ({ log: [log.length] }))
    .addNode("left", () => ({ sides: 1 }))
    .addNode("right", () => ({ sides: 1 }))
    .addNode("sub", async (_state, config) => {
      await inner.invoke({ log: [] }, config);
      return {};
    })
    .addNode("join", () => ({}))
    .addEdge(START, "count")
    .addEdge("count", "left")
    .addEdge("count", "right")
    .addEdge("count", "sub")
    .addEdge(["left", "right", "sub"], "join")
    .addConditionalEdges("join", ({ log }) => log.length % 4 === 0 ? END : "count", ["count", END])
    .compile({ checkpointer: saver });
}

/** Completes what the last run left undone, or begins a new run where it left nothing. */
export async function goOn(
  graph: ReturnType<typeof countingGraph>,
  threadId: string,
  durability: Durability,
) {
  const config = thread(threadId, durability);
  // `next` leaves out tasks whose writes are stored: it is empty as well where a process died after the last task of a
  // step and before the step's checkpoint. New input would discard those writes.
  const { tasks } = await graph.getState(config);
  return await graph.invoke(tasks.length > 0 ? null : { log: [] }, config);
}

if (import.meta.main) {
  const [url, threadId, durability] = Deno.args;
  const saver = new ReportingSaver(
    { connection: url!, database: "NetDefaultDB" },
    (acknowledgement) => {
      Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(acknowledgement)}\n`));
    },
  );
  const graph = countingGraph(saver);
  for (;;) await goOn(graph, threadId!, durability as Durability);
}
