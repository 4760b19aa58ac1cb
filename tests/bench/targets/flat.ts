/**
 * Target 3: a long thread costs what a short one does.
 *
 * @module
 */
import process from "node:process";
import { KustoSaver } from "../../../mod.ts";
import { startEmulatorTask } from "../../emulator/emulator_task.ts";
import { at, checkpointOf, LOOP } from "../../saver/kit.ts";
import type { Effort, Outcome } from "../catalogue.ts";
import { median, ratio, takeTurns } from "../kit/statistics.ts";
import { figure, table } from "../report.ts";

const LONG = 10_000;
const SHORT = 10;
const PAGE = 10;
const CALLS_A_ROUND = 10;
/** What a checkpoint holds: of this kind of text so many bytes. */
const NARROW_BYTES = 500;
const WIDE_BYTES = 5_000;
const UNCHANGED_BYTES = 500_000;

/** Compares the calls on a thread of 10 000 checkpoints with those on one of 10. */
export async function measureFlat(effort: Effort): Promise<Outcome> {
  const long = effort.quick ? 500 : LONG;
  await using kusto = await startEmulatorTask();
  const client = new Client(kusto.url);
  await client.saver.setup({ provision: true });
  for (const thread of THREADS) {
    const [length, bytes] = thread.split(" ");
    const count = length === "short" ? SHORT : long;
    await fill(client, thread, count, bytes === "narrow" ? NARROW_BYTES : WIDE_BYTES);
  }
  const calls = callsOf(client);
  const rows = [HEAD];
  let [cost, requests, bytes] = [0, 0, 0];
  const growth = { narrow: 0, wide: 0 };
  for (const [name, call] of Object.entries(calls)) {
    const { cpu, wall, asked } = await compare(client, call, effort);
    const found = {
      cost: ratio(cpu["long narrow"], cpu["short narrow"]),
      requests: asked["long narrow"].requests / asked["short narrow"].requests,
      bytes: asked["long narrow"].bytes / asked["short narrow"].bytes,
    };
    cost = Math.max(cost, found.cost);
    requests = Math.max(requests, found.requests);
    bytes = Math.max(bytes, found.bytes);
    const times = THREADS.map((thread) => median(wall[thread]) / CALLS_A_ROUND);
    const [shortNarrow, longNarrow, shortWide, longWide] = times as [
      number,
      number,
      number,
      number,
    ];
    growth.narrow += longNarrow - shortNarrow;
    growth.wide += longWide - shortWide;
    rows.push([
      name,
      `${figure(found.cost)}x`,
      `${figure(found.requests)}x`,
      `${figure(found.bytes)}x`,
      `${figure(shortNarrow)} and ${figure(longNarrow)} ms`,
      `${figure(shortWide)} and ${figure(longWide)} ms`,
    ]);
  }
  await client.saver.close();
  return {
    values: {
      flatCost: cost,
      flatRequests: requests,
      flatBytes: bytes,
      flatEngine: growth.wide / growth.narrow,
      flatUnchanged: await sendUnchanged(kusto.url),
    },
    details: table(rows),
  };
}

const HEAD = [
  "the long thread beside the short one",
  "processor time of the client",
  "requests",
  "bytes",
  "time, the embedded Kusto's included",
  "the same, rows ten times as wide",
];

interface Asked {
  requests: number;
  bytes: number;
}

/** A saver, and what it has asked for and been answered. */
class Client {
  readonly saver: KustoSaver;
  readonly asked: Asked = { requests: 0, bytes: 0 };
  /** The answers since the last reset. */
  readonly answers: string[] = [];
  /** What is answered over and over instead of asking. */
  #repeated: readonly string[] = [];
  #next = 0;

