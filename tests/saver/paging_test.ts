import { assert, assertEquals, assertRejects } from "@std/assert";
import type { CheckpointTuple } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { KustoLimitError, type KustoSaver } from "../../mod.ts";
import { at, checkpointOf, Lab, LOOP } from "./kit.ts";
import { type AnswerLimits, NarrowService } from "./narrow_service.ts";

/** A saver, as in another process, to which the service gives no large answers. */
function narrowReader(lab: Lab, limits: AnswerLimits): [KustoSaver, NarrowService] {
  const service = new NarrowService(lab.emulator, limits);
  return [lab.saver({ fetch: service.fetch }), service];
}

/** Puts a chain of checkpoints, each with writes of tasks to the channel `log`. */
async function putChain(
  saver: KustoSaver,
  { length, tasks, size }: { length: number; tasks: number; size: number },
): Promise<void> {
  let config = at("t");
  for (let n = 0; n < length; n++) {
    const id = String(1000 + n);
    const values: Record<string, unknown> = n === 0 ? { log: ["start"] } : {};
    config = await saver.put(config, checkpointOf(id, values), LOOP, { log: 1 }) as typeof config;
    for (let task = 0; task < tasks; task++) {
      const text = `${n} ${task} `;
      await saver.putWrites(config, [["log", text.padEnd(size, "x")], ["other", 1]], `t-${task}`);
    }
  }
}

const limits: readonly (readonly [string, AnswerLimits])[] = [
  ["bytes", { truncationmaxsize: 40_000 }],
  ["rows", { truncationmaxrecords: 12 }],
];

for (const [what, limit] of limits) {
  Deno.test(`Writes of more ${what} than an answer holds come back whole and in order`, async () => {
    await using lab = await Lab.open();
    await putChain(lab.saver(), { length: 1, tasks: 30, size: 5_000 });
    const expected = await lab.saver().getTuple(at("t"));
    assertEquals(expected?.pendingWrites?.length, 60);
    const [reader, service] = narrowReader(lab, limit);
    assertEquals(await reader.getTuple(at("t")), expected);
    assert(service.refusals > 0);
    assertEquals(await reader.getTuple(at("t", "1000")), expected);
    assertEquals(await Array.fromAsync(reader.list(at("t"))), [expected]);
    assertEquals(await Array.fromAsync(reader.list({})), [expected]);
  });

  Deno.test(`Lists whose pages have more ${what} than an answer holds come back whole`, async () => {
    await using lab = await Lab.open();
    await putChain(lab.saver(), { length: 25, tasks: 3, size: 3_000 });
    const expected = await Array.fromAsync(lab.saver().list(at("t")));
    const [reader, service] = narrowReader(lab, limit);
    assertEquals(await Array.fromAsync(reader.list(at("t"))), expected);
    assert(service.refusals > 0);
    assertEquals(await Array.fromAsync(reader.list({}, { limit: 7 })), expected.slice(0, 7));
  });

  Deno.test(`Histories of more ${what} than an answer holds come back whole`, async () => {
    await using lab = await Lab.open();
    await putChain(lab.saver(), { length: 20, tasks: 4, size: 2_000 });
    const request = { config: at("t"), channels: ["log", "other", "none"] };
    const expected = await lab.saver().getDeltaChannelHistory(request);
    assertEquals(expected.log?.seed, ["start"]);
    assertEquals(expected.log?.writes.length, 19 * 4);
    const [reader, service] = narrowReader(lab, limit);
    assertEquals(await reader.getDeltaChannelHistory(request), expected);
    assert(service.refusals > 0);
  });
}

Deno.test("Sends of the parent are read beside the writes of an old checkpoint, page by page", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const parent = await saver.put(at("t"), checkpointOf("1", {}, { v: 1 }), LOOP, {});
  const child = await saver.put(parent, checkpointOf("2", { a: 1 }, { v: 1 }), LOOP, { a: 1 });
  for (let n = 100; n < 120; n++) {
    await saver.putWrites(parent, [["__pregel_tasks", `send ${n}`]], `task-${n}`);
    await saver.putWrites(child, [["a", n]], `task-${n}`);
  }
  const expected = await lab.saver().getTuple(at("t"));
  assertEquals((expected?.checkpoint.channel_values.__pregel_tasks as unknown[]).length, 20);
  const [reader, service] = narrowReader(lab, { truncationmaxrecords: 10 });
  assertEquals(await reader.getTuple(at("t")), expected);
  assert(service.refusals > 0);
});

