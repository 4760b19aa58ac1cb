/**
 * Random programs on a saver and on the reference in memory, side by side.
 *
 * @module
 */
import type { CheckpointTuple, PendingWrite } from "@langchain/langgraph-checkpoint";
import type { RunnableConfig } from "@langchain/core/runnables";
import fc from "fast-check";
import { KustoInputError, type KustoSaver, type KustoSaverOptions } from "../../mod.ts";
import { seeded } from "./graph_kit.ts";
import { checkpointOf, Lab } from "./kit.ts";
import { MemoryOperations } from "./memory_operations.ts";

const THREADS = ["one", "two"] as const;
/** Where threads are copied to: to one another, and to one that nobody else writes to. */
const COPIES = [...THREADS, "three"] as const;
const NAMESPACES = ["", "child:1"] as const;
const CHANNELS = ["a", "b", "free"] as const;
const WRITE_CHANNELS = [
  "a",
  "b",
  "__error__",
  "__interrupt__",
  "__resume__",
  "__pregel_tasks",
] as const;
const VALUES: readonly unknown[] = [
  "text",
  "2024-01-01T00:00:00Z",
  "12345678901234567890",
  null,
  undefined,
  0,
  {
    deep: [1, "2", { k: "00000000-0000-0000-0000-000000000001" }],
    bytes: new Uint8Array([0, 255]),
  },
  "x".repeat(33_000),
  ["y".repeat(34_000)],
];
const TAGS: readonly unknown[] = ["t", "2024-01-01T00:00:00Z", 7, null, { deep: ["x"] }];
/** Ids of runs, one of them too long to be searched for. */
const RUNS: readonly string[] = ["run 1", "run 2", `run ${"3".repeat(300)}`];

const DAY_MS = 86_400_000;

/** What may happen to a request. */
export const DISTURBANCES = [
  "throttle",
  "serviceError",
  "reset",
  "lostReply",
  "duplicate",
  "cutBody",
] as const;

/** A position in a list of what can be chosen from. */
type Index = number;

/** A call, or a process that begins anew. */
export type Step =
  /** A run reads the thread; what it writes later belongs to the life that it saw. */
  | { readonly op: "begin"; readonly saver: Index; readonly thread: Index }
  | {
    readonly op: "put";
    readonly run: Index;
    readonly ns: Index;
    readonly id: number;
    readonly parent: Index;
    readonly values: readonly (Index | null)[];
    readonly changed: readonly Index[] | null;
    readonly source: "input" | "loop" | "fork";
    readonly tag: Index;
    readonly runId: Index;
    readonly v: 1 | 4;
  }
  | {
    readonly op: "writes";
    readonly run: Index;
    readonly ns: Index;
    readonly id: number;
    readonly task: string;
    readonly path: string;
    readonly writes: readonly (readonly [channel: Index, value: Index])[];
  }
  | {
    readonly op: "get" | "history";
    readonly saver: Index;
    readonly thread: Index;
    readonly ns: Index;
    readonly id: number | null;
  }
  | {
    readonly op: "list";
    readonly saver: Index;
    readonly thread: Index | null;
    readonly ns: Index | null;
    readonly id: number | null;
    readonly before: number | null;
    readonly limit: number | null;
    readonly filter: Readonly<Record<string, Index>>;
  }
  | { readonly op: "delete"; readonly saver: Index; readonly thread: Index }
  | {
    readonly op: "prune";
    readonly saver: Index;
    readonly threads: readonly Index[];
    readonly strategy: "keep_latest" | "delete";
  }
  | { readonly op: "deleteRuns"; readonly saver: Index; readonly runs: readonly Index[] }
  | { readonly op: "copy"; readonly saver: Index; readonly from: Index; readonly to: Index }
  | { readonly op: "threads" | "restart"; readonly saver: Index };

/** Steps, one after the other. */
export type Program = readonly Step[];

// Few ids and few places, so that calls meet.
const id = fc.integer({ min: 1, max: 4 });
const mostlyFirst = fc.constantFrom(0, 0, 0, 1);
const index = (list: readonly unknown[]) => fc.nat(list.length - 1);
const saver = fc.nat(1);

