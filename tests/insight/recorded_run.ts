/**
 * Threads of all kinds, recorded from real runs of LangGraph, with what the saver itself says of them.
 *
 * @module
 */
import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import {
  Annotation,
  Command,
  END,
  interrupt,
  MessagesAnnotation,
  Send,
  START,
  StateGraph,
} from "@langchain/langgraph";
import type { CheckpointTuple } from "@langchain/langgraph-checkpoint";
import type { KustoSaver } from "../../mod.ts";
import { KustoClient } from "../../src/service/client.ts";
import { settingsFrom } from "../../src/config.ts";
import { rowsOf } from "../../src/service/frames.ts";
import { at, checkpointOf, Lab, LOOP } from "../saver/kit.ts";

const CHATTED = Annotation.Root({
  ...MessagesAnnotation.spec,
  note: Annotation<string>,
  page: Annotation<string>,
  raw: Annotation<Uint8Array>,
  scan: Annotation<Uint8Array>,
  nothing: Annotation<string | undefined>,
  facts: Annotation<unknown>,
});

/** Longer than a chunk of a blob, with characters of four bytes where it is cut. */
const PAGE = "tome 😀 ".repeat(100_000);
const SCAN = new Uint8Array(700_000).map((_, index) => index * 7);

/** A conversation with a tool, and values of every form. */
function chatting(saver: KustoSaver) {
  return new StateGraph(CHATTED)
    .addNode("model", () => ({
      messages: [
        new AIMessage({
          content: [{ type: "text", text: "Let me look" }],
          tool_calls: [{ name: "look", args: { what: ["it's", '"quoted"'] }, id: "call-1" }],
        }),
      ],
      note: "it's a 'note'\nwith \\ and \" and \u{1F600}",
      page: PAGE,
      raw: new Uint8Array([0, 1, 255]),
      scan: SCAN,
      nothing: undefined,
      facts: { deep: [null, true, 1.5, { "a'b": "" }] },
    }))
    .addNode("tool", () => ({
      messages: [new ToolMessage({ content: "seen", tool_call_id: "call-1", name: "look" })],
    }))
    .addNode("answer", () => ({ messages: [new AIMessage("It's there")] }))
    .addEdge(START, "model")
    .addEdge("model", "tool")
    .addEdge("tool", "answer")
    .addEdge("answer", END)
    .compile({ checkpointer: saver });
}

const ASKED = Annotation.Root({
  log: Annotation<string[]>({ reducer: (a, b) => a.concat(b), default: () => [] }),
});

/** Two questions at once, one of them from a subgraph and larger than a row holds. */
function asking(saver: KustoSaver) {
  const inner = new StateGraph(ASKED)
    .addNode("think", () => ({ log: ["thought"] }))
    .addNode("ask", () => ({ log: [String(interrupt({ ask: "sure?", about: PAGE }))] }))
    .addEdge(START, "think")
    .addEdge("think", "ask")
    .addEdge("ask", END)
    .compile();
  return new StateGraph(ASKED)
    .addNode("inner", inner)
    .addNode("plain", () => ({ log: [String(interrupt('what\'s "next"?'))] }))
    .addNode("silent", () => ({ log: ["silent"] }))
    .addEdge(START, "inner")
    .addEdge(START, "plain")
    .addEdge(START, "silent")
    .addNode("sum", ({ log }) => ({ log: [`${log.length} entries`] }))
    .addEdge(["inner", "plain", "silent"], "sum")
    .addEdge("sum", END)
    .compile({ checkpointer: saver });
}

const TRIED = Annotation.Root({
  attempts: Annotation<number>,
  log: Annotation<string[]>({ reducer: (a, b) => a.concat(b), default: () => [] }),
});

/** Sends, one of which fails until it may not. */
function failing(saver: KustoSaver, mayFail: () => boolean) {
  return new StateGraph(TRIED)
    .addNode("plan", () => ({ log: ["plan"] }))
    .addNode("work", ({ attempts }) => {
      if (attempts === 2 && mayFail()) throw new RangeError(`it's "${"too much ".repeat(5_000)}"`);
      return { log: [`worked on ${attempts}`] };
    })
    .addEdge(START, "plan")
    .addConditionalEdges("plan", () => [1, 2].map((attempts) => new Send("work", { attempts })), [
      "work",
    ])
    .addEdge("work", END)
    .compile({ checkpointer: saver });
}

/** What can be asked for the state of a thread. */
export interface Graph {
  // deno-lint-ignore no-explicit-any
  getState(config: ReturnType<typeof at>, options?: { subgraphs?: boolean }): Promise<any>;
}

/** The threads of a database, and how to read them. */
export class RecordedRun implements AsyncDisposable {
  /** Ids that look like other things, and need quotes. */
  static readonly threads = {
    chat: 'o\'chat "1"',
    asked: "2026-01-02",
    answered: "74be27de-1e4e-49d9-b579-fe0b331d3642",
    failed: "17",
    mended: "mended",
    deleted: "deleted",
    again: "again",
    pruned: "pruned",
    packed: "packed",
  } as const;

  readonly lab: Lab;
  readonly #client: KustoClient;

