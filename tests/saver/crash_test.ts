import { setImmediate } from "node:timers/promises";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import type { CheckpointTuple } from "@langchain/langgraph-checkpoint";
import { KustoUnavailableError } from "../../mod.ts";
import { type Acknowledgement, countingGraph, goOn, ReportingSaver } from "./crash_child.ts";
import { type Durability, seeded } from "./graph_kit.ts";
import { at, Lab } from "./kit.ts";

/** How often a process is killed; `deno task test:long` does it more often. */
const ROUNDS = Number(Deno.env.get("CRASH_ROUNDS") ?? 6);
const SEED = Number(Deno.env.get("CRASH_SEED") ?? 1);
const DURABILITIES: readonly Durability[] = ["sync", "async", "exit"];
const CHILD = new URL("crash_child.ts", import.meta.url).href;

/** Runs a process until it has acknowledged so many writes, kills it, and gives back what it acknowledged. */
async function runUntilKilled(
  url: string,
  durability: Durability,
  enough: number,
): Promise<Acknowledgement[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", CHILD, url, "t", durability],
    stdout: "piped",
  }).spawn();
  const acknowledged: Acknowledgement[] = [];
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    const before = acknowledged.length;
    for (const line of lines) acknowledged.push(JSON.parse(line));
    if (before < enough && acknowledged.length >= enough) child.kill("SIGKILL");
  }
  assertEquals((await child.status).signal, "SIGKILL");
  return acknowledged;
}

function isThere(acknowledged: Acknowledgement, tuples: readonly CheckpointTuple[]): boolean {
  const tuple = tuples.find(({ config: { configurable } }) =>
    configurable!.checkpoint_ns === acknowledged.ns &&
    configurable!.checkpoint_id === acknowledged.id
  );
  if (acknowledged.kind === "put") return tuple !== undefined;
  // Writes come before their checkpoint; without it nobody reads them.
  return tuple === undefined ||
    acknowledged.channels.every((channel) =>
      tuple.pendingWrites!.some(([taskId, name]) =>
        taskId === acknowledged.taskId && name === channel
      )
    );
}

/** Asserts that all that was acknowledged on a thread is there, and that it goes on to the end of two more runs. */
async function assertWhole(
  lab: Lab,
  threadId: string,
  acknowledged: readonly Acknowledgement[],
): Promise<void> {
  const saver = lab.saver();
  const tuples = await Array.fromAsync(saver.list({ configurable: { thread_id: threadId } }));
  assertEquals(acknowledged.filter((one) => !isThere(one, tuples)), []);
  const graph = countingGraph(saver);
  let length = 0;
  for (let run = 0; run < 2; run++) {
    const { log, sides } = await goOn(graph, threadId, "sync");
    assertEquals(log, Array.from(log, (_, n) => n));
    assertEquals(sides, 2 * log.length);
    assert(log.length > length);
    length = log.length;
  }
}

Deno.test("A process that is killed again and again loses nothing that was acknowledged, and goes on", async () => {
  await using lab = await Lab.open();
  const { url } = await lab.emulator.listen();
  const random = seeded(SEED);
  const acknowledged: Acknowledgement[] = [];
  const lengths: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const durability = DURABILITIES[round % DURABILITIES.length]!;
    const enough = 1 + Math.floor(random() * 40);
    acknowledged.push(...await runUntilKilled(url, durability, enough));
    const saver = lab.saver();
    const tuples = await Array.fromAsync(saver.list({ configurable: { thread_id: "t" } }));
    assertEquals(acknowledged.filter((one) => !isThere(one, tuples)), []);
    const { values } = await countingGraph(saver).getState(at("t"));
    lengths.push(values.log?.length ?? 0);
  }
  assert(acknowledged.some(({ kind }) => kind === "put"));
  assertEquals(lengths, lengths.toSorted((a, b) => a - b));
  await assertWhole(lab, "t", acknowledged);
});

/**
 * A process's way to the emulator, on which requests overtake each other. After so many answers the process is dead:
 * it hears nothing any more, and of the requests then under way some arrive, at any time.
 */
class LastWay {
  readonly #lab: Lab;
  readonly #random: () => number;
  readonly #death = Promise.withResolvers<void>();
  #answers: number;

  constructor(lab: Lab, random: () => number, answers: number) {
    this.#lab = lab;
    this.#random = random;
    this.#answers = answers;
  }

  /** Resolves when the process is dead. */
  get death(): Promise<void> {
    return this.#death.promise;
  }

  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    this.#throwIfDead();
    const request = new Request(input, init);
    for (let turns = Math.floor(this.#random() * 8); turns > 0; turns--) await setImmediate();
    if (this.#random() < 0.5) this.#throwIfDead();
    const answer = await this.#lab.emulator.fetch(request);
    this.#throwIfDead();
    if (--this.#answers === 0) this.#death.resolve();
    return answer;
  };

  #throwIfDead(): void {
    if (this.#answers <= 0) throw new TypeError("The process is dead");
  }
}

/** Runs on a thread until the way is closed. */
async function runUntilDead(
  saver: ReportingSaver,
  threadId: string,
  durability: Durability,
): Promise<void> {
  const graph = countingGraph(saver);
  try {
    for (;;) await goOn(graph, threadId, durability);
  } catch (error) {
    assertInstanceOf(error, KustoUnavailableError);
  }
  await saver.close();
}

for (const durability of DURABILITIES) {
  Deno.test(`A process may die between any two requests and while any are under way, ${durability}`, async () => {
    await using lab = await Lab.open();
    const random = seeded(SEED);
    for (let round = 0; round < ROUNDS; round++) {
      const threadId = `thread ${round}`;
      const acknowledged: Acknowledgement[] = [];
      const lives: Promise<void>[] = [];
      for (let deaths = 0; deaths < 3; deaths++) {
        const way = new LastWay(lab, random, 1 + Math.floor(random() * 40));
        const saver = new ReportingSaver(
          {
            connection: "http://localhost",
            database: "NetDefaultDB",
            fetch: way.fetch,
            maxRetries: 0,
          },
          (acknowledgement) => acknowledged.push(acknowledgement),
        );
        lives.push(runUntilDead(saver, threadId, durability));
        await way.death;
      }
      await assertWhole(lab, threadId, acknowledged);
      await Promise.all(lives);
    }
  });
}
