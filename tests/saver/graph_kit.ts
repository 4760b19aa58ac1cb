/**
 * Compiled graphs to run on any saver, and what is compared of their runs.
 *
 * @module
 */
import {
  Annotation,
  type BaseCheckpointSaver,
  Command,
  DeltaChannel,
  END,
  entrypoint,
  interrupt,
  type LangGraphRunnableConfig,
  Send,
  START,
  StateGraph,
  task,
} from "@langchain/langgraph";
import type { RunnableConfig } from "@langchain/core/runnables";
import { assertEquals } from "@std/assert";

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** When LangGraph stores what a run does. */
export type Durability = "sync" | "async" | "exit";

/** A program of runs on graphs. */
export interface Scenario {
  readonly name: string;
  /**
   * Runs it.
   *
   * @param open A saver on the same storage, each time as another process would have it.
   * @returns All that can be seen of the runs.
   */
  readonly run: (open: () => BaseCheckpointSaver, durability: Durability) => Promise<unknown>;
}

/** A thread's configuration. */
export function thread(thread_id: string, durability: Durability) {
  return { configurable: { thread_id }, durability };
}

const Log = Annotation.Root({
  log: Annotation<string[]>({ reducer: (a, b) => a.concat(b), default: () => [] }),
  last: Annotation<string | undefined>,
});

/** The part of a compiled graph that tells of its past. */
interface Historian {
  getStateHistory(config: RunnableConfig): AsyncIterableIterator<unknown>;
  getState(config: RunnableConfig, options?: { subgraphs?: boolean }): Promise<unknown>;
}

async function pastOf(graph: Historian, config: RunnableConfig) {
  return {
    state: await graph.getState(config, { subgraphs: true }),
    history: await Array.fromAsync(graph.getStateHistory(config)),
  };
}

/** The answer to an interrupt, for any graph. */
function answering(answer: unknown) {
  return new Command<unknown, Record<string, never>, never>({ resume: answer });
}

function stepping(saver: BaseCheckpointSaver) {
  return new StateGraph(Log)
    .addNode("a", () => ({ log: ["a"], last: "a" }))
    .addNode("b", ({ log }) => ({ log: [`b after ${log.length}`] }))
    .addNode("c", ({ log }) => ({ log: [`c after ${log.length}`], last: undefined }))
    .addEdge(START, "a")
    .addEdge("a", "b")
    .addEdge("b", "c")
    .addEdge("c", END)
    .compile({ checkpointer: saver });
}

function asking(saver: BaseCheckpointSaver) {
  const ask = (name: string) => () => {
    const first = interrupt({ from: name, ask: "first" });
    const second = interrupt({ from: name, ask: `second after ${first}` });
    return { log: [`${name}: ${first}, ${second}`] };
  };
  return new StateGraph(Log)
    .addNode("quick", () => ({ log: ["quick"] }))
    .addNode("left", ask("left"))
    .addNode("right", ask("right"))
    .addNode("join", ({ log }) => ({ last: log.join("; ") }))
    .addEdge(START, "quick")
    .addEdge(START, "left")
    .addEdge(START, "right")
    .addEdge(["quick", "left", "right"], "join")
    .addEdge("join", END)
    .compile({ checkpointer: saver });
}

function fanning(saver: BaseCheckpointSaver) {
  return new StateGraph(Log)
    .addNode("plan", () => ({ log: ["plan"] }))
    .addNode("work", ({ last }: { last?: string | undefined }) => {
      const answer = last === "3" ? interrupt("three?") : "yes";
      return { log: [`work ${last} ${answer}`] };
    })
    .addNode("sum", ({ log }) => ({ last: `${log.length} entries` }))
    .addEdge(START, "plan")
    .addConditionalEdges(
      "plan",
      () => Array.from({ length: 6 }, (_, n) => new Send("work", { last: String(n) })),
      ["work"],
    )
    .addEdge("work", "sum")
    .addEdge("sum", END)
    .compile({ checkpointer: saver });
}

function nesting(saver: BaseCheckpointSaver) {
  const inner = new StateGraph(Log)
    .addNode("x", () => ({ log: ["x"] }))
    .addNode("y", ({ log }) => ({ log: [`y ${log.length} ${interrupt("inner?")}`] }))
    .addEdge(START, "x")
    .addEdge("x", "y")
    .addEdge("y", END)
    .compile();
  const middle = new StateGraph(Log)
    .addNode("inner", inner)
    .addNode("after", () => ({ log: ["after"] }))
    .addEdge(START, "inner")
    .addEdge("inner", "after")
    .addEdge("after", END)
    .compile();
  return new StateGraph(Log)
    .addNode("middle", middle)
    .addNode("other", () => ({ log: ["other"] }))
    .addEdge(START, "middle")
    .addEdge("middle", "other")
    .addEdge("other", END)
    .compile({ checkpointer: saver });
}

