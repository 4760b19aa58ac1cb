import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Bench, type BenchOptions, PROGRAM, type Program } from "./differential_kit.ts";

/** How many programs, about 18 steps each; `deno task test:long` takes more. */
const RUNS = Number(Deno.env.get("DIFFERENTIAL_RUNS") ?? 60);
const SEED = Number(Deno.env.get("DIFFERENTIAL_SEED") ?? 20_260_101);

async function compare(program: Program, options: BenchOptions): Promise<void> {
  await using bench = await Bench.open(options);
  for (const step of program) {
    const [actual, expected] = await bench.run(step);
    assertEquals(actual, expected, JSON.stringify(step));
  }
  for (const [actual, expected] of await bench.everything()) assertEquals(actual, expected);
}

/** Rows come into sight at once, while the program runs, or when another process takes over. */
const SOONER_OR_LATER = fc.constantFrom(0, 40, 200, 240_000);

async function compareMany(
  options: Omit<BenchOptions, "seed">,
  delay: fc.Arbitrary<number> = fc.constant(0),
): Promise<void> {
  const property = fc.asyncProperty(
    PROGRAM,
    delay,
    fc.nat(),
    (program, visibilityDelayMs, seed) => compare(program, { ...options, visibilityDelayMs, seed }),
  );
  await fc.assert(property, { numRuns: RUNS, seed: SEED });
}

Deno.test("Random programs of two processes give what memory gives", async () => {
  await compareMany({});
});

Deno.test("Random programs give what memory gives while a third of all requests are disturbed", async () => {
  await compareMany({ trouble: 0.3 });
});

Deno.test("Random programs give what memory gives before their rows are visible", async () => {
  await compareMany({ trouble: 0.3 }, SOONER_OR_LATER);
});

Deno.test("Random programs give what memory gives before their rows are durable", async () => {
  await compareMany({ trouble: 0.3, durability: "buffered" }, SOONER_OR_LATER);
});

/** What the puts of written programs have in common. */
const PUT = {
  op: "put",
  run: 0,
  ns: 0,
  changed: null,
  source: "loop",
  tag: 0,
  runId: 0,
  v: 4,
} as const;

Deno.test("Channels of one delta history that end at different ancestors each end at their own", async () => {
  const writes = {
    op: "writes",
    run: 0,
    ns: 0,
    task: "task 1",
    path: "",
    writes: [[0, 0], [1, 2]],
  } as const;
  await compare([
    { op: "begin", saver: 0, thread: 0 },
    { ...PUT, id: 1, parent: 0, values: [0, 1, null] },
    { ...writes, id: 1 },
    { ...PUT, id: 2, parent: 1, values: [2, null, null] },
    { ...writes, id: 2 },
    { ...PUT, id: 3, parent: 1, values: [null, null, null] },
    { op: "history", saver: 1, thread: 0, ns: 0, id: 3 },
    { op: "history", saver: 1, thread: 0, ns: 0, id: null },
  ], { seed: 1 });
});

Deno.test("A write that gave way to one of another channel is no part of a delta history", async () => {
  const write = { op: "writes", run: 0, ns: 0, id: 1, task: "task 1", path: "" } as const;
  await compare([
    { op: "begin", saver: 0, thread: 0 },
    { ...write, writes: [[5, 0]] },
    { ...write, writes: [[0, 2]] },
    { ...PUT, id: 1, parent: 0, values: [null, null, null] },
    { ...PUT, id: 2, parent: 1, values: [null, null, null] },
    { op: "history", saver: 1, thread: 0, ns: 0, id: 2 },
  ], { seed: 1 });
});
