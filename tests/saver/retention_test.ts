import { assertEquals, assertRejects } from "@std/assert";
import { type KustoSaver, KustoStateError } from "../../mod.ts";
import { Clock, fill, NOTHING, seen } from "./deletion_kit.ts";
import { at, checkpointOf, Lab, LOOP } from "./kit.ts";

const LARGE = { large: "x".repeat(100_000) };

/** An embedded Kusto with the retention of `provision.kql`, on a clock that a test moves. */
async function open() {
  const clock = new Clock();
  const { now, sleep } = clock;
  const lab = await Lab.open({ now });
  return { lab, clock, saver: () => lab.saver({ now, sleep }) };
}

async function valuesOf(saver: KustoSaver, threadId: string) {
  return (await saver.getTuple(at(threadId)))?.checkpoint.channel_values;
}

Deno.test("State that is idle for 90 days ages out, for every reader and with all its parts", async () => {
  const { lab, clock, saver } = await open();
  await using _lab = lab;
  const writer = saver();
  await fill(writer, "t");
  clock.days(89);
  assertEquals(await seen(saver(), "t"), ["1", "2", "2", "1"]);
  clock.days(1);
  for (const reader of [writer, saver()]) {
    assertEquals(await seen(reader, "t"), NOTHING);
    assertEquals(await Array.fromAsync(reader.list({})), []);
  }
});

Deno.test("A head of day 89 that refers to a blob of day 0 is whole on day 170", async () => {
  const { lab, clock, saver } = await open();
  await using _lab = lab;
  const writer = saver();
  let config = await writer.put(at("t"), checkpointOf("000", LARGE), LOOP, { large: 1 });
  clock.days(89);
  config = await writer.put(config, checkpointOf("089", { ...LARGE, n: 89 }), LOOP, { n: 1 });
  await writer.putWrites(config, [["n", LARGE.large]], "task");
  clock.days(81);
  const reader = saver();
  const tuple = await reader.getTuple(at("t"));
  assertEquals(tuple?.checkpoint.channel_values, { ...LARGE, n: 89 });
  assertEquals(tuple?.pendingWrites, [["task", "n", LARGE.large]]);
  assertEquals(await Array.fromAsync(reader.list(at("t")), (t) => t.checkpoint.id), ["089"]);
});

Deno.test("The latest state of an active thread stays whole for years, by whatever process it goes on", async () => {
  const { lab, clock, saver } = await open();
  await using _lab = lab;
  const longRunning = saver();
  let config = await longRunning.put(at("t"), checkpointOf("1000", LARGE), LOOP, { large: 1 });
  for (let step = 1; step <= 30; step++) {
    clock.days(29);
    const writer = step % 3 === 0 ? saver() : longRunning;
    assertEquals((await valuesOf(writer, "t"))?.large, LARGE.large, `step ${step}`);
    const values = { ...LARGE, step };
    config = await writer.put(config, checkpointOf(`${1000 + step}`, values), LOOP, { step });
    assertEquals(await valuesOf(saver(), "t"), values);
  }
});

for (const age of [1, 29, 30, 31, 100]) {
  Deno.test(`A blob that was sent ${age} days before the head lives as long as the head does`, async () => {
    const { lab, clock, saver } = await open();
    await using _lab = lab;
    const writer = saver();
    const config = await writer.put(at("t"), checkpointOf("1", LARGE), LOOP, { large: 1 });
    clock.days(age);
    await writer.put(config, checkpointOf("2", { ...LARGE, n: 1 }), LOOP, { n: 1 });
    clock.days(89);
    assertEquals(await valuesOf(saver(), "t"), { ...LARGE, n: 1 });
  });
}

Deno.test("A deleted thread stays deleted after its rows have aged out, and for late calls then", async () => {
  const { lab, clock, saver } = await open();
  await using _lab = lab;
  const writer = saver();
  const run = { ...at("t"), control: {} };
  await writer.getTuple(run);
  await fill(writer, "t");
  await saver().deleteThread("t");
  for (const days of [89, 2, 400, 3_650]) {
    clock.days(days);
    await writer.put(run, checkpointOf("late"), LOOP, {});
    assertEquals(await seen(saver(), "t"), NOTHING, `${days} days later`);
  }
  await fill(saver(), "t");
  assertEquals(await seen(saver(), "t"), ["1", "2", "2", "1"]);
});

Deno.test("Rows that outlive their retention, as merged ones may, are still hidden by their deletion", async () => {
  const { lab, clock, saver } = await open();
  await using _lab = lab;
  await lab.command(".alter-merge table Checkpoints policy retention softdelete = 3650d");
  await fill(saver(), "t");
  await saver().deleteThread("t");
  clock.days(3_000);
  assertEquals(await seen(saver(), "t"), NOTHING);
});

Deno.test("A delta chain that has aged out is an error, never a short history", async () => {
  const { lab, clock, saver } = await open();
  await using _lab = lab;
  const writer = saver();
  let config = await writer.put(at("t"), checkpointOf("1", { log: ["seed"] }), LOOP, { log: 1 });
  for (const id of ["2", "3", "4"]) {
    await writer.putWrites(config, [["log", id]], "task");
    clock.days(40);
    config = await writer.put(config, checkpointOf(id), LOOP, {});
  }
  const read = () => saver().getDeltaChannelHistory({ config: at("t"), channels: ["log"] });
  await assertRejects(read, KustoStateError, "outlived the retention of their parents");
});

Deno.test("A delta chain is whole as long as its oldest checkpoint lives, the writes on it included", async () => {
  const { lab, clock, saver } = await open();
  await using _lab = lab;
  const writer = saver();
  let config = await writer.put(at("t"), checkpointOf("1", { log: ["seed"] }), LOOP, { log: 1 });
  for (const id of ["2", "3"]) {
    await writer.putWrites(config, [["log", id]], "task");
    clock.days(40);
    config = await writer.put(config, checkpointOf(id), LOOP, {});
  }
  clock.days(9);
  const { log } = await saver().getDeltaChannelHistory({ config: at("t"), channels: ["log"] });
  assertEquals(log?.seed, ["seed"]);
  assertEquals(log?.writes.map(([, , value]) => value), ["2", "3"]);
});

Deno.test("A checkpoint that lingers some days has its writes: they live longer than it", async () => {
  const { lab, clock, saver } = await open();
  await using _lab = lab;
  await lab.command(".alter-merge table Checkpoints policy retention softdelete = 99d");
  await fill(saver(), "t");
  clock.days(98);
  const tuple = await saver().getTuple(at("t"));
  assertEquals(tuple?.pendingWrites, [["task", "a", 2]]);
});

Deno.test("A pointer that outlives its row, and a row that outlives its pointer, mislead no reader", async () => {
  const { lab, clock, saver } = await open();
  await using _lab = lab;
  const view = ".alter-merge materialized-view LatestCheckpoints policy retention softdelete =";
  await lab.command(`${view} 200d`);
  await fill(saver(), "t");
  await saver().getTuple(at("t"));
  clock.days(100);
  assertEquals(await seen(saver(), "t"), NOTHING);
  await fill(saver(), "t");
  await lab.command(`${view} 10d`);
  clock.days(20);
  assertEquals(await seen(saver(), "t"), ["1", "2", "2", "1"]);
});