function looping(saver: BaseCheckpointSaver) {
  const Counter = Annotation.Root({
    ...Log.spec,
    rounds: Annotation<number>({ reducer: (a, b) => a + b, default: () => 0 }),
  });
  const remembering = new StateGraph(Counter)
    .addNode("count", ({ rounds }) => ({ rounds: 1, last: `round ${rounds}` }))
    .addEdge(START, "count")
    .addEdge("count", END)
    .compile({ checkpointer: true });
  const Outer = Annotation.Root({ ...Log.spec, turn: Annotation<number> });
  return new StateGraph(Outer)
    .addNode("sub", async (_state, config) => {
      const { last } = await remembering.invoke({ log: ["in"] }, config);
      return { log: [last] };
    })
    .addNode("next", ({ turn = 0 }) => ({ turn: turn + 1 }))
    .addEdge(START, "sub")
    .addEdge("sub", "next")
    .addConditionalEdges("next", ({ turn }) => turn % 3 === 0 ? END : "sub", ["sub", END])
    .compile({ checkpointer: saver });
}

function conversing(saver: BaseCheckpointSaver) {
  const Delta = Annotation.Root({
    log: () =>
      new DeltaChannel<string[], string[]>(
        (state, writes) => state.concat(...writes),
        { snapshotFrequency: 4, initialValueFactory: () => [] },
      ),
    turns: Annotation<number>,
  });
  return new StateGraph(Delta)
    .addNode("answer", ({ log }) => ({ log: [`answer ${(log as string[]).length}`] }))
    .addNode("note", ({ turns = 0 }) => ({ log: ["note"], turns: turns + 1 }))
    .addEdge(START, "answer")
    .addEdge(START, "note")
    .addEdge("note", END)
    .compile({ checkpointer: saver });
}

function functional(saver: BaseCheckpointSaver) {
  const double = task("double", (n: number) => Promise.resolve(n * 2));
  const shout = task("shout", (text: string) => Promise.resolve(text.toUpperCase()));
  return entrypoint(
    { name: "flow", checkpointer: saver },
    async (numbers: number[], config: LangGraphRunnableConfig) => {
      const { previous } = config as { previous?: unknown };
      const doubled = await Promise.all(numbers.map((n) => double(n)));
      const answer = await shout(interrupt<unknown, string>({ doubled }));
      const sum = doubled.reduce((a, b) => a + b, 0) + Number(previous ?? 0);
      return entrypoint.final({ value: { answer, doubled, previous }, save: sum });
    },
  );
}

/** What a run came to: its result, or the message of its error. */
async function outcome(run: Promise<unknown>): Promise<unknown> {
  try {
    return await run;
  } catch (error) {
    return { error: (error as Error).message };
  }
}

