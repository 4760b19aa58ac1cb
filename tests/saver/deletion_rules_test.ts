/**
 * The rules that deletion and what touches it keep to, one test each; the files named beside them go
 * deeper.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { KustoClosedError, KustoStateError } from "../../mod.ts";
import { CHILD, Clock, fill, inRun, NOTHING, seen } from "./deletion_kit.ts";
import { at, checkpointOf, Lab, LOOP } from "./kit.ts";
import { MemorySaverAdapter } from "./memory_saver_adapter.ts";

// late_calls_test.ts, deletion_graphs_test.ts, ../incarnations_test.ts
Deno.test("Rule 1: a row belongs to the life that its run read, else to that of what it hangs on, else to the newest", async () => {
  await using lab = await Lab.open();
  const [own, other] = [lab.saver(), lab.saver()];
  const control = {};
  await own.getTuple(inRun(at("t"), control));
  const parent = await own.put(at("t"), checkpointOf("1"), LOOP, {});
  await other.deleteThread("t");
  await own.getTuple(at("t"));
  await own.put(inRun(at("t"), control), checkpointOf("of the run"), LOOP, {});
  await own.put(parent, checkpointOf("of the parent"), LOOP, {});
  const child = at("t", undefined, CHILD);
  const mapped = { configurable: { ...child.configurable, checkpoint_map: { "": "1" } } };
  await own.put(mapped, checkpointOf("of the caller"), LOOP, {});
  assertEquals(await seen(lab.saver(), "t"), NOTHING);
  await own.put(at("t"), checkpointOf("new"), LOOP, {});
  assertEquals(await seen(lab.saver(), "t"), ["new", undefined, "new"]);
});

// deletion_test.ts
Deno.test("Rule 2: a deletion is never buffered, is greater than all it can read, and resolves when it is seen", async () => {
  const clock = new Clock();
  const { now, sleep } = clock;
  await using lab = await Lab.open({ now });
  await lab.saver({ now: () => now() + 3_600_000, sleep }).deleteThread("t");
  const slow = lab.saver({ now, sleep, durability: "buffered" });
  await fill(lab.saver({ now, sleep }), "t");
  lab.emulator.trouble.visibilityDelayMs = 5_000;
  lab.requests();
  const began = now();
  await slow.deleteThread("t");
  assertEquals(lab.requests().slice(0, 3), ["query", "ingest ThreadDeletions", "query"]);
  assertEquals(now() >= began + 5_000, true);
  assertEquals(await seen(lab.saver({ now, sleep }), "t"), NOTHING);
});

// ../clock_test.ts
Deno.test("Rule 3: what is written after reading is newer, however slow the writer's clock is", async () => {
  await using lab = await Lab.open();
  const fast = lab.saver({ now: () => Date.now() + 3_600_000 });
  const human = lab.saver();
  const config = await fast.put(at("t"), checkpointOf("1"), LOOP, {});
  await fast.putWrites(config, [["__resume__", "first answer"]], "task");
  await human.getTuple(at("t"));
  await human.putWrites(config, [["__resume__", "later answer"]], "task");
  const tuple = await lab.saver().getTuple(at("t"));
  assertEquals(tuple?.pendingWrites, [["task", "__resume__", "later answer"]]);
});

// late_calls_test.ts
Deno.test("Rule 4: what names a parent that was looked for in vain belongs to the life of that look", async () => {
  await using lab = await Lab.open();
  const [own, other] = [lab.saver(), lab.saver()];
  await other.deleteThread("t");
  assertEquals(await own.getTuple(at("t", "gone")), undefined);
  await own.put(at("t", "gone"), checkpointOf("update"), LOOP, {});
  assertEquals((await lab.saver().getTuple(at("t")))?.checkpoint.id, "update");
});

// ../channel_version_test.ts
Deno.test("Rule 5: versions go on as the thread began them, numbers as numbers and text as text", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  assertEquals(saver.getNextVersion(7), 8);
  const first = saver.getNextVersion(undefined);
  assertEquals([typeof first, typeof saver.getNextVersion(first)], ["string", "string"]);
});

// recent_test.ts
Deno.test("Rule 6: values and order are taken in the tick of the call, before a thread is read", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const list = ["as it was"];
  const first = saver.put(at("t"), checkpointOf("1", { list }), LOOP, { list: 1 });
  const again = saver.put(at("t"), checkpointOf("1", { list: ["again"] }), LOOP, { list: 1 });
  list.push("changed later");
  const other = saver.put(at("u"), checkpointOf("1", { list }), LOOP, { list: 1 });
  list.length = 0;
  await Promise.all([first, again, other]);
  const valuesOf = async (thread: string) =>
    (await lab.saver().getTuple(at(thread)))?.checkpoint.channel_values;
  assertEquals(await valuesOf("t"), { list: ["again"] });
  assertEquals(await valuesOf("u"), { list: ["as it was", "changed later"] });
});

// ../calls_test.ts
Deno.test("Rule 7: flush() and close() wait for calls that are serialising or reading, then calls are refused", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver({ durability: "buffered" });
  const flushed = saver.put(at("t"), checkpointOf("1"), LOOP, {});
  await saver.flush();
  assertEquals((await lab.saver().getTuple(at("t")))?.checkpoint.id, "1");
  await flushed;
  const late = saver.put(at("u"), checkpointOf("1"), LOOP, {});
  await saver.close();
  assertEquals((await lab.saver().getTuple(at("u")))?.checkpoint.id, "1");
  await late;
  await assertRejects(() => saver.put(at("u"), checkpointOf("2"), LOOP, {}), KustoClosedError);
});

// contract_test.ts
Deno.test("Rule 8: list() leaves out no thread where ids repeat across threads, one of them deleted", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const threads = Array.from({ length: 30 }, (_, n) => `t${String(n).padStart(2, "0")}`);
  await Promise.all(threads.map((thread) => saver.put(at(thread), checkpointOf("1"), LOOP, {})));
  await saver.deleteThread("t07");
  const listed = await Array.fromAsync(
    lab.saver().list({}, { filter: { source: "loop" } }),
    ({ config }) => config.configurable?.thread_id,
  );
  assertEquals(listed, threads.filter((thread) => thread !== "t07"));
});

// retention_test.ts
Deno.test("Rule 9: a delta history whose parent is gone is an error, whatever its ids are", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const parent = await saver.put(at("t"), checkpointOf("9", { log: [1] }), LOOP, { log: 1 });
  await saver.putWrites(parent, [["log", 2]], "task");
  await saver.put(parent, checkpointOf("5"), LOOP, {});
  const read = () =>
    lab.saver().getDeltaChannelHistory({ config: at("t", "5"), channels: ["log"] });
  assertEquals((await read()).log?.seed, [1]);
  await lab.command(
    ".delete table Checkpoints records <| Checkpoints | where checkpoint_id == '9'",
  );
  await assertRejects(read, KustoStateError, "a checkpoint that its history needs is gone");
});

// purge_test.ts
Deno.test("Rule 10: a checkpoint that was hidden alone is not read, but histories go on through it", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const first = await saver.put(at("t"), checkpointOf("1", { log: [1] }), LOOP, { log: 1 });
  await saver.putWrites(first, [["log", 2]], "task");
  await saver.put(first, checkpointOf("2"), LOOP, {});
  await lab.command(
    `.ingest inline into table CheckpointDeletions <| t,,,1,"1\u0001~",2026-01-01T00:00:00Z`,
  );
  for (const reader of [saver, lab.saver()]) {
    assertEquals(await reader.getTuple(at("t", "1")), undefined);
    assertEquals(await seen(reader, "t"), ["2", undefined, "2"]);
    const { log } = await reader.getDeltaChannelHistory({ config: at("t"), channels: ["log"] });
    assertEquals([log?.seed, log?.writes], [[1], [["task", "log", 2]]]);
  }
});

// recent_test.ts
Deno.test("Rule 11: old checkpoints take their sends from the parent of the head that this saver sees", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const old = { v: 3 };
  let config = await saver.put(at("t"), checkpointOf("1", {}, old), LOOP, {});
  await saver.putWrites(config, [["__pregel_tasks", "for 2"]], "task");
  config = await saver.put(config, checkpointOf("2", {}, old), LOOP, {});
  await saver.putWrites(config, [["__pregel_tasks", "for 3"]], "task");
  assertEquals((await saver.getTuple(at("t")))?.checkpoint.id, "2");
  lab.emulator.trouble.visibilityDelayMs = 3_600_000;
  await saver.put(config, checkpointOf("3", {}, old), LOOP, {});
  const tuple = await saver.getTuple(at("t"));
  assertEquals(tuple?.checkpoint.channel_values, { __pregel_tasks: ["for 3"] });
});

// differential_test.ts
Deno.test("Rule 12: the reference in memory forgets late calls and deleted threads as this saver does", async () => {
  await using lab = await Lab.open();
  for (const saver of [lab.saver(), new MemorySaverAdapter()]) {
    const control = {};
    await saver.getTuple(inRun(at(7), control));
    await saver.put(inRun(at(7), control), checkpointOf("1"), LOOP, {});
    await saver.deleteThread("7");
    await saver.put(inRun(at(7), control), checkpointOf("2"), LOOP, {});
    assertEquals(await saver.getTuple(at(7)), undefined);
    await saver.getTuple(inRun(at(7), {}));
    await saver.put(at(7), checkpointOf("3", { a: 1, b: 2 }), LOOP, { a: 1 });
    const tuple = await saver.getTuple({ configurable: { thread_id: 7, user: "key" } });
    assertEquals(tuple?.config, at("7", "3"));
    assertEquals(tuple?.checkpoint.channel_values, { a: 1 });
  }
});