Deno.test("Rows that were stored twice are one at the borders of pages too", async () => {
  await using lab = await Lab.open();
  lab.emulator.trouble.add({ kind: "duplicate", on: "ingest" });
  await putChain(lab.saver(), { length: 3, tasks: 8, size: 10 });
  const expected = await Array.fromAsync(lab.saver().list(at("t")));
  assertEquals(expected.map((tuple) => tuple.pendingWrites?.length), [16, 16, 16]);
  for (let truncationmaxrecords = 4; truncationmaxrecords < 12; truncationmaxrecords++) {
    const [reader] = narrowReader(lab, { truncationmaxrecords });
    assertEquals(await Array.fromAsync(reader.list(at("t"))), expected);
  }
});

Deno.test("Own rows that are not visible yet join what is read page by page", async () => {
  const now = () => Date.parse("2026-01-01T00:00:00Z");
  await using lab = await Lab.open({ now });
  const other = lab.saver({ now });
  await putChain(other, { length: 3, tasks: 9, size: 10 });
  lab.emulator.trouble.visibilityDelayMs = 10_000;
  const service = new NarrowService(lab.emulator, { truncationmaxrecords: 12 });
  const own = lab.saver({ now, fetch: service.fetch });
  await own.putWrites(at("t", "1001"), [["log", "own"]], "own");
  await own.putWrites(at("t", "1002"), [["log", "own"]], "own");
  const tuple = await own.getTuple(at("t"));
  assert(service.refusals > 0);
  assertEquals(tuple?.pendingWrites?.filter(([task]) => task === "own"), [["own", "log", "own"]]);
  assertEquals(tuple?.pendingWrites?.length, 19);
  const listed = await Array.fromAsync(own.list(at("t")));
  assertEquals(listed.map((tuple) => tuple.pendingWrites?.length), [19, 19, 18]);
  const { log } = await own.getDeltaChannelHistory({ config: at("t"), channels: ["log"] });
  assertEquals(log?.writes.filter(([task]) => task === "own").length, 1);
  assertEquals(log?.writes.length, 19);
});

Deno.test("An answer that not even one checkpoint fits is an error that says so", async () => {
  await using lab = await Lab.open();
  await putChain(lab.saver(), { length: 1, tasks: 1, size: 10 });
  const [reader] = narrowReader(lab, { truncationmaxsize: 100 });
  await assertRejects(() => reader.getTuple(at("t")), KustoLimitError, "larger than");
  await assertRejects(() => Array.fromAsync(reader.list(at("t"))), KustoLimitError, "larger than");
});

Deno.test("Any history is the same in answers of any size", async () => {
  const write = fc.record({
    checkpoint: fc.nat({ max: 4 }),
    task: fc.constantFrom("a", "b", "c"),
    channels: fc.array(fc.constantFrom("x", "y", "__error__"), { minLength: 1, maxLength: 9 }),
    value: fc.string({ unit: "binary", maxLength: 40 }),
  });
  const programs = fc.array(write, { minLength: 1, maxLength: 15 });
  const narrow = fc.record({
    truncationmaxsize: fc.integer({ min: 3_000, max: 12_000 }),
    truncationmaxrecords: fc.integer({ min: 9, max: 60 }),
  });
  await using lab = await Lab.open();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(programs, narrow, async (program, limits) => {
      const thread = `thread ${run++}`;
      const saver = lab.saver();
      let config = at(thread);
      for (let n = 0; n < 5; n++) {
        config = await saver.put(config, checkpointOf(`${n}`, { n }), LOOP, {}) as typeof config;
      }
      for (const { checkpoint, task, channels, value } of program) {
        const writes = channels.map((channel): [string, unknown] => [channel, value]);
        await saver.putWrites(at(thread, String(checkpoint)), writes, task);
      }
      const [reader] = narrowReader(lab, limits);
      assertEquals(await readAll(reader, thread), await readAll(lab.saver(), thread));
    }),
    { numRuns: 25 },
  );
});

async function readAll(saver: KustoSaver, thread: string): Promise<unknown[]> {
  const listed: CheckpointTuple[] = await Array.fromAsync(saver.list(at(thread)));
  const request = { config: at(thread), channels: ["x", "y", "n"] };
  return [await saver.getTuple(at(thread)), listed, await saver.getDeltaChannelHistory(request)];
}