/** The programs. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: "runs on one thread, one after the other",
    async run(open, durability) {
      const config = thread("t", durability);
      const results = [];
      for (let turn = 0; turn < 3; turn++) {
        results.push(await stepping(open()).invoke({ log: [`turn ${turn}`] }, config));
      }
      const past = await pastOf(stepping(open()), config);
      const other = await pastOf(stepping(open()), thread("other", durability));
      return { results, past, other };
    },
  },
  {
    name: "interrupts of parallel nodes, answered in other processes",
    async run(open, durability) {
      const config = thread("t", durability);
      const results: unknown[] = [await asking(open()).invoke({ log: ["in"] }, config)];
      results.push(await pastOf(asking(open()), config));
      for (let round = 0; round < 2; round++) {
        const { tasks } = await asking(open()).getState(config);
        const answers = tasks.flatMap(({ name, interrupts }) =>
          interrupts.map(({ id }) => [id, `${name} answer ${round}`])
        );
        const resume = answering(Object.fromEntries(answers));
        results.push(await asking(open()).invoke(resume, config));
        results.push(await pastOf(asking(open()), config));
      }
      return results;
    },
  },
  {
    name: "sends, one of which asks",
    async run(open, durability) {
      const config = thread("t", durability);
      const results: unknown[] = [await fanning(open()).invoke({ log: [] }, config)];
      results.push(await pastOf(fanning(open()), config));
      results.push(await fanning(open()).invoke(answering("go"), config));
      results.push(await pastOf(fanning(open()), config));
      return results;
    },
  },
  {
    name: "subgraphs in subgraphs",
    async run(open, durability) {
      const config = thread("t", durability);
      const results: unknown[] = [await nesting(open()).invoke({ log: ["in"] }, config)];
      results.push(await pastOf(nesting(open()), config));
      results.push(await nesting(open()).invoke(answering("yes"), config));
      results.push(await pastOf(nesting(open()), config));
      results.push(await nesting(open()).invoke({ log: ["again"] }, config));
      results.push(await nesting(open()).invoke(answering("no"), config));
      results.push(await pastOf(nesting(open()), config));
      return results;
    },
  },
  {
    name: "a subgraph in a loop that remembers",
    async run(open, durability) {
      const config = thread("t", durability);
      const first = await looping(open()).invoke({ log: [] }, config);
      const second = await looping(open()).invoke({ log: ["again"] }, config);
      return { first, second, past: await pastOf(looping(open()), config) };
    },
  },
  {
    name: "time travel and forks",
    async run(open, durability) {
      const config = thread("t", durability);
      const results: unknown[] = [await stepping(open()).invoke({ log: ["in"] }, config)];
      const history = await Array.fromAsync(stepping(open()).getStateHistory(config));
      for (const old of history) {
        const again = { ...old.config, durability };
        results.push(await outcome(stepping(open()).invoke(null, again)));
        results.push(await outcome(stepping(open()).invoke({ log: ["new"] }, again)));
        results.push(await outcome(stepping(open()).getState(again)));
        const fork = await outcome(
          stepping(open()).updateState(old.config, { log: ["fork"] }, "a"),
        );
        results.push(fork);
        if (!("configurable" in (fork as RunnableConfig))) continue;
        const onFork = { ...fork as RunnableConfig, durability };
        results.push(await outcome(stepping(open()).invoke(null, onFork)));
      }
      results.push(await stepping(open()).updateState(config, { last: "by hand" }, "b"));
      results.push(await stepping(open()).invoke(null, config));
      results.push(await pastOf(stepping(open()), config));
      return results;
    },
  },
  {
    name: "time travel to before an interrupt in a subgraph",
    async run(open, durability) {
      const config = thread("t", durability);
      await nesting(open()).invoke({ log: ["in"] }, config);
      await nesting(open()).invoke(answering("yes"), config);
      const results: unknown[] = [];
      for (const old of await Array.fromAsync(nesting(open()).getStateHistory(config))) {
        const again = { ...old.config, durability };
        results.push(await outcome(nesting(open()).invoke(null, again)));
        const resume = answering("other");
        results.push(await outcome(nesting(open()).invoke(resume, config)));
      }
      results.push(await pastOf(nesting(open()), config));
      return results;
    },
  },
  {
    name: "a delta channel with snapshots and forks",
    async run(open, durability) {
      const config = thread("t", durability);
      const results: unknown[] = [];
      for (let turn = 0; turn < 5; turn++) {
        results.push(await conversing(open()).invoke({ log: [`turn ${turn}`] }, config));
      }
      const history = await Array.fromAsync(conversing(open()).getStateHistory(config));
      results.push(history);
      const middle = history[history.length >> 1]!;
      results.push(
        await outcome(
          conversing(open()).invoke({ log: ["from the middle"] }, { ...middle.config, durability }),
        ),
      );
      results.push(
        await outcome(
          conversing(open()).updateState(middle.config, { log: ["by hand"] }, "note"),
        ),
      );
      results.push(await conversing(open()).invoke({ log: ["on"] }, config));
      results.push(await pastOf(conversing(open()), config));
      return results;
    },
  },
  {
    name: "the functional API",
    async run(open, durability) {
      const config = thread("t", durability);
      const results: unknown[] = [];
      for (const numbers of [[1, 2, 3], [4]]) {
        results.push(await functional(open()).invoke(numbers, config));
        results.push(await pastOf(functional(open()), config));
        const resume = new Command({ resume: `go ${numbers.length}` });
        results.push(await functional(open()).invoke(resume, config));
      }
      results.push(await pastOf(functional(open()), config));
      return results;
    },
  },
];

/**
 * An outcome without what differs from run to run: ids are numbered in the order in which they come
 * up, times are left out.
 */
export function comparable(outcome: unknown): unknown {
  const names = new Map<string, string>();
  const name = (id: string) => {
    if (!names.has(id)) names.set(id, `id ${names.size}`);
    return names.get(id)!;
  };
  const text = JSON.stringify(outcome, (_key, value) => canonical(value))
    .replaceAll(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|\b[0-9a-f]{32}\b/g, name)
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "(time)");
  return JSON.parse(text);
}

/** Keys in order, and what JSON would leave out named. */
function canonical(value: unknown): unknown {
  if (value === undefined) return "(undefined)";
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
}

/** Compares line by line, as whole histories are too long to read. */
export function assertSame(actual: unknown, expected: unknown): void {
  const [ours, theirs] = [actual, expected].map((value) => lines(value));
  const at = ours!.findIndex((line, n) => line !== theirs![n]);
  const excerpt = (all: string[]) => all.slice(Math.max(0, at - 12), at + 6);
  if (at >= 0) assertEquals(excerpt(ours!), excerpt(theirs!));
  assertEquals(ours!.length, theirs!.length);
}

function lines(value: unknown): string[] {
  return JSON.stringify(value, null, 1).split("\n");
}
