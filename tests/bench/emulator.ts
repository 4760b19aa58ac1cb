/**
 * What the embedded Kusto costs, as ratios and times of one run: `deno task bench:emulator`.
 *
 * Each line has a target; nothing fails where one is missed, since times depend on the machine.
 *
 * @module
 */
import { KustoEmulator } from "../../src/emulator/mod.ts";
import { provisionScript } from "../../src/setup/provision_text.ts";
import { buildQueries } from "../../src/reading/queries.ts";
import { tableNames } from "../../src/schema.ts";
import { splitScript } from "../../src/setup/script.ts";
import { startEmulatorTask } from "../emulator/emulator_task.ts";

const FEW = 1_000;
const MANY = 100_000;
const CHECKPOINTS_A_THREAD = 10;
const RUNS = 200;

const latest = buildQueries(tableNames("")).head.latest;
const pointQuery =
  "declare query_parameters(thread:string); Checkpoints | where thread_id == thread | project checkpoint_id";

/** A database as the saver makes it, with requests as the saver sends them. */
class Bench {
  readonly emulator = new KustoEmulator({ schemaCacheLag: false });
  rows = 0;

  static async open(rows: number): Promise<Bench> {
    const bench = new Bench();
    for (const csl of splitScript(provisionScript)) await bench.post("v1/rest/mgmt", { csl });
    await bench.fill(rows);
    await bench.query(latest, 0);
    await bench.query(pointQuery, 0);
    return bench;
  }

  async post(path: string, fields: Record<string, unknown>): Promise<string> {
    const body = JSON.stringify({ db: "NetDefaultDB", ...fields });
    const answer = await this.emulator.fetch(`http://x/${path}`, { method: "POST", body });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(text);
    return text;
  }

  query(csl: string, thread: number): Promise<string> {
    const none = '""';
    const parameters = {
      thread: `"thread-${thread}"`,
      namespace: none,
      checkpoint: none,
      own_incarnation: none,
      own_revision: none,
      own_checkpoint: none,
      own_parent: none,
      own_blobs: "dynamic([])",
      alone: "bool(false)",
    };
    return this.post("v2/rest/query", { csl, properties: { Parameters: parameters } });
  }

  async fill(rows: number): Promise<void> {
    for (const end = this.rows + rows; this.rows < end;) {
      await this.ingest(Math.min(1_000, end - this.rows));
    }
    await this.post("v2/rest/query", { csl: "LatestCheckpoints | count" });
  }

  async ingest(rows: number): Promise<void> {
    const lines = Array.from({ length: rows }, () => JSON.stringify(checkpoint(this.rows++)));
    const answer = await this.emulator.fetch(
      "http://x/v1/rest/ingest/NetDefaultDB/Checkpoints?streamFormat=MultiJSON",
      { method: "POST", body: lines.join("\n") },
    );
    if (answer.status !== 200) throw new Error(await answer.text());
    await answer.text();
  }
}

function checkpoint(n: number): Record<string, unknown> {
  const thread = Math.floor(n / CHECKPOINTS_A_THREAD);
  const id = String(n).padStart(12, "0");
  return {
    thread_id: `thread-${thread}`,
    checkpoint_ns: "",
    incarnation: "",
    checkpoint_id: id,
    parent_checkpoint_id: String(n - 1).padStart(12, "0"),
    revision: `${id}\u0001${id}`,
    v: 4,
    checkpoint_type: "json",
    checkpoint_json: `{"id":"${id}"}`,
    metadata_type: "json",
    metadata_json: '{"source":"loop","step":1,"parents":{}}',
    search_text: "",
    channel_values: [{
      channel: "messages",
      version: "1.1",
      type: "json",
      blob: `j:"${"x".repeat(200)}"`,
    }],
    blobs: [],
    created_at: "2026-01-01T00:00:00Z",
  };
}

/** The median of some runs, in milliseconds. */
async function time(runs: number, run: (at: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let at = 0; at < runs; at++) {
    const begun = performance.now();
    await run(at);
    times.push(performance.now() - begun);
  }
  return times.sort((a, b) => a - b)[runs >> 1]!;
}

function heapUsed(): number {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("Start it with --v8-flags=--expose-gc, as the task does");
  gc();
  return Deno.memoryUsage().heapUsed;
}

function say(what: string, measured: number, most: number, unit: string): void {
  const verdict = measured <= most ? "holds " : "MISSED";
  console.log(`${verdict}  ${what}: ${measured.toFixed(2)} ${unit}, at most ${most} ${unit}`);
}

async function answers(): Promise<void> {
  const few = await Bench.open(FEW);
  const many = await Bench.open(MANY);
  const threads = (bench: Bench) => bench.rows / CHECKPOINTS_A_THREAD;
  const cases: readonly (readonly [string, (bench: Bench, at: number) => Promise<unknown>])[] = [
    ["the checkpoints of a thread", (bench, at) => bench.query(pointQuery, at % threads(bench))],
    ["the saver's head query", (bench, at) => bench.query(latest, at % threads(bench))],
    ["ingestion of a row", (bench) => bench.ingest(1)],
    ["a row and then its head", async (bench) => {
      await bench.ingest(1);
      await bench.query(latest, Math.floor((bench.rows - 1) / CHECKPOINTS_A_THREAD));
    }],
  ];
  for (const [what, run] of cases) {
    const base = await time(RUNS, (at) => run(few, at));
    const measured = await time(RUNS, (at) => run(many, at));
    say(
      `${what}, ${MANY} rows against ${FEW} (${base.toFixed(2)} ms)`,
      measured / base,
      3,
      "times",
    );
  }
  await few.emulator.close();
  await many.emulator.close();
}

async function texts(): Promise<void> {
  const empty = await Bench.open(0);
  const fresh = await time(20, (at) => empty.query(`${latest}\n// ${at}`, 0));
  const known = await time(RUNS, () => empty.query(latest, 0));
  say(`all of a repeated query without rows (a new text: ${fresh.toFixed(1)} ms)`, known, 1, "ms");
  await empty.emulator.close();
}

async function memory(): Promise<void> {
  const bench = await Bench.open(0);
  const empty = heapUsed();
  await bench.fill(MANY / 10);
  const tenth = (heapUsed() - empty) / (MANY / 10);
  await bench.fill(MANY - MANY / 10);
  const all = (heapUsed() - empty) / MANY;
  say(
    `bytes a row, ${MANY} rows against ${MANY / 10} (${tenth.toFixed(0)})`,
    all / tenth,
    1.25,
    "times",
  );
  await bench.post("v1/rest/mgmt", { csl: ".clear table Checkpoints data" });
  await bench.post("v1/rest/mgmt", { csl: ".clear materialized-view LatestCheckpoints data" });
  const left = (heapUsed() - empty) / (all * MANY);
  say("what is left of that when all rows are deleted", left, 0.1, "parts");
  await bench.emulator.close();
}

async function startUp(): Promise<void> {
  const measured = await time(3, async () => {
    await using task = await startEmulatorTask();
    const body = JSON.stringify({ db: "NetDefaultDB", csl: "print 1" });
    await (await fetch(`${task.url}/v2/rest/query`, { method: "POST", body })).text();
  });
  say("from the start of the task to its first answer", measured / 1_000, 2, "s");
}

await answers();
await texts();
await memory();
await startUp();
