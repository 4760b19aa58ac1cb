/**
 * Target 2: the processor time of a call, where the service takes none.
 *
 * @module
 */
import { startEmulatorTask } from "../../emulator/emulator_task.ts";
import {
  CALLS,
  type CpuKey,
  type Effort,
  type Outcome,
  type Runtime,
  RUNTIMES,
} from "../catalogue.ts";
import { Program } from "../kit/program.ts";
import { median, ratio, takeTurns } from "../kit/statistics.ts";
import type { Caller, CpuRequest, CpuRun, GzipRun } from "../programs/cpu.ts";
import type { NullServerPort, NullServerRequest } from "../programs/null_server.ts";
import { figure, table } from "../report.ts";

const CALLERS: readonly Caller[] = ["KustoSaver", "floor", "SDK"];
const SIZES = [2_000, 20_000, 200_000];
/** Rounds until the runtimes have compiled what runs often. */
const WARM_UPS = 5;
/** As many calls a round as take some 50 milliseconds. */
const CALLS_A_ROUND: Readonly<Record<number, number>> = { 2_000: 100, 20_000: 50, 200_000: 10 };

/** Compares the saver's calls with the floor and with the official SDK's, on each runtime. */
export async function measureCpu(effort: Effort): Promise<Outcome> {
  const values: Partial<Record<CpuKey, number>> = {};
  const gzipRows = [["compressing", "takes", "saves", "pays off below"]];
  const rows = [[
    "microseconds of processor time",
    ...CALLERS,
    "beside the floor",
    "beside the SDK",
  ]];
  for (const runtime of RUNTIMES) {
    await using calls = await MeasuredCalls.open(runtime);
    for (const bytes of SIZES) gzipRows.push(gzipRow(runtime, await calls.compress(bytes, effort)));
    for (const call of CALLS) {
      for (const bytes of SIZES) {
        const times = await calls.measure(call, bytes, effort);
        const floor = ratio(times.KustoSaver, times.floor);
        const sdk = ratio(times.KustoSaver, times.SDK);
        values[`${call} floor ${runtime}`] = Math.max(
          values[`${call} floor ${runtime}`] ?? 0,
          floor,
        );
        values[`${call} SDK ${runtime}`] = Math.max(values[`${call} SDK ${runtime}`] ?? 0, sdk);
        rows.push([
          `\`${call}\` of ${bytes / 1000} KB on ${runtime}`,
          ...CALLERS.map((caller) => median(times[caller]).toFixed(0)),
          `${figure(floor)}x`,
          `${figure(sdk)}x`,
        ]);
      }
    }
  }
  return { values, details: `${table(rows)}\n\n${table(gzipRows)}` };
}

/** Compressing saves time where the bytes that it saves would take longer on the network. */
function gzipRow(runtime: Runtime, { microseconds, bytes, packed }: GzipRun): string[] {
  const megabitsASecond = (bytes - packed) * 8 / microseconds;
  return [
    `${figure(bytes / 1000)} KB on ${runtime}`,
    `${microseconds.toFixed(0)} microseconds`,
    `${((1 - packed / bytes) * 100).toFixed(0)} %`,
    `${megabitsASecond.toFixed(0)} Mbit/s`,
  ];
}

/** All callers in one process, each with states of all sizes on a null server. */
class MeasuredCalls implements AsyncDisposable {
  readonly #program: Program;
  readonly #server: Program;

  private constructor(program: Program, server: Program) {
    this.#program = program;
    this.#server = server;
  }

  static async open(runtime: Runtime): Promise<MeasuredCalls> {
    await using kusto = await startEmulatorTask();
    const server = await Program.start("null_server", "Deno");
    const program = await Program.start("cpu", runtime);
    for (const bytes of SIZES) {
      for (const caller of CALLERS) {
        const request: NullServerRequest = { upstream: kusto.url };
        const { port } = await server.ask<NullServerPort>(request);
        await program.ask({ open: caller, port, bytes } satisfies CpuRequest);
      }
    }
    await server.ask({ seal: true } satisfies NullServerRequest);
    return new MeasuredCalls(program, server);
  }

  measure(call: typeof CALLS[number], bytes: number, effort: Effort) {
    const count = effort.rounds(CALLS_A_ROUND[bytes]!);
    const run = (caller: Caller) => async () => {
      const request: CpuRequest = { caller, bytes, call, count };
      return (await this.#program.ask<CpuRun>(request)).microseconds;
    };
    return takeTurns(effort.rounds(15), {
      KustoSaver: run("KustoSaver"),
      floor: run("floor"),
      SDK: run("SDK"),
    }, effort.rounds(WARM_UPS));
  }

  /** The median of some rounds. */
  async compress(bytes: number, effort: Effort): Promise<GzipRun> {
    const runs: GzipRun[] = [];
    for (let round = 0; round < effort.rounds(5); round++) {
      const request: CpuRequest = { gzip: bytes, count: CALLS_A_ROUND[bytes]! };
      runs.push(await this.#program.ask<GzipRun>(request));
    }
    const microseconds = median(runs.map((run) => run.microseconds));
    return { ...runs[0]!, microseconds };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }
}
