/**
 * What every runtime must be able to do: an agent that stops for a person, and another saver that
 * takes it up where it stopped.
 *
 * @module
 */
import { Annotation, Command, END, interrupt, START, StateGraph } from "@langchain/langgraph";
import { KustoSaver, type KustoSaverOptions } from "../../mod.ts";
import { EncryptedSerializer } from "../../src/encryption/mod.ts";

type Options = Pick<KustoSaverOptions, "serde" | "logger" | "meter" | "tracer">;

/**
 * Runs the agent against an embedded Kusto at a URL, and once more with all encrypted and watched;
 * throws where something is not as it must be.
 */
export async function smoke(url: string): Promise<string> {
  const key = "c2l4dGVlbiBieXRlcy4uLg==";
  const serde = new EncryptedSerializer({ keys: [{ id: "smoke", key }] });
  const told = new Set<string>();
  for (const options of [{}, { serde, ...watchers(told) }]) await stopAndResume(url, options);
  for (const what of ["line", "span", "measured", "asked for"]) {
    demand(told.has(`${what} checkpoint.put`) || told.has(`${what} ${GAUGE}`), `${what} is told`);
  }
  return "stopped, resumed, listed, deleted";
}

const GAUGE = "checkpoint.recent_rows_bytes";

/** Watchers that note what they are told of. */
function watchers(told: Set<string>): Options {
  const line = (message: string) => told.add(`line ${message}`);
  return {
    logger: { debug: line, info: line, warn: line, error: line },
    meter: {
      createHistogram: (name) => ({
        record: () => void told.add(`measured ${name.replace(".duration_seconds", "")}`),
      }),
      createCounter: () => ({ add() {} }),
      createObservableGauge: (name) => ({
        addCallback: (read) => read({ observe: () => void told.add(`asked for ${name}`) }),
      }),
    },
    tracer: {
      startActiveSpan: (name, _, run) =>
        run({
          setAttributes: () => void told.add(`span ${name}`),
          setStatus() {},
          recordException() {},
          end() {},
        }),
    },
  };
}

async function stopAndResume(url: string, options: Options): Promise<void> {
  const thread = { configurable: { thread_id: `smoke ${crypto.randomUUID()}` } };
  const first = open(url, options);
  await first.setup({ provision: true });
  const stopped = await agent(first).invoke({ document: DOCUMENT }, thread);
  await first.close();
  demand("__interrupt__" in stopped, "the run stops for its question");

  const second = open(url, options);
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
}

const DOCUMENT = "All work and no play. ".repeat(100_000);

function open(url: string, options: Options): KustoSaver {
  return KustoSaver.fromConnectionString(url, { database: "NetDefaultDB", ...options });
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
