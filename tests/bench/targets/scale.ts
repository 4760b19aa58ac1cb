/**
 * Target 7: ten thousand live threads on a cluster of 16 cores, in simulated time.
 *
 * @module
 */
import type { Effort, Outcome } from "../catalogue.ts";
import { Program } from "../kit/program.ts";
import { percentile } from "../kit/statistics.ts";
import type { Scaled, ScaleRequest } from "../programs/scale.ts";
import { figure, table } from "../report.ts";

const CLUSTER = { slots: 96, latencyMs: 150 };
const THREADS = 10_000;
/** A step of each thread in so many milliseconds comes near the ceiling of streaming ingestion. */
const PAUSE_MS = 27_000;
const GB = 1e9;

interface Scenario {
  readonly processes: number;
  readonly pauseMs: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** As many steps as streaming ingestion is meant for, then as many as the slots take. */
const SCENARIOS: readonly Scenario[] = [
  { processes: 1, pauseMs: PAUSE_MS, warmUpSeconds: 15, seconds: 15 },
  { processes: 4, pauseMs: PAUSE_MS, warmUpSeconds: 15, seconds: 15 },
  { processes: 16, pauseMs: PAUSE_MS, warmUpSeconds: 15, seconds: 15 },
  { processes: 24, pauseMs: 1, warmUpSeconds: 2, seconds: 1 },
];
const STEADY = SCENARIOS[1]!;
const FULL = SCENARIOS[3]!;

/** Simulates and counts. */
export async function measureScale({ quick }: Effort): Promise<Outcome> {
  await using program = await Program.start("scale", "Deno", ["--v8-flags=--expose-gc"]);
  const found = new Map<Scenario, Scaled>();
  for (const scenario of SCENARIOS) {
    const request: ScaleRequest = {
      ...scenario,
      cluster: CLUSTER,
      threads: quick ? THREADS / 20 : THREADS,
    };
    const scaled = await program.ask<Scaled>(request);
    if (scaled.failures > 0) throw new Error(`${scaled.failures} calls failed`);
    found.set(scenario, scaled);
  }
  const steady = found.get(STEADY)!;
  return {
    values: {
      scaleSteps: found.get(FULL)!.steps / FULL.seconds,
      scaleWait: percentile(steady.waits, 0.99),
      scaleMemory: steady.bytesAThread / 1000,
      scaleTable: gigabytesAnHour(STEADY, steady),
    },
    details: table([HEAD, ...Array.from(found, ([scenario, scaled]) => rowOf(scenario, scaled))]),
  };
}

const HEAD = [
  "processes",
  "a thread's pause",
  "steps a second",
  "wait: half",
  "99 %",
  "longest",
  "ingest requests a second",
  "rows a request",
  "slots in use, at most",
  "refused",
  "into `Checkpoints`",
  "memory of a thread",
];

function rowOf(scenario: Scenario, { steps, waits, traffic, bytesAThread }: Scaled): string[] {
  const { processes, pauseMs, seconds } = scenario;
  const wait = (part: number) => `${percentile(waits, part).toFixed(0)} ms`;
  return [
    String(processes),
    pauseMs < 1000 ? "none" : `${pauseMs / 1000} s`,
    figure(steps / seconds),
    wait(0.5),
    wait(0.99),
    wait(1),
    figure(traffic.ingests / seconds),
    figure(traffic.rows / traffic.ingests),
    String(traffic.peak),
    String(traffic.refused),
    `${figure(gigabytesAnHour(scenario, { traffic }))} GB an hour`,
    `${figure(bytesAThread / 1000)} kB`,
  ];
}

function gigabytesAnHour({ seconds }: Scenario, { traffic }: Pick<Scaled, "traffic">): number {
  return traffic.bytes.Checkpoints! / seconds * 3600 / GB;
}
