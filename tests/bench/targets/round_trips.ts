/**
 * Target 1: what a user waits for.
 *
 * @module
 */
import { startEmulatorTask } from "../../emulator/emulator_task.ts";
import { at, checkpointOf, Lab, LOOP } from "../../saver/kit.ts";
import type { Effort, Outcome, Runtime } from "../catalogue.ts";
import { buildSqlite, startPostgres } from "../kit/peers.ts";
import { Program } from "../kit/program.ts";
import { type Passed, Relay } from "../kit/relay.ts";
import { median, ratio, takeTurns } from "../kit/statistics.ts";
import type { GraphsRequest, GraphsRun } from "../programs/graphs.ts";
import type { SaverName } from "../programs/savers.ts";
import { figure, table } from "../report.ts";

const TASKS = 50;
const DELAYS_MS = [0, 5, 25, 100];
const DELAY_MS = 25;
const GRAPHS = 64;

/** Counts requests of single calls, then races graphs at several distances. */
export async function measureRoundTrips(effort: Effort): Promise<Outcome> {
  const calls = await countCalls();
  await using peers = await Peers.start();
  const alone = await raceAlone(peers, effort);
  const together = await raceTogether(peers, effort);
  return {
    values: { ...calls, ...alone.values, ...together.values },
    details: `${alone.details}\n\n${together.details}\n\n${await withoutNetwork(effort)}`,
  };
}

async function countCalls() {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const first = await saver.put(at("t"), checkpointOf("1", { a: 1 }), LOOP, { a: 1 });
  const count = async (call: Promise<unknown>) => {
    lab.requests();
    await call;
    return lab.requests().length;
  };
  const put = await count(saver.put(first, checkpointOf("2", { a: 2 }), LOOP, { a: 2 }));
  const tasks = Array.from({ length: TASKS }, (_, n) => `task ${n}`);
  const putWrites = await count(
    Promise.all(tasks.map((task) => saver.putWrites(at("t", "2"), [["a", task]], task))),
  );
  const getTuple = await count(lab.saver().getTuple(at("t")));
  return { getTuple, put, putWrites };
}

/** A saver in a process of its own, and the network between it and its server. */
class Contender implements AsyncDisposable {
  readonly #relay: Relay;
  readonly #program: Program;

  private constructor(relay: Relay, program: Program) {
    this.#relay = relay;
    this.#program = program;
  }

  static async open(saver: SaverName, serverPort: number): Promise<Contender> {
    const relay = new Relay(serverPort);
    const program = await Program.start("graphs", "Deno");
    await program.ask({ saver, port: relay.port } satisfies GraphsRequest);
    return new Contender(relay, program);
  }

  async run(graphs: number, delayMs: number): Promise<GraphsRun & Passed> {
    this.#relay.delayMs = delayMs;
    this.#relay.take();
    const run = await this.#program.ask<GraphsRun>({ graphs } satisfies GraphsRequest);
    return { ...run, ...this.#relay.take() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
    await this.#relay[Symbol.asyncDispose]();
  }
}

type Remote = "KustoSaver" | "PostgresSaver" | "SDK";

const REMOTE: readonly Remote[] = ["KustoSaver", "PostgresSaver", "SDK"];

/** The servers, and the savers on them. */
class Peers implements AsyncDisposable {
  readonly contenders: Readonly<Record<Remote, Contender>>;
  readonly #resources: AsyncDisposableStack;

  private constructor(contenders: Record<Remote, Contender>, resources: AsyncDisposableStack) {
    this.contenders = contenders;
    this.#resources = resources;
  }

  static async start(): Promise<Peers> {
    const resources = new AsyncDisposableStack();
    const postgres = resources.use(await startPostgres());
    const kusto = resources.use(await startEmulatorTask());
    const kustoPort = Number(new URL(kusto.url).port);
    const open = async (saver: SaverName, port: number) =>
      resources.use(await Contender.open(saver, port));
    return new Peers({
      KustoSaver: await open("KustoSaver", kustoPort),
      PostgresSaver: await open("PostgresSaver", postgres.port),
      SDK: await open("SDK", kustoPort),
    }, resources);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

/** Lets the remote savers run graphs in turn. */
async function race(
  { contenders }: Peers,
  names: readonly Remote[],
  graphs: number,
  delayMs: number,
  rounds: number,
) {
  const last: Partial<Record<Remote, GraphsRun & Passed>> = {};
  const times = await takeTurns(
    rounds,
    Object.fromEntries(names.map((name) => [name, async () => {
      const run = last[name] = await contenders[name].run(graphs, delayMs);
      return run.ms;
    }])) as Record<Remote, () => Promise<number>>,
  );
  return { times, last: last as Record<Remote, GraphsRun & Passed> };
}

async function raceAlone(peers: Peers, effort: Effort) {
  const rows: string[][] = [];
  let run = NaN;
  for (const delayMs of DELAYS_MS) {
    const rounds = effort.rounds(delayMs > DELAY_MS ? 2 : 7);
    const { times, last } = await race(peers, REMOTE, 1, delayMs, rounds);
    const found = ratio(times.KustoSaver, times.PostgresSaver);
    if (delayMs === DELAY_MS) run = found;
    if (rows.length === 0) {
      rows.push(["round trips", ...REMOTE.map((name) => String(last[name].roundTrips)), ""]);
    }
    const cells = REMOTE.map((name) => `${figure(median(times[name]))} ms`);
    rows.push([`${delayMs} ms away`, ...cells, `${figure(found)}x`]);
  }
  const head = ["a graph of 10 steps", ...REMOTE, "`KustoSaver` beside `PostgresSaver`"];
  return { values: { run }, details: table([head, ...rows]) };
}

async function raceTogether(peers: Peers, effort: Effort) {
  const names = ["KustoSaver", "PostgresSaver"] as const;
  const graphs = effort.quick ? 8 : GRAPHS;
  const { times, last } = await race(peers, names, graphs, DELAY_MS, effort.rounds(2));
  const { ingests, puts, putWrites } = last.KustoSaver;
  const rows = names.map((name) => [
    name,
    `${figure(graphs * 1000 / median(times[name]))}`,
    String(last[name].roundTrips),
    String(last[name].connections),
  ]);
  return {
    values: {
      manyRequests: ingests / puts,
      manyThroughput: ratio(times.PostgresSaver, times.KustoSaver),
    },
    details: table([
      [
        `${graphs} graphs at once, ${DELAY_MS} ms away`,
        "graphs a second",
        "round trips",
        "connections opened",
      ],
      ...rows,
    ]) +
      `\n\n${puts} calls of \`put\` and ${putWrites} of \`putWrites\` made ${ingests} ingest requests.`,
  };
}

/** What a graph takes where no network is: the lower bound, and a file's saver beside it. */
async function withoutNetwork(effort: Effort): Promise<string> {
  const contenders: [SaverName, Runtime][] = [["MemorySaver", "Deno"], ["MemorySaver", "Node"]];
  if (await buildSqlite()) contenders.push(["SqliteSaver", "Node"]);
  const rows: string[][] = [];
  for (const [saver, runtime] of contenders) {
    await using program = await Program.start("graphs", runtime);
    await program.ask({ saver, port: 0 } satisfies GraphsRequest);
    const { times } = await takeTurns(effort.rounds(7), {
      times: async () => (await program.ask<GraphsRun>({ graphs: 1 })).ms,
    });
    rows.push([`${saver} on ${runtime}`, `${figure(median(times))} ms`]);
  }
  return table([["a graph of 10 steps, in memory", "time"], ...rows]);
}