  constructor(url: string) {
    this.saver = new KustoSaver({
      connection: url,
      database: "NetDefaultDB",
      fetch: async (input, init) => {
        if (this.#repeated.length > 0) {
          return new Response(this.#repeated[this.#next++ % this.#repeated.length]);
        }
        const answer = await fetch(input, init);
        const text = await answer.text();
        this.answers.push(text);
        this.asked.requests++;
        this.asked.bytes += (init?.body as Uint8Array).length + text.length;
        return new Response(text, answer);
      },
    });
  }

  reset(): void {
    this.answers.length = this.asked.requests = this.asked.bytes = 0;
  }

  /** Answers with these from now on; with none it asks again. */
  repeat(answers: readonly string[]): void {
    this.#repeated = answers;
    this.#next = 0;
  }
}

const THREADS = ["short narrow", "long narrow", "short wide", "long wide"] as const;

type Thread = typeof THREADS[number];
type Call = (thread: Thread) => Promise<unknown>;

function idOf(n: number): string {
  return `id-${String(n).padStart(8, "0")}`;
}

async function fill({ saver }: Client, thread: Thread, count: number, bytes: number) {
  await saver.getTuple(at(thread));
  for (let done = 0; done < count; done += 1_000) {
    const ids = Array.from({ length: Math.min(1_000, count - done) }, (_, n) => done + n);
    await Promise.all(ids.map((n) => {
      const checkpoint = checkpointOf(idOf(n), { text: textOf(n, bytes) });
      return saver.put(at(thread, n === 0 ? undefined : idOf(n - 1)), checkpoint, LOOP, {});
    }));
  }
  // What was read is not kept any more, so that a long thread's calls are no shorter than others.
  for await (const _ of saver.list(at(thread)));
}

/** As many bytes in each, none like the other. */
function textOf(n: number, bytes: number): string {
  return `${String(n).padStart(10, "0")} ${"lorem ipsum ".repeat(bytes / 12)}`;
}

function callsOf({ saver }: Client): Record<string, Call> {
  const last = idOf(SHORT - 1);
  return {
    "`getTuple`, the latest": (thread) => saver.getTuple(at(thread)),
    "`getTuple`, by id": (thread) => saver.getTuple(at(thread, last)),
    "`put`": async (thread) => {
      const values = { text: textOf(0, NARROW_BYTES) };
      await saver.put(at(thread, last), checkpointOf(idOf(SHORT), values), LOOP, {});
    },
    [`\`list\`, a page of ${PAGE}`]: async (thread) => {
      for await (const _ of saver.list(at(thread), { limit: PAGE }));
    },
  };
}

/**
 * Makes a call on each thread in turn: first to count and to time it, then with the answers to the
 * last of those calls, so that processor time is the client's and no wait leaves it cold.
 */
async function compare(client: Client, call: Call, effort: Effort) {
  const forAll = <T>(make: (thread: Thread) => T) =>
    Object.fromEntries(THREADS.map((thread) => [thread, make(thread)])) as Record<Thread, T>;
  const asked = forAll(() => NOTHING);
  const answers = forAll((): string[] => []);
  const wall = await takeTurns(
    effort.rounds(10),
    forAll((thread) => async () => {
      const begun = performance.now();
      for (let n = 0; n < CALLS_A_ROUND; n++) {
        client.reset();
        await call(thread);
      }
      asked[thread] = { ...client.asked };
      answers[thread] = [...client.answers];
      return performance.now() - begun;
    }),
  );
  const cpu = await takeTurns(
    effort.rounds(10),
    forAll((thread) => async () => {
      client.repeat(answers[thread]);
      const before = process.cpuUsage();
      for (let n = 0; n < CALLS_A_ROUND * 10; n++) await call(thread);
      const { user, system } = process.cpuUsage(before);
      client.repeat([]);
      return user + system;
    }),
  );
  return { cpu, wall, asked };
}

const NOTHING: Readonly<Asked> = { requests: 0, bytes: 0 };

/** How often a value that never changes is sent in a run of many steps. */
async function sendUnchanged(url: string): Promise<number> {
  let sent = 0;
  const saver = new KustoSaver({
    connection: url,
    database: "NetDefaultDB",
    fetch: (input, init) => {
      if ((init?.body as Uint8Array).length > UNCHANGED_BYTES) sent++;
      return fetch(input, init);
    },
  });
  const document = textOf(0, UNCHANGED_BYTES);
  let config = at("unchanged");
  for (let n = 0; n < 20; n++) {
    const checkpoint = checkpointOf(idOf(n), { document, n });
    config = await saver.put(config, checkpoint, LOOP, { n }) as typeof config;
  }
  await saver.close();
  return sent;
}
