import { assertEquals } from "@std/assert";
import { at, checkpointOf, Lab, LOOP } from "./kit.ts";

/** A clock that stands still until it is told to move. */
function clock() {
  let time = Date.parse("2026-01-01T00:00:00Z");
  return { now: () => time, move: (ms: number) => time += ms };
}

Deno.test("A saver sees its own rows at once, others see them when the service shows them", async () => {
  const { now, move } = clock();
  await using lab = await Lab.open({ now, visibilityDelayMs: 10_000 });
  const [own, other] = [lab.saver({ now }), lab.saver({ now })];
  const large = "x".repeat(100_000);
  const config = await own.put(at("t"), checkpointOf("1", { large }), LOOP, { large: 1 });
  await own.putWrites(config, [["a", large]], "task");

  const tuple = await own.getTuple(at("t"));
  assertEquals(tuple?.checkpoint.channel_values, { large });
  assertEquals(tuple?.pendingWrites, [["task", "a", large]]);
  assertEquals(await Array.fromAsync(own.list(at("t"))), [tuple!]);
  assertEquals(await Array.fromAsync(own.list({})), [tuple!]);
  assertEquals(await own.getTuple(at("t", "1")), tuple);
  assertEquals(await other.getTuple(at("t")), undefined);

  move(10_000);
  assertEquals(await other.getTuple(at("t")), tuple);
  assertEquals(await own.getTuple(at("t")), tuple);
});

Deno.test("Own rows that are hidden and rows of others that show make one history", async () => {
  const { now, move } = clock();
  await using lab = await Lab.open({ now, visibilityDelayMs: 10_000 });
  const [own, other] = [lab.saver({ now }), lab.saver({ now })];
  const first = await other.put(at("t"), checkpointOf("1", { log: ["seed"] }), LOOP, { log: 1 });
  await other.putWrites(first, [["log", "one"]], "task");
  move(10_000);
  await own.getTuple(at("t"));
  const second = await own.put(first, checkpointOf("2"), LOOP, {});
  await own.putWrites(second, [["log", "two"]], "task");
  await own.put(second, checkpointOf("3"), LOOP, {});

  const ids = await Array.fromAsync(own.list(at("t")), (tuple) => tuple.checkpoint.id);
  assertEquals(ids, ["3", "2", "1"]);
  const { log } = await own.getDeltaChannelHistory({ config: at("t"), channels: ["log"] });
  assertEquals(log?.seed, ["seed"]);
  assertEquals(log?.writes.map(([, , value]) => value), ["one", "two"]);
});

Deno.test("Writes that another process added to an own head that is not visible yet are seen", async () => {
  const { now } = clock();
  await using lab = await Lab.open({ now });
  const [own, other] = [lab.saver({ now }), lab.saver({ now })];
  lab.emulator.trouble.visibilityDelayMs = 10_000;
  const config = await own.put(at("t"), checkpointOf("1"), LOOP, {});
  lab.emulator.trouble.visibilityDelayMs = 0;
  await other.putWrites(config, [["answer", "yes"]], "task");
  assertEquals((await own.getTuple(at("t")))?.pendingWrites, [["task", "answer", "yes"]]);
  const [listed] = await Array.fromAsync(own.list(at("t")));
  assertEquals(listed?.pendingWrites, [["task", "answer", "yes"]]);
});

Deno.test("A checkpoint asked for by id is waited for where that is wished", async () => {
  const { now, move } = clock();
  await using lab = await Lab.open({ now, visibilityDelayMs: 10_000 });
  const writer = lab.saver({ now });
  await writer.put(at("t"), checkpointOf("1"), LOOP, {});
  const waits: number[] = [];
  const sleep = (ms: number) => {
    waits.push(ms);
    move(ms);
    return Promise.resolve();
  };
  const patient = lab.saver({ now, sleep, visibilityTimeoutMs: 20_000 });
  assertEquals((await patient.getTuple(at("t", "1")))?.checkpoint.id, "1");
  assertEquals(waits, [100, 200, 400, 800, 1600, 2000, 2000, 2000, 2000]);
  assertEquals(await lab.saver({ now, sleep }).getTuple(at("t", "2")), undefined);
  assertEquals(waits.length, 9);
});

Deno.test("A checkpoint that does not come is waited for no longer than wished, the latest not at all", async () => {
  const { now, move } = clock();
  await using lab = await Lab.open({ now });
  let waited = 0;
  const sleep = (ms: number) => {
    waited += ms;
    move(ms);
    return Promise.resolve();
  };
  const saver = lab.saver({ now, sleep, visibilityTimeoutMs: 4_000 });
  assertEquals([await saver.getTuple(at("t")), waited], [undefined, 0]);
  assertEquals([await saver.getTuple(at("t", "1")), waited], [undefined, 4_000]);
});

Deno.test("Buffered rows can be read at once and are durable after flush()", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver({ durability: "buffered" });
  const config = await saver.put(at("t"), checkpointOf("1", { a: 1 }), LOOP, { a: 1 });
  await saver.putWrites(config, [["b", "x".repeat(100_000)]], "task");
  assertEquals(lab.requests().filter((request) => request.startsWith("ingest")), []);
  const tuple = await saver.getTuple(at("t"));
  assertEquals(tuple?.checkpoint.channel_values, { a: 1 });
  await saver.flush();
  assertEquals(await lab.saver().getTuple(at("t")), tuple);
});

Deno.test("close() makes buffered rows durable", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver({ durability: "buffered" });
  await saver.put(at("t"), checkpointOf("1", { a: "x".repeat(50_000) }), LOOP, { a: 1 });
  await saver.close();
  assertEquals((await lab.saver().getTuple(at("t")))?.checkpoint.id, "1");
});

Deno.test("A resent, doubled or lost answer changes nothing that is read", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver({ sleep: () => Promise.resolve() });
  lab.emulator.trouble.add({ kind: "lostReply", on: "ingest", times: 2 });
  lab.emulator.trouble.add({ kind: "duplicate", on: "ingest" });
  const values = { large: "x".repeat(600_000), n: 1 };
  const config = await saver.put(at("t"), checkpointOf("1", values), LOOP, { large: 1, n: 1 });
  await saver.putWrites(config, [["a", 1], ["__interrupt__", "why"]], "task");
  for (const reader of [saver, lab.saver()]) {
    const tuple = await reader.getTuple(at("t"));
    assertEquals(tuple?.checkpoint.channel_values, values);
    assertEquals(tuple?.pendingWrites, [["task", "__interrupt__", "why"], ["task", "a", 1]]);
    assertEquals((await Array.fromAsync(reader.list(at("t")))).length, 1);
  }
});
