import { assertEquals, assertRejects } from "@std/assert";
import { KustoFlushError, KustoUnavailableError, type Sleep } from "../../mod.ts";
import { Clock, fill, Gate, NOTHING, seen } from "./deletion_kit.ts";
import { at, checkpointOf, Lab, LOOP } from "./kit.ts";

Deno.test("Deleting hides all namespaces at once, here, elsewhere and for who comes later", async () => {
  await using lab = await Lab.open();
  const [own, other] = [lab.saver(), lab.saver()];
  await fill(own, "t");
  await fill(own, "kept");
  assertEquals(await seen(other, "t"), ["1", "2", "2", "1"]);
  await own.deleteThread("t");
  for (const saver of [own, other, lab.saver()]) {
    assertEquals(await seen(saver, "t"), NOTHING);
    assertEquals(await saver.getTuple(at("t", "1")), undefined);
    assertEquals(await seen(saver, "kept"), ["1", "2", "2", "1"]);
    const all = await Array.fromAsync(saver.list({}), ({ config }) => config.configurable);
    assertEquals(new Set(all.map((address) => address?.thread_id)), new Set(["kept"]));
    const { a } = await saver.getDeltaChannelHistory({ config: at("t", "1"), channels: ["a"] });
    assertEquals(a, { writes: [] });
  }
});

Deno.test("Deleting by another process hides what this one wrote and cannot see yet", async () => {
  const clock = new Clock();
  const { now, sleep } = clock;
  await using lab = await Lab.open({ now });
  const [own, other] = [lab.saver({ now, sleep }), lab.saver({ now, sleep })];
  lab.emulator.trouble.visibilityDelayMs = 3_600_000;
  await fill(own, "t");
  lab.emulator.trouble.visibilityDelayMs = 0;
  await other.deleteThread("t");
  assertEquals(await seen(own, "t"), NOTHING);
  assertEquals(await Array.fromAsync(own.list({})), []);
  clock.time += 3_600_000;
  for (const saver of [own, other, lab.saver({ now, sleep })]) {
    assertEquals(await seen(saver, "t"), NOTHING);
  }
});

Deno.test("A deletion resolves when every reader sees it", async () => {
  const clock = new Clock();
  const { now, sleep } = clock;
  await using lab = await Lab.open({ now, visibilityDelayMs: 10_000 });
  const saver = lab.saver({ now, sleep });
  await fill(saver, "t");
  clock.time += 10_000;
  const began = clock.time;
  await saver.deleteThread("t");
  assertEquals(clock.time >= began + 10_000, true);
  assertEquals(await seen(lab.saver({ now, sleep }), "t"), NOTHING);
});

Deno.test("A deletion that stays invisible fails when its time is up", async () => {
  const clock = new Clock();
  const { now, sleep } = clock;
  await using lab = await Lab.open({ now, visibilityDelayMs: 10_000 });
  const saver = lab.saver({ now, sleep, deleteTimeoutMs: 1_000 });
  await assertRejects(
    () => saver.deleteThread("t"),
    KustoUnavailableError,
    "after 1000 ms, delete the thread again",
  );
});

Deno.test("Buffered rows are hidden by a deletion that comes after them", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver({ durability: "buffered" });
  await fill(saver, "t");
  await saver.deleteThread("t");
  assertEquals(await seen(saver, "t"), NOTHING);
  await saver.flush();
  assertEquals(await seen(lab.saver(), "t"), NOTHING);
});

Deno.test("A thread can be used anew, again and again, and holds nothing of its past", async () => {
  await using lab = await Lab.open();
  const savers = [lab.saver(), lab.saver()];
  for (let life = 0; life < 3; life++) {
    const saver = savers[life % 2]!;
    assertEquals(await saver.getTuple(at("t")), undefined);
    const first = await saver.put(at("t"), checkpointOf(`${life}`, { life }), LOOP, { life: 1 });
    await saver.putWrites(first, [["life", life]], "task");
    for (const reader of [...savers, lab.saver()]) {
      const tuple = await reader.getTuple(at("t"));
      assertEquals(tuple?.checkpoint.channel_values, { life });
      assertEquals(tuple?.pendingWrites, [["task", "life", life]]);
      assertEquals(await seen(reader, "t"), [`${life}`, undefined, `${life}`]);
    }
    await saver.deleteThread("t");
    await saver.deleteThread("t");
    for (const reader of savers) assertEquals(await seen(reader, "t"), NOTHING);
  }
});

Deno.test("The new life keeps its large values, though equal ones were stored before", async () => {
  await using lab = await Lab.open();
  const [own, other] = [lab.saver(), lab.saver()];
  const values = { large: "x".repeat(100_000) };
  await own.put(at("t"), checkpointOf("1", values), LOOP, { large: 1 });
  await other.deleteThread("t");
  await own.getTuple(at("t"));
  await own.put(at("t"), checkpointOf("2", values), LOOP, { large: 1 });
  for (const reader of [own, other, lab.saver()]) {
    assertEquals((await reader.getTuple(at("t")))?.checkpoint.channel_values, values);
  }
});

