/**
 * Target 4: what a step sends and what is kept of it.
 *
 * @module
 */
import { startEmulatorTask } from "../../emulator/emulator_task.ts";
import type { Effort, Outcome, TargetKey } from "../catalogue.ts";
import { startPostgres } from "../kit/peers.ts";
import { Program } from "../kit/program.ts";
import type { StorageRequest, Stored, Workload } from "../programs/storage.ts";
import { figure, table } from "../report.ts";

const STEPS = 100;

const WORKLOADS: readonly (readonly [Workload, TargetKey, string])[] = [
  ["conversation", "storageConversation", "a conversation that grows by 400 bytes a step"],
  ["document", "storageDocument", "a document of 500 KB and a counter"],
  ["wide", "storageWide", "500 channels of 100 bytes, 5 of which change"],
];

/** Runs the same workloads on Kusto and on PostgreSQL and compares what is there afterwards. */
export async function measureStorage({ quick }: Effort): Promise<Outcome> {
  const steps = quick ? 10 : STEPS;
  await using postgres = await startPostgres();
  await using kusto = await startEmulatorTask();
  await using program = await Program.start("storage", "Deno");
  const kustoPort = Number(new URL(kusto.url).port);
  const run = (saver: StorageRequest["saver"], port: number, workload: Workload) =>
    program.ask<Stored>({ saver, port, workload, steps } satisfies StorageRequest);
  const values: Partial<Record<TargetKey, number>> = {};
  const rows = [[
    `a step, of ${steps}`,
    "sent to Kusto and kept there, before its compression",
    'sent with `compression: "gzip"`',
    "kept in PostgreSQL's tables",
  ]];
  for (const [workload, key, what] of WORKLOADS) {
    const ours = await run("KustoSaver", kustoPort, workload);
    const theirs = await run("PostgresSaver", postgres.port, workload);
    values[key] = ours.kept / theirs.kept;
    rows.push([what, ...[ours.kept, ours.packed, theirs.kept].map((n) => kilobytes(n / steps))]);
  }
  return { values, details: table(rows) };
}

function kilobytes(bytes: number): string {
  return `${figure(bytes / 1000)} KB`;
}
