import { assertEquals } from "@std/assert";
import type { CheckpointTuple } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import type { KustoSaver, KustoSaverOptions } from "../../mod.ts";
import type { KustoEmulator } from "../../src/emulator/mod.ts";
import { at, checkpointOf, Lab, LOOP } from "./kit.ts";
import { MemorySaverAdapter } from "./memory_saver_adapter.ts";

const START = Date.parse("2026-01-01T00:00:00Z");
const HOUR = 3_600_000;
const CHANNELS = ["a", "b", "__error__", "__interrupt__", "__resume__", "__scheduled__"];
/** In the order of their code points the last two change places. */
const TASKS = ["t1", "t10", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9", "\u{1F9F5}", "\uff5e"];

interface Step {
  /** Which of two savers does it. */
  readonly by: number;
  readonly id: string;
  /** A checkpoint that is put, if this is not a write. */
  readonly value: number;
  readonly task: string | undefined;
  readonly path: string;
  readonly channels: readonly string[];
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    by: fc.nat({ max: 1 }),
    id: fc.constantFrom("1", "2", "3"),
    value: fc.nat(),
    task: fc.option(fc.constantFrom(...TASKS), { nil: undefined }),
    path: fc.constantFrom("", "~__pregel_pull, a", "\u{1F9F5}", "\uff5e"),
    channels: fc.array(fc.constantFrom(...CHANNELS), { minLength: 1, maxLength: 12 }),
  }),
  { minLength: 1, maxLength: 25 },
);

/** Puts every checkpoint. */
const FIRST_STEPS: readonly Step[] = ["1", "2", "3"]
  .map((id) => ({ by: 0, id, value: 0, task: undefined, path: "", channels: [] }));

async function run(saver: KustoSaver | MemorySaverAdapter, thread: string, step: Step) {
  const { id, value, task, path, channels } = step;
  if (task === undefined) {
    const config = id === "1" ? at(thread) : at(thread, String(Number(id) - 1));
    await saver.put(config, checkpointOf(id, { value }), LOOP, { value: 1 });
    return;
  }
  const writes = channels.map((channel, n): [string, unknown] => [channel, `${value} ${n}`]);
  await saver.putWrites(at(thread, id), writes, task, path);
}

/** All that one saver shows of a thread. */
async function shown(saver: KustoSaver | MemorySaverAdapter, thread: string) {
  const byId = await Promise.all(["1", "2", "3"].map((id) => saver.getTuple(at(thread, id))));
  const list: CheckpointTuple[] = await Array.fromAsync(saver.list(at(thread)));
  return { latest: await saver.getTuple(at(thread)), byId, list };
}

/** The emulator's `fetch`; rows come in an order of their own, as the service may give them. */
function scrambling(emulator: KustoEmulator): typeof fetch {
  let seed = 1;
  return async (input, init) => {
    const response = await emulator.fetch(input as string, init);
    if (!String(input).endsWith("/v2/rest/query") || !response.ok) return response;
    const frames = await response.json();
    for (const { Columns = [], Rows = [] } of frames) {
      const columns = Columns.map((column: { ColumnName: string }) => column.ColumnName);
      if (!columns.includes("revision") && !columns.includes("data")) continue;
      const places = new Map(
        Rows.map((row: unknown) => [row, seed = seed * 48_271 % 2_147_483_647]),
      );
      Rows.sort((a: unknown, b: unknown) => Number(places.get(a)) - Number(places.get(b)));
    }
    return new Response(JSON.stringify(frames), response);
  };
}

/** A lab whose network loses answers and doubles rows, and two savers an hour apart. */
async function openRoughLab() {
  let time = START;
  const clock = { now: () => time };
  const lab = await Lab.open(clock);
  const options = (hours: number): Partial<KustoSaverOptions> => ({
    now: () => time + hours * HOUR,
    maxRetries: 1_000,
    sleep: () => Promise.resolve(),
  });
  const savers = [lab.saver(options(0)), lab.saver(options(-1))] as const;
  const readers = () => [
    ...savers,
    lab.saver(options(0)),
    lab.saver({ ...options(0), fetch: scrambling(lab.emulator) }),
  ];
  const disturb = () => {
    lab.emulator.trouble.add({ kind: "duplicate", on: "ingest", rate: 0.5 });
    lab.emulator.trouble.add({ kind: "lostReply", on: "ingest", rate: 0.3 });
  };
  return { lab, savers, readers, disturb, move: (ms: number) => time += ms };
}

Deno.test("Whoever writes after reading, every reader sees what one saver in memory would show", async () => {
  const { lab, savers, readers, disturb } = await openRoughLab();
  await using _ = lab;
  let runs = 0;
  disturb();
  await fc.assert(
    fc.asyncProperty(steps, async (program) => {
      const thread = `thread ${runs++}`;
      const memory = new MemorySaverAdapter();
      // Writes of a checkpoint that is not there yet cannot be read.
      for (const step of [...FIRST_STEPS, ...program]) {
        // A clock that is behind learns from what it reads.
        await savers[step.by]!.getTuple(at(thread, step.id));
        await run(savers[step.by]!, thread, step);
        await run(memory, thread, step);
      }
      const expected = await shown(memory, thread);
      for (const reader of readers()) assertEquals(await shown(reader, thread), expected);
    }),
    { numRuns: 40 },
  );
});

Deno.test("Two that write at once without reading: every reader sees the same in the end", async () => {
  const { lab, savers, readers, disturb, move } = await openRoughLab();
  await using _ = lab;
  lab.emulator.trouble.visibilityDelayMs = 10_000;
  let runs = 0;
  disturb();
  await fc.assert(
    fc.asyncProperty(steps, async (program) => {
      const thread = `thread ${runs++}`;
      await Promise.all(program.map((step) => run(savers[step.by]!, thread, step)));
      move(10_000);
      const [first, ...others] = readers();
      const expected = await shown(first!, thread);
      for (const reader of others) assertEquals(await shown(reader, thread), expected);
    }),
    { numRuns: 40 },
  );
});
