/**
 * What is measured, and against which bound: the table of `deno task bench` and of the README.
 *
 * @module
 */

/** The groups of the table, in its order. */
export const GROUPS = {
  roundTrips: "Round trips",
  cpu: "Processor time",
  flat: "Flat",
  storage: "Storage",
  delta: "Delta channels",
  start: "Start",
  scale: "Scale",
} as const;

/** One of {@link GROUPS}. */
export type Group = keyof typeof GROUPS;

/** One line of the table. */
export interface Target {
  readonly group: Group;
  /** What is measured; names the line. */
  readonly what: string;
  /** What it is measured in; `x` is a ratio. */
  readonly unit: string;
  /** The bound; without one the line only reports. */
  readonly bound?: { readonly most: number } | { readonly least: number };
}

const most = (most: number) => ({ bound: { most } });
const least = (least: number) => ({ bound: { least } });

/** The runtimes on which processor time is measured. */
export const RUNTIMES = ["Deno", "Bun", "Node"] as const;

/** One of {@link RUNTIMES}. */
export type Runtime = typeof RUNTIMES[number];

/** The calls whose processor time is measured. */
export const CALLS = ["put", "getTuple"] as const;

/** One of {@link CALLS}. */
export type CallName = typeof CALLS[number];

/** The key of a line about processor time. */
export type CpuKey = `${CallName} ${"floor" | "SDK"} ${Runtime}`;

function cpuTargets(): Readonly<Record<CpuKey, Target>> {
  const lines = CALLS.flatMap((call) =>
    RUNTIMES.flatMap((runtime): [CpuKey, Target][] => [
      [`${call} floor ${runtime}`, {
        group: "cpu",
        what: `\`${call}\` on ${runtime}, beside the floor, at worst`,
        unit: "x",
        ...most(1.3),
      }],
      [`${call} SDK ${runtime}`, {
        group: "cpu",
        what: `\`${call}\` on ${runtime}, beside a saver on the official SDK, at worst`,
        unit: "x",
        ...most(runtime === "Node" ? 0.8 : 0.5),
      }],
    ])
  );
  return Object.fromEntries(lines) as Record<CpuKey, Target>;
}

/** All lines, by the key under which a measurement gives its value. */
export const TARGETS = {
  getTuple: {
    group: "roundTrips",
    what: "`getTuple`",
    unit: "requests",
    ...most(1),
  },
  put: {
    group: "roundTrips",
    what: "a lone `put` of small state",
    unit: "requests",
    ...most(1),
  },
  putWrites: {
    group: "roundTrips",
    what: "`putWrites` of 50 tasks of one superstep, together",
    unit: "requests",
    ...most(3),
  },
  run: {
    group: "roundTrips",
    what: "a graph of 10 steps, 25 ms away: time beside `PostgresSaver`",
    unit: "x",
    ...most(0.2),
  },
  manyRequests: {
    group: "roundTrips",
    what: "64 such graphs at once: ingest requests for each `put`",
    unit: "requests",
    ...most(0.1),
  },
  manyThroughput: {
    group: "roundTrips",
    what: "64 such graphs at once: graphs a second beside `PostgresSaver` with its default pool",
    unit: "x",
    ...least(10),
  },
  ...cpuTargets(),
  flatCost: {
    group: "flat",
    what: "a thread of 10 000 checkpoints beside one of 10: processor time of the client, at worst",
    unit: "x",
    ...most(1.2),
  },
  flatRequests: {
    group: "flat",
    what: "the same: requests",
    unit: "x",
    ...most(1),
  },
  flatBytes: {
    group: "flat",
    what: "the same: bytes both ways",
    unit: "x",
    ...most(1.02),
  },
  flatEngine: {
    group: "flat",
    what:
      "the same: time that the length adds in the embedded Kusto, rows ten times as wide beside narrow ones",
    unit: "x",
    ...most(1.2),
  },
  flatUnchanged: {
    group: "flat",
    what: "an unchanged channel of 500 KB in a run of 20 steps",
    unit: "times sent",
    ...most(1),
  },
  storageConversation: {
    group: "storage",
    what:
      "a growing conversation: bytes kept, before Kusto's compression, beside PostgreSQL's tables",
    unit: "x",
  },
  storageDocument: {
    group: "storage",
    what: "a document of 500 KB that does not change: the same",
    unit: "x",
  },
  storageWide: {
    group: "storage",
    what: "500 channels of which 5 change a step: the same",
    unit: "x",
  },
  deltaRequests: {
    group: "delta",
    what: "`getDeltaChannelHistory` over 1 000 ancestors",
    unit: "requests",
    ...most(2),
  },
  deltaJump: {
    group: "delta",
    what: "`getDeltaChannelHistory`, for a jump outside of the page",
    unit: "requests more",
    ...most(1),
  },
  startImport: {
    group: "start",
    what: "import, after `@langchain/langgraph-checkpoint`, on the slowest of three runtimes",
    unit: "ms",
    ...most(5),
  },
  startBundle: {
    group: "start",
    what: "what the library adds to a bundle at once, minified and compressed",
    unit: "kB",
    ...most(15),
  },
  startBundleCall: {
    group: "start",
    what: "what a saver's first call loads, minified and compressed",
    unit: "kB",
  },
  startMemory: {
    group: "start",
    what: "memory of a saver that was made",
    unit: "kB",
  },
  startCold: {
    group: "start",
    what: "the first request of an edge function that reads a state, on workerd",
    unit: "ms",
  },
  scaleWait: {
    group: "scale",
    what: "10 000 live threads, a step each 27 s, 150 ms a request: wait of 99 % of the steps",
    unit: "ms",
  },
  scaleTable: {
    group: "scale",
    what: "the same: into the largest table, where streaming is meant for 4",
    unit: "GB an hour",
  },
  scaleMemory: {
    group: "scale",
    what: "the same: memory of a live thread",
    unit: "kB",
  },
  scaleSteps: {
    group: "scale",
    what: "the most steps on 96 ingest requests at once, by 24 processes",
    unit: "steps a second",
  },
} as const satisfies Readonly<Record<string, Target>>;

/** A line's key. */
export type TargetKey = keyof typeof TARGETS;

/** Whether a value keeps to its bound; `undefined` where there is none. */
export function holds({ bound }: Target, value: number): boolean | undefined {
  if (!bound) return undefined;
  return "most" in bound ? value <= bound.most : value >= bound.least;
}

/** What one measurement found. */
export interface Outcome {
  readonly values: Partial<Readonly<Record<TargetKey, number>>>;
  /** Tables for the long page, as Markdown. */
  readonly details: string;
}

/** How much to measure. */
export interface Effort {
  /** Whether only to see that everything works. */
  readonly quick: boolean;
  /** A number of rounds, fewer when it is to be quick. */
  readonly rounds: (count: number) => number;
}

/** Measures the lines of one group. */
export type Measure = (effort: Effort) => Promise<Outcome>;