const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ op: fc.constant("begin"), saver, thread: mostlyFirst }) },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant("put"),
      run: fc.constantFrom(0, 0, 0, 1, 2),
      ns: mostlyFirst,
      id,
      parent: fc.nat(6),
      values: fc.tuple(...CHANNELS.map(() => fc.option(index(VALUES), { freq: 1 }))),
      changed: fc.option(fc.subarray([0, 1])),
      source: fc.constantFrom("input", "loop", "loop", "fork"),
      tag: index(TAGS),
      runId: index(RUNS),
      v: fc.constantFrom(4, 4, 1),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant("writes"),
      run: fc.constantFrom(0, 0, 0, 1, 2),
      ns: mostlyFirst,
      id,
      task: fc.constantFrom("task 1", "task 2"),
      path: fc.constantFrom("", "~b", "~a"),
      writes: fc.array(fc.tuple(index(WRITE_CHANNELS), index(VALUES)), {
        minLength: 1,
        maxLength: 3,
      }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constantFrom("get", "get", "history"),
      saver,
      thread: mostlyFirst,
      ns: mostlyFirst,
      id: fc.option(id),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant("list"),
      saver,
      thread: fc.option(mostlyFirst),
      ns: fc.option(index(NAMESPACES)),
      id: fc.option(id, { freq: 1 }),
      before: fc.option(id),
      limit: fc.option(fc.integer({ min: -1, max: 3 })),
      filter: fc.record({ source: fc.nat(3), step: id, tag: fc.nat(TAGS.length) }, {
        requiredKeys: [],
      }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("delete"), saver, thread: mostlyFirst }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant("prune"),
      saver,
      threads: fc.subarray([0, 1]),
      strategy: fc.constantFrom("keep_latest", "keep_latest", "delete"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant("deleteRuns"),
      saver,
      runs: fc.subarray([0, 1, 2], { minLength: 1, maxLength: 2 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant("copy"),
      saver,
      from: fc.constantFrom(0, 0, 1),
      to: fc.constantFrom(1, 1, 2),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom("threads", "restart"), saver }) },
) as fc.Arbitrary<Step>;

/** Any program; a run begins in both processes, as nothing can be written without one. */
export const PROGRAM: fc.Arbitrary<Program> = fc
  .array(STEP, { minLength: 5, maxLength: 28, size: "max" })
  .map((steps) => [
    { op: "begin", saver: 1, thread: 0 },
    { op: "begin", saver: 0, thread: 0 },
    ...steps,
  ]);

interface Run {
  readonly saver: Index;
  readonly thread: string;
  readonly life: number;
  readonly control: object;
}

/** What a {@link Bench} is like. */
export interface BenchOptions {
  readonly seed: number;
  /** How long rows stay out of sight; a process that takes over waits for so long. */
  readonly visibilityDelayMs?: number;
  /** The probability that a request fails, gets lost or takes effect twice. */
  readonly trouble?: number;
  /** When writes resolve; a process flushes before another takes over. */
  readonly durability?: KustoSaverOptions["durability"];
}

/** Two processes on one service, and the reference. */
export class Bench implements AsyncDisposable {
  readonly #lab: Lab;
  readonly #open: () => KustoSaver;
  readonly #waitForRows: () => void;
  /** Whether a process does not see at once what another did. */
  readonly #lags: boolean;
  readonly #savers: KustoSaver[];
  readonly #model = new MemoryOperations();
  readonly #put = new Map<string, Set<string>>();
  #runs: Run[] = [];
  #unsettled: Promise<unknown>[] = [];
  /** The process that is at work. */
  #atWork: Index = 0;

  private constructor(
    lab: Lab,
    open: () => KustoSaver,
    lags: boolean,
    waitForRows: () => void,
  ) {
    this.#lab = lab;
    this.#open = open;
    this.#lags = lags;
    this.#waitForRows = waitForRows;
    this.#savers = [open(), open()];
  }

  /** Provisions a service and opens the savers. */
  static async open(
    { seed, visibilityDelayMs = 0, trouble = 0, durability = "acknowledged" }: BenchOptions,
  ): Promise<Bench> {
    // No two stamps are equal, and nobody waits.
    let time = Date.parse("2026-01-01T00:00:00Z");
    const now = () => ++time;
    const sleep = (ms: number) => {
      time += ms;
      return Promise.resolve();
    };
    const random = seeded(seed);
    const lab = await Lab.open({ now, random, visibilityDelayMs });
    for (const kind of DISTURBANCES) {
      if (trouble > 0) lab.emulator.trouble.add({ kind, rate: trouble / DISTURBANCES.length });
    }
    const options = {
      now,
      sleep,
      random,
      maxRetries: Infinity,
      deadlineMs: DAY_MS,
      deleteTimeoutMs: DAY_MS,
      compression: "none",
      durability,
      flushIntervalMs: 50,
    } as const;
    const lags = visibilityDelayMs > 0 || durability === "buffered";
    return new Bench(lab, () => lab.saver(options), lags, () => time += visibilityDelayMs);
  }