Deno.test("A thread that does not exist can be deleted, and used afterwards", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  await saver.deleteThread("nobody");
  await fill(saver, "nobody");
  assertEquals(await seen(lab.saver(), "nobody"), ["1", "2", "2", "1"]);
  await saver.deleteThread(7 as unknown as string);
  await fill(saver, 7);
  assertEquals(await seen(lab.saver(), "7"), ["1", "2", "2", "1"]);
  await saver.deleteThread(7 as unknown as string);
  assertEquals(await seen(lab.saver(), "7"), NOTHING);
});

Deno.test("Deleters whose clocks differ by hours, both ways: the later deletion and life count", async () => {
  await using lab = await Lab.open();
  const hour = 3_600_000;
  const fast = lab.saver({ now: () => Date.now() + hour });
  const slow = lab.saver({ now: () => Date.now() - hour });
  for (const [n, saver] of [fast, slow, fast, slow, slow].entries()) {
    assertEquals(await seen(saver, "t"), NOTHING);
    await fill(saver, "t");
    for (const reader of [fast, slow, lab.saver()]) {
      assertEquals(await seen(reader, "t"), ["1", "2", "2", "1"], `life ${n}`);
    }
    // A process that never read the thread, with the same clock.
    const now = () => Date.now() + (saver === fast ? hour : -hour);
    await lab.saver({ now }).deleteThread("t");
    for (const reader of [fast, slow, lab.saver()]) {
      assertEquals(await seen(reader, "t"), NOTHING, `life ${n}`);
    }
  }
});

Deno.test("Two deletions at the same time are one, and nothing is left", async () => {
  await using lab = await Lab.open();
  const [own, other] = [lab.saver(), lab.saver()];
  await fill(own, "t");
  await Promise.all([own.deleteThread("t"), other.deleteThread("t"), own.deleteThread("t")]);
  for (const reader of [own, other]) assertEquals(await seen(reader, "t"), NOTHING);
  await own.getTuple(at("t"));
  await fill(own, "t");
  for (const reader of [own, other]) assertEquals(await seen(reader, "t"), ["1", "2", "2", "1"]);
});

Deno.test("A deletion whose answers get lost is one deletion", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver({ sleep: () => Promise.resolve() });
  await fill(saver, "t");
  lab.emulator.trouble.add({ kind: "lostReply", times: 3 });
  lab.emulator.trouble.add({ kind: "duplicate", on: "ingest" });
  await saver.deleteThread("t");
  assertEquals(await seen(lab.saver(), "t"), NOTHING);
  await fill(saver, "t");
  assertEquals(await seen(lab.saver(), "t"), ["1", "2", "2", "1"]);
});

Deno.test("deleteThread() waits for buffered rows of its thread, and not for those of others", async () => {
  await using lab = await Lab.open();
  // Buffered rows linger, and wait to be tried again, until somebody flushes.
  const sleep: Sleep = (_, { persistent }) =>
    persistent === false ? new Promise(() => {}) : Promise.resolve();
  const saver = lab.saver({ durability: "buffered", maxRetries: 0, sleep });
  await saver.getTuple(at("t"));
  await saver.getTuple(at("other"));
  lab.emulator.trouble.add({ kind: "serviceError", on: "ingest", times: 1 });
  await saver.put(at("other"), checkpointOf("1"), LOOP, {});
  await assertRejects(() => saver.flush(), KustoFlushError);
  await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  lab.requests();
  await saver.deleteThread("t");
  assertEquals(lab.requests(), ["ingest Checkpoints", "query", "ingest ThreadDeletions", "query"]);
  assertEquals((await lab.saver().getTuple(at("other")))?.checkpoint.id, undefined);
  await saver.flush();
  assertEquals((await lab.saver().getTuple(at("other")))?.checkpoint.id, "1");
});

for (const durability of ["acknowledged", "buffered"] as const) {
  Deno.test(`The new life keeps what is written to it before the deletion is answered: ${durability}`, async () => {
    const { now } = new Clock();
    await using lab = await Lab.open({ now });
    const answer = new Gate();
    const sleep: Sleep = (_, { persistent }) =>
      persistent === false ? new Promise(() => {}) : Promise.resolve();
    const saver = lab.saver({
      durability,
      now,
      sleep,
      fetch: async (input, init) => {
        const response = await lab.emulator.fetch(input as string, init);
        if (String(input).includes("/ThreadDeletions?")) await answer.pass();
        return response;
      },
    });
    await fill(saver, "t");
    const deletion = saver.deleteThread("t");
    await answer.reached;
    assertEquals(await seen(saver, "t"), NOTHING);
    lab.emulator.trouble.visibilityDelayMs = 10_000;
    await saver.put(at("t"), checkpointOf("3"), LOOP, {});
    answer.open();
    await deletion;
    assertEquals(await seen(saver, "t"), ["3", undefined, "3"]);
    lab.emulator.trouble.visibilityDelayMs = 0;
    await saver.put(at("t", "3"), checkpointOf("4"), LOOP, {});
    await saver.flush();
    assertEquals((await lab.saver().getTuple(at("t")))?.checkpoint.id, "4");
  });
}