  private constructor(lab: Lab) {
    this.lab = lab;
    this.#client = new KustoClient(
      settingsFrom({
        connection: "http://localhost",
        database: lab.emulator.database,
        fetch: lab.emulator.fetch,
      }),
    );
  }

  /** A database without a thread. */
  static async empty(): Promise<RecordedRun> {
    return new RecordedRun(await Lab.open());
  }

  /** Runs all threads, then has every row twice, as resends may leave them. */
  static async record(): Promise<RecordedRun> {
    const run = await RecordedRun.empty();
    const saver = run.lab.saver();
    const { threads } = RecordedRun;
    await chatting(saver).invoke({
      messages: [new SystemMessage("Be short"), new HumanMessage({ content: "Where?", id: "m1" })],
    }, at(threads.chat));
    await asking(saver).invoke({ log: [] }, at(threads.asked));
    await asking(saver).invoke({ log: [] }, at(threads.answered));
    const { tasks } = await asking(saver).getState(at(threads.answered));
    const answers = tasks.flatMap(({ interrupts }) => interrupts.map(({ id }) => [id, "yes"]));
    await asking(saver).invoke(
      new Command({ resume: Object.fromEntries(answers) }),
      at(threads.answered),
    );
    for (const threadId of [threads.failed, threads.mended]) {
      await failing(saver, () => true).invoke({ attempts: 0 }, at(threadId)).catch(() => {});
    }
    await failing(saver, () => false).invoke(null, at(threads.mended));
    await failing(saver, () => false).invoke({ attempts: 1 }, at(threads.mended));
    for (const threadId of [threads.deleted, threads.again]) {
      await asking(saver).invoke({ log: ["old"] }, at(threadId));
      await failing(saver, () => true).invoke({ attempts: 0 }, at(threadId)).catch(() => {});
      await saver.deleteThread(threadId);
    }
    await asking(saver).invoke({ log: ["new"] }, at(threads.again));
    await run.#recordPruned(saver);
    await run.#recordPacked();
    await run.#doubleRows();
    return run;
  }

  async #recordPruned(saver: KustoSaver): Promise<void> {
    const { pruned } = RecordedRun.threads;
    await asking(saver).invoke({ log: [] }, at(pruned));
    await failing(saver, () => true).invoke({ attempts: 0 }, at(pruned)).catch(() => {});
    // The first, and all that came after the question.
    await this.hide(
      "Checkpoints | where thread_id == thread and checkpoint_ns == '' | order by revision asc | where row_number() != 2",
      { thread: pruned },
    );
  }

  /** Deletes the checkpoints that a query finds, each for itself. */
  async hide(text: string, parameters: Readonly<Record<string, string>> = {}): Promise<void> {
    const rows = await this.query(
      `${text} | project thread_id, checkpoint_ns, incarnation, checkpoint_id, revision, created_at`,
      parameters,
    );
    const lines = rows.map((row) => JSON.stringify(row)).join("\n");
    await this.lab.command(
      `.ingest inline into table CheckpointDeletions with (format="multijson", ingestionMappingReference="kusto_checkpoint") <|\n${lines}`,
    );
  }

  /** So many small values that they go into one blob together, and their versions into another. */
  async #recordPacked(): Promise<void> {
    const values = Object.fromEntries(
      Array.from({ length: 3_000 }, (_, n) => [`it's ${n}`, `value '${n}' ${"x".repeat(40)}`]),
    );
    const checkpoint = checkpointOf("1", values);
    // Such a checkpoint is told to be of the time when its row was made.
    const saver = this.lab.saver({ now: () => Date.parse(checkpoint.ts) });
    await saver.getTuple(at(RecordedRun.threads.packed));
    await saver.put(at(RecordedRun.threads.packed), checkpoint, LOOP, values);
  }

  async #doubleRows(): Promise<void> {
    for (const table of ["Checkpoints", "CheckpointWrites", "CheckpointBlobs"]) {
      await this.lab.command(`.set-or-append ${table} <| ${table}`);
    }
    for (const table of ["ThreadDeletions", "CheckpointDeletions"]) {
      await this.lab.command(`.set-or-append ${table} <| ${table}`);
    }
  }

  /** A graph to ask for the state of a thread, by a saver that has seen nothing yet. */
  graphOf(threadId: string): Graph {
    const saver = this.lab.saver();
    const { chat, failed, mended } = RecordedRun.threads;
    if (threadId === chat) return chatting(saver);
    return threadId === failed || threadId === mended ? failing(saver, () => true) : asking(saver);
  }

  /** All checkpoints that readers see, as the saver tells them. */
  tuples(): Promise<CheckpointTuple[]> {
    return Array.fromAsync(this.lab.saver().list({}));
  }

  /** The rows of a query; texts are its parameters. */
  async query(
    text: string,
    parameters: Readonly<Record<string, string | Date>> = {},
  ): Promise<Record<string, unknown>[]> {
    const declared = Object.entries(parameters)
      .map(([name, value]) => `${name}:${typeof value === "string" ? "string" : "datetime"}`);
    const declaration = declared.length > 0
      ? `declare query_parameters(${declared.join(", ")});\n`
      : "";
    const [table] = await this.#client.query(declaration + text, parameters);
    return rowsOf(table);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }
}
