/**
 * What tests of deletion have in common.
 *
 * @module
 */
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { KustoSaver } from "../../mod.ts";
import { at, checkpointOf, LOOP } from "./kit.ts";

/** A namespace of a subgraph. */
export const CHILD = "child:1";

/** What {@link seen} gives for a thread that is gone. */
export const NOTHING: readonly (string | undefined)[] = [undefined, undefined];

/** A configuration as a run has it. */
export function inRun(config: RunnableConfig, control: object): RunnableConfig {
  return { ...config, control } as RunnableConfig;
}

/** All that a saver shows of a thread, ids only. */
export async function seen(
  saver: KustoSaver,
  threadId: unknown,
): Promise<(string | undefined)[]> {
  return [
    (await saver.getTuple(at(threadId)))?.checkpoint.id,
    (await saver.getTuple(at(threadId, undefined, CHILD)))?.checkpoint.id,
    ...await Array.fromAsync(
      saver.list({ configurable: { thread_id: threadId } }),
      ({ checkpoint }) => checkpoint.id,
    ),
  ];
}

/** Writes a checkpoint with a pending write, and one in a namespace. */
export async function fill(saver: KustoSaver, threadId: unknown): Promise<void> {
  const root = await saver.put(at(threadId), checkpointOf("1", { a: 1 }), LOOP, { a: 1 });
  await saver.putWrites(root, [["a", 2]], "task");
  await saver.put(at(threadId, undefined, CHILD), checkpointOf("2"), LOOP, {});
}

/** A clock that only a test moves, and a wait that moves it. */
export class Clock {
  time: number = Date.parse("2026-01-01T00:00:00Z");
  readonly now = (): number => this.time;
  readonly sleep = (ms: number): Promise<void> => Promise.resolve(void (this.time += ms));

  /** Lets days pass. */
  days(days: number): void {
    this.time += days * 24 * 60 * 60_000;
  }
}

const State = Annotation.Root({
  log: Annotation<string[]>({ reducer: (a, b) => a.concat(b), default: () => [] }),
});

/** A graph that stops in its middle, in a subgraph, until it is let go. */
export function halting(saver: KustoSaver, halt: () => Promise<void>, remember: boolean) {
  const inner = new StateGraph(State)
    .addNode("x", () => ({ log: ["x"] }))
    .addNode("wait", async () => {
      await halt();
      return { log: ["waited"] };
    })
    .addEdge(START, "x")
    .addEdge("x", "wait")
    .addEdge("wait", END)
    .compile(remember ? { checkpointer: true } : {});
  return new StateGraph(State)
    .addNode("before", () => ({ log: ["before"] }))
    .addNode("inner", inner)
    .addNode("after", () => ({ log: ["after"] }))
    .addEdge(START, "before")
    .addEdge("before", "inner")
    .addEdge("inner", "after")
    .addEdge("after", END)
    .compile({ checkpointer: saver });
}

/** A place in a graph at which a run waits until it is let go. */
export class Gate {
  readonly #reached = Promise.withResolvers<void>();
  readonly #open = Promise.withResolvers<void>();
  /** Resolves when a run waits here. */
  readonly reached: Promise<void> = this.#reached.promise;

  readonly pass = (): Promise<void> => {
    this.#reached.resolve();
    return this.#open.promise;
  };

  /** Lets runs go on. */
  open(): void {
    this.#open.resolve();
  }
}