  /** Does a step on both sides; resolves to what each gives back. */
  async run(step: Step): Promise<[actual: unknown, expected: unknown]> {
    switch (step.op) {
      case "begin": {
        const thread = THREADS[step.thread]!;
        const run = { saver: step.saver, thread, life: this.#model.life(thread), control: {} };
        this.#runs.unshift(run);
        return await this.#read(step.saver, (s) => s.getTuple(configOf(run, "")));
      }
      case "put":
        return await this.#runPut(step);
      case "writes":
        return await this.#runWrites(step);
      case "get":
        return await this.#read(step.saver, (s) => s.getTuple(this.#config(step)));
      case "history": {
        const options = { config: this.#config(step), channels: ["a", "b"] };
        return await this.#read(step.saver, (s) => s.getDeltaChannelHistory(options));
      }
      case "list":
        return await this.#runList(step);
      case "delete":
        await this.#takeOver(step.saver);
        return await this.#both(step.saver, (s) => s.deleteThread(THREADS[step.thread]!));
      case "prune": {
        const { saver, strategy } = step;
        const threadIds = step.threads.map((thread) => THREADS[thread]!);
        return await this.#read(saver, (s) => s.prune({ threadIds, strategy }));
      }
      case "deleteRuns": {
        const runIds = step.runs.map((run) => RUNS[run]!);
        return await this.#read(step.saver, (s) => s.deleteForRuns(runIds));
      }
      case "copy":
        return await this.#read(
          step.saver,
          (s) => copied(s, THREADS[step.from]!, COPIES[step.to]!),
        );
      case "threads":
        return await this.#read(step.saver, threadsOf);
      case "restart": {
        await this.#handOver();
        this.#savers[step.saver] = this.#open();
        this.#runs = this.#runs.filter((run) => run.saver !== step.saver);
        return [0, 0];
      }
    }
  }

  /** What both processes and a third can read in the end. */
  async everything(): Promise<[actual: unknown, expected: unknown][]> {
    const pairs: [unknown, unknown][] = [];
    this.#savers.push(this.#open());
    for (const saver of this.#savers.keys()) {
      pairs.push(await this.#read(saver, (s) => Array.fromAsync(s.list({}))));
    }
    for (const thread of THREADS.keys()) {
      for (const ns of NAMESPACES.keys()) {
        const config = this.#config({ thread, ns, id: null });
        pairs.push(await this.#read(ns, (s) => s.getTuple(config)));
        const options = { config, channels: ["a", "b"] };
        pairs.push(await this.#read(thread, (s) => s.getDeltaChannelHistory(options)));
      }
    }
    return pairs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lab.emulator.trouble.clear();
    await this.#lab[Symbol.asyncDispose]();
  }

  async #runPut(step: Step & { op: "put" }): Promise<[unknown, unknown]> {
    const run = this.#runs[step.run % this.#runs.length];
    if (!run) return [0, 0];
    const ns = NAMESPACES[step.ns]!;
    const checkpointId = idOf(run.life, step.id);
    const known = this.#put.get(`${run.thread} ${ns}`) ?? new Set();
    this.#put.set(`${run.thread} ${ns}`, known);
    // A parent is always there and older: a chain with a gap or a circle is a test of its own.
    const parents = [...known].filter((other) =>
      other < checkpointId && other.startsWith(`${run.life}-`)
    );
    const parent = step.parent === 0 ? undefined : parents[step.parent % parents.length];
    known.add(checkpointId);
    const values = Object.fromEntries(
      CHANNELS.flatMap((channel, n) =>
        step.values[n] === null ? [] : [[channel, VALUES[step.values[n]!]]]
      ),
    );
    const checkpoint = checkpointOf(checkpointId, values, {
      v: step.v,
      channel_versions: { a: step.id, b: step.id },
      versions_seen: { node: { a: step.id } },
    });
    const metadata = {
      source: step.source,
      step: step.id,
      parents: {},
      tag: TAGS[step.tag],
      run_id: RUNS[step.runId],
    };
    const changed = step.changed === null
      ? undefined
      : Object.fromEntries(step.changed.map((n) => [CHANNELS[n]!, step.id]));
    const config = configOf(run, ns, parent);
    return await this.#write(run.saver, (s) => s.put(config, checkpoint, metadata, changed));
  }

  async #runWrites(step: Step & { op: "writes" }): Promise<[unknown, unknown]> {
    const run = this.#runs[step.run % this.#runs.length];
    if (!run) return [0, 0];
    const writes = step.writes.map(([channel, value]): PendingWrite => [
      WRITE_CHANNELS[channel]!,
      VALUES[value],
    ]);
    const config = configOf(run, NAMESPACES[step.ns]!, idOf(run.life, step.id));
    return await this.#write(
      run.saver,
      (s) => s.putWrites(config, writes, step.task, step.path),
    );
  }

  async #runList(step: Step & { op: "list" }): Promise<[unknown, unknown]> {
    const life = this.#model.life(THREADS[step.thread ?? 0]!);
    const configurable = {
      ...(step.thread !== null && { thread_id: THREADS[step.thread] }),
      ...(step.ns !== null && { checkpoint_ns: NAMESPACES[step.ns] }),
      ...(step.id !== null && { checkpoint_id: idOf(life, step.id) }),
    };
    const { source, step: number, tag } = step.filter;
    const filter = {
      ...(source !== undefined && { source: ["input", "loop", "fork", "update"][source] }),
      ...(number !== undefined && { step: number }),
      ...(tag !== undefined && { tag: TAGS[tag] }),
    };
    const options = {
      ...(step.before !== null && {
        before: { configurable: { checkpoint_id: idOf(life, step.before) } },
      }),
      ...(step.limit !== null && { limit: step.limit }),
      filter,
    };
    return await this.#read(
      step.saver,
      (s): Promise<CheckpointTuple[]> => Array.fromAsync(s.list({ configurable }, options)),
    );
  }

  /** Writes without waiting: what is called first counts as first, whatever gets there first. */
  async #write(
    saver: Index,
    call: (saver: KustoSaver | MemoryOperations) => Promise<unknown>,
  ): Promise<[unknown, unknown]> {
    await this.#takeOver(saver);
    this.#unsettled.push(call(this.#savers[saver]!));
    await call(this.#model);
    return [0, 0];
  }

  /** Reads what all calls before it left, one's own without waiting until it is visible. */
  async #read(
    saver: Index,
    call: (saver: KustoSaver | MemoryOperations) => Promise<unknown>,
  ): Promise<[unknown, unknown]> {
    await this.#takeOver(saver);
    await this.#settle();
    return await this.#both(saver, call);
  }

  async #both(
    saver: Index,
    call: (saver: KustoSaver | MemoryOperations) => Promise<unknown>,
  ): Promise<[unknown, unknown]> {
    return [await call(this.#savers[saver]!), await call(this.#model)];
  }

  /** Makes a process the one that is at work, once it can see what the other one did. */
  async #takeOver(saver: Index): Promise<void> {
    if (saver === this.#atWork) return;
    if (this.#lags) await this.#handOver();
    this.#atWork = saver;
  }

  async #handOver(): Promise<void> {
    await this.#settle();
    await this.#savers[this.#atWork]!.flush();
    this.#waitForRows();
  }

  async #settle(): Promise<void> {
    const unsettled = this.#unsettled;
    this.#unsettled = [];
    await Promise.all(unsettled);
  }

  #config({ thread, ns, id }: { thread: Index; ns: Index; id: number | null }): RunnableConfig {
    const threadId = THREADS[thread]!;
    return {
      configurable: {
        thread_id: threadId,
        checkpoint_ns: NAMESPACES[ns]!,
        ...(id !== null && { checkpoint_id: idOf(this.#model.life(threadId), id) }),
      },
    };
  }
}

/** How a copy ended: how many checkpoints there are, or that it was refused. */
async function copied(saver: KustoSaver | MemoryOperations, from: string, to: string) {
  try {
    const { checkpoints, left, present } = await saver.copyThread(from, to);
    return { checkpoints, left, present };
  } catch (error) {
    if (error instanceof KustoInputError) return "refused";
    throw error;
  }
}

/** All threads, without the times at which they were active. */
async function threadsOf(saver: KustoSaver | MemoryOperations) {
  const threads = await Array.fromAsync(
    saver.listThreads(),
    ({ threadId, namespaces, checkpoints, latestCheckpointId }) => ({
      threadId,
      namespaces,
      checkpoints,
      latestCheckpointId,
    }),
  );
  return threads.sort((a, b) => a.threadId < b.threadId ? -1 : 1);
}

/** Ids are made anew in each life of a thread, as LangGraph's are. */
function idOf(life: number, number: number): string {
  return `${life}-${number}`;
}

function configOf(run: Run, checkpoint_ns: string, checkpoint_id?: string): RunnableConfig {
  return {
    configurable: {
      thread_id: run.thread,
      checkpoint_ns,
      ...(checkpoint_id !== undefined && { checkpoint_id }),
    },
    control: run.control,
  } as RunnableConfig;
}
