import { assert, assertEquals } from "@std/assert";
import { Lab } from "./kit.ts";
import type { Holding } from "./soak_child.ts";

/** Threads and steps; `deno task test:long` takes 100 and 200. */
const THREADS = Number(Deno.env.get("SOAK_THREADS") ?? 10);
const STEPS = Number(Deno.env.get("SOAK_STEPS") ?? 40);
/**
 * What a saver may hold on to for each step of a thread, in bytes: the life that its checkpoint belongs
 * to, for the last thousand checkpoints of ten thousand threads.
 */
const BYTES_A_STEP = 1_000;
/** What a heap may swing by without growing. */
const SWING_BYTES = 4_000_000;
const CHILD = new URL("soak_child.ts", import.meta.url).href;

Deno.test("A saver that serves many threads for many steps holds no more than it says", async () => {
  await using lab = await Lab.open();
  const { url } = await lab.emulator.listen();
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--quiet", "--no-check", "--v8-flags=--expose-gc", CHILD],
      ...[url, String(THREADS), String(STEPS)],
    ],
    stderr: "inherit",
  }).output();
  assert(success);
  const samples = new TextDecoder().decode(stdout).trim().split("\n")
    .map((line): Holding => JSON.parse(line));
  assertEquals(samples.length, 10);
  // The first samples hold what is loaded and compiled once.
  const [middle, last] = [samples[4]!, samples[9]!];
  const allowed = SWING_BYTES + BYTES_A_STEP * (last.steps - middle.steps);
  assert(last.heapBytes - middle.heapBytes < allowed, JSON.stringify(samples));
  for (const { timers, requests, listeners } of samples) {
    assertEquals({ timers, requests, listeners }, { timers: 0, requests: 0, listeners: 0 });
  }
  assert(last.openFiles <= middle.openFiles + 2, JSON.stringify(samples));
});
