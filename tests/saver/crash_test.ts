import { assert, assertEquals } from "@std/assert";
import type { CheckpointTuple } from "@langchain/langgraph-checkpoint";
import { type Acknowledgement, countingGraph } from "./crash_child.ts";
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
    assert(tuples.length > 0);
    assertEquals(acknowledged.filter((one) => !isThere(one, tuples)), []);
    const { values } = await countingGraph(saver).getState(at("t"));
    lengths.push(values.log?.length ?? 0);
  }
  assertEquals(lengths, lengths.toSorted((a, b) => a - b));

  const graph = countingGraph(lab.saver());
  const { next } = await graph.getState(at("t"));
  const { log, sides } = await graph.invoke(next.length > 0 ? null : { log: [] }, at("t"));
  assertEquals(log, Array.from(log, (_, n) => n));
  assertEquals(sides, 2 * log.length);
  assert(log.length > lengths[0]!);
});
