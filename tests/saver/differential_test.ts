import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Bench, type BenchOptions, PROGRAM, type Program } from "./differential_kit.ts";

const RUNS = Number(Deno.env.get("DIFFERENTIAL_RUNS") ?? 33);
const SEED = Number(Deno.env.get("DIFFERENTIAL_SEED") ?? 20_260_101);

async function compare(program: Program, options: BenchOptions): Promise<void> {
  await using bench = await Bench.open(options);
  for (const step of program) {
    const [actual, expected] = await bench.run(step);
    assertEquals(actual, expected, JSON.stringify(step));
  }
  for (const [actual, expected] of await bench.everything()) assertEquals(actual, expected);
}

async function compareMany(options: Omit<BenchOptions, "seed">): Promise<void> {
  const property = fc.asyncProperty(PROGRAM, fc.integer(), async (program, seed) => {
    await compare(program, { ...options, seed });
  });
  await fc.assert(property, { numRuns: RUNS, seed: SEED });
}

Deno.test("Random programs of two processes give what memory gives", async () => {
  await compareMany({});
});

Deno.test("Random programs give what memory gives while a third of all requests fail", async () => {
  await compareMany({ trouble: 0.3 });
});

Deno.test("Random programs give what memory gives before their rows are visible", async () => {
  await compareMany({ trouble: 0.3, visibilityDelayMs: 3_600_000 });
});
