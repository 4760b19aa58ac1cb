import { assertEquals } from "@std/assert";
import { at, checkpointOf, Lab, LOOP } from "./kit.ts";

Deno.test("getTuple() is one request, for the latest and by id, however long the thread is", async () => {
  await using lab = await Lab.open();
  const writer = lab.saver();
  let config = at("t");
  for (let n = 10; n < 60; n++) {
    config = await writer.put(config, checkpointOf(`id-${n}`, { n }), LOOP, { n }) as typeof config;
    await writer.putWrites(config, [["n", n]], "task");
  }
  const reader = lab.saver();
  lab.requests();
  assertEquals((await reader.getTuple(at("t")))?.checkpoint.id, "id-59");
  assertEquals(lab.requests(), ["query"]);
  assertEquals((await reader.getTuple(at("t", "id-10")))?.checkpoint.id, "id-10");
  assertEquals(lab.requests(), ["query"]);
});

Deno.test("getTuple() is one request with values of megabytes in blobs", async () => {
  await using lab = await Lab.open();
  const value = "x".repeat(3_000_000);
  await lab.saver().put(at("t"), checkpointOf("id", { value }), LOOP, { value: 1 });
  lab.requests();
  const tuple = await lab.saver().getTuple(at("t"));
  assertEquals(tuple?.checkpoint.channel_values.value, value);
  assertEquals(lab.requests(), ["query"]);
});

Deno.test("put() is one read and one append for a thread never seen, then one append", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const config = await saver.put(at("t"), checkpointOf("1", { a: 1 }), LOOP, { a: 1 });
  assertEquals(lab.requests(), ["query", "ingest Checkpoints"]);
  await saver.put(config, checkpointOf("2", { a: 2 }), LOOP, { a: 2 });
  assertEquals(lab.requests(), ["ingest Checkpoints"]);
});

Deno.test("put() of a large value is one append more, and none for a value that was sent before", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const large = "x".repeat(100_000);
  const config = await saver.put(at("t"), checkpointOf("1", { large }), LOOP, { large: 1 });
  assertEquals(lab.requests(), ["query", "ingest CheckpointBlobs", "ingest Checkpoints"]);
  await saver.put(config, checkpointOf("2", { large, n: 1 }), LOOP, { n: 1 });
  assertEquals(lab.requests(), ["ingest Checkpoints"]);
});

Deno.test("put() by a saver that read the thread sends no large value again", async () => {
  await using lab = await Lab.open();
  const large = "x".repeat(100_000);
  const config = await lab.saver().put(at("t"), checkpointOf("1", { large }), LOOP, { large: 1 });
  const other = lab.saver();
  await other.getTuple(at("t"));
  lab.requests();
  await other.put(config, checkpointOf("2", { large, n: 1 }), LOOP, { n: 1 });
  assertEquals(lab.requests(), ["ingest Checkpoints"]);
});

Deno.test("putWrites() is one append, and none without writes", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  await saver.getTuple(at("t", "1"));
  lab.requests();
  await saver.putWrites(at("t", "1"), [["a", 1], ["b", 2]], "task");
  assertEquals(lab.requests(), ["ingest CheckpointWrites"]);
  await saver.putWrites(at("t", "1"), [], "task");
  assertEquals(lab.requests(), []);
});

Deno.test("putWrites() of concurrent tasks share requests", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  await saver.getTuple(at("t", "1"));
  lab.requests();
  const tasks = Array.from({ length: 50 }, (_, n) => `task-${n}`);
  await Promise.all(tasks.map((task) => saver.putWrites(at("t", "1"), [["a", task]], task)));
  const appends = lab.requests();
  assertEquals(appends.every((request) => request === "ingest CheckpointWrites"), true);
  assertEquals(appends.length <= 3, true, `${appends.length} requests`);
});

Deno.test("list() is one request for a short history, with writes and blobs", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  let config = at("t");
  for (const id of ["1", "2", "3"]) {
    const values = { large: id.repeat(50_000) };
    config = await saver.put(config, checkpointOf(id, values), LOOP, { large: 1 }) as typeof config;
    await saver.putWrites(config, [["large", id]], "task");
  }
  const reader = lab.saver();
  lab.requests();
  const ids = await Array.fromAsync(reader.list(at("t")), (tuple) => tuple.checkpoint.id);
  assertEquals(ids, ["3", "2", "1"]);
  assertEquals(lab.requests(), ["query"]);
});

Deno.test("list() of a long history reads no further than its consumer", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  let config = at("t");
  for (let n = 100; n < 200; n++) {
    config = await saver.put(config, checkpointOf(String(n), { n }), LOOP, {}) as typeof config;
  }
  lab.requests();
  for await (const tuple of lab.saver().list(at("t"))) {
    if (tuple.checkpoint.id === "195") break;
  }
  assertEquals(lab.requests().length, 1);
});

Deno.test("getDeltaChannelHistory() is two requests for a chain of a thousand", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  let config = at("t");
  for (let n = 1000; n < 2000; n++) {
    const values = n === 1000 ? { log: ["start"] } : {};
    config = await saver.put(
      config,
      checkpointOf(String(n), values),
      LOOP,
      values as never,
    ) as typeof config;
    await saver.putWrites(config, [["log", n]], "task");
  }
  lab.requests();
  const { log } = await lab.saver().getDeltaChannelHistory({ config, channels: ["log"] });
  assertEquals(log?.seed, ["start"]);
  assertEquals(
    log?.writes.map(([, , value]) => value),
    Array.from({ length: 999 }, (_, n) => 1000 + n),
  );
  assertEquals(lab.requests().length, 2);
});
