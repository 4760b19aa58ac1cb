/**
 * Target 7: ten thousand live threads on a cluster of 16 cores, in simulated time.
 *
 * @module
 */
import type { Effort, Outcome } from "../catalogue.ts";
import { at, checkpointOf, Lab, LOOP } from "../../saver/kit.ts";
import { Program } from "../kit/program.ts";
import { percentile } from "../kit/statistics.ts";
import type { Scaled, ScaleRequest } from "../programs/scale.ts";
import { proseOf } from "../programs/states.ts";
import { figure, table } from "../report.ts";

const CLUSTER = { slots: 96, latencyMs: 150 };
const THREADS = 10_000;
/** A step of each thread in so many milliseconds comes near the ceiling of streaming ingestion. */
const PAUSE_MS = 27_000;
const GB = 1e9;
/** Above it Kusto's documentation advises queued ingestion, by table. */
const CEILING_GB = 4;
const SLOTS_A_CORE = 6;
/** Two into each of the tables that most steps write to. */
const REQUESTS_A_PROCESS = 4;
const CORES = [2, 4, 16, 64];
const STATES = [500, 2_000, 10_000, 30_000, 100_000, 500_000];

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
    details: [
      table([HEAD, ...Array.from(found, ([scenario, scaled]) => rowOf(scenario, scaled))]),
      await stepsWithinCeiling(),
      processesOnCores(),
    ].join("\n\n"),
  };
}

/** How many steps streaming ingestion is meant for, by the size of what a step changes. */
async function stepsWithinCeiling(): Promise<string> {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const rows = [[
    "a step changes",
    "`Checkpoints`",
    "`CheckpointBlobs`",
    "steps a second within 4 GB an hour",
  ]];
  for (const size of STATES) {
    const thread = String(size);
    await saver.getTuple(at(thread));
    lab.emulator.requests.clear();
    const checkpoint = checkpointOf("1", { messages: proseOf(size, size) });
    await saver.put(at(thread), checkpoint, LOOP, { messages: 1 });
    const bytesOf = (table: string) =>
      lab.emulator.requests.records
        .reduce(
          (sum, { subject, requestBytes }) => sum + (subject === table ? requestBytes : 0),
          0,
        );
    const [checkpoints, blobs] = [bytesOf("Checkpoints"), bytesOf("CheckpointBlobs")];
    const steps = CEILING_GB * GB / 3600 / Math.max(checkpoints, blobs);
    rows.push([...[size, checkpoints, blobs].map((n) => `${figure(n / 1000)} KB`), figure(steps)]);
  }
  return table(rows);
}

/** How many processes use all ingest requests that a cluster takes at once. */
function processesOnCores(): string {
  const rows = CORES.map((cores) => {
    const slots = cores * SLOTS_A_CORE;
    const requests = slots * 1000 / CLUSTER.latencyMs;
    return [cores, slots, slots / REQUESTS_A_PROCESS, requests].map(figure);
  });
  return table([
    [
      "cores",
      "ingest requests at once",
      "processes that use all of them",
      `requests a second, ${CLUSTER.latencyMs} ms each`,
    ],
    ...rows,
  ]);
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
