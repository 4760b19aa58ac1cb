import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  KustoFlushError,
  KustoRequestError,
  type KustoSaverOptions,
  KustoUnavailableError,
} from "../../mod.ts";
import { at, checkpointOf, Lab, LOOP } from "./kit.ts";

const MINUTE = 60_000;

/** What {@link World.refuse} says of an append: that it goes through, is not answered, or is refused. */
type Verdict = "ok" | "down" | "bad";

/** A service whose appends can be refused, whose clock stands still, and whose background waits the test ends. */
class World {
  readonly lab: Lab;
  readonly waits: { readonly ms: number; readonly end: () => void }[] = [];
  /** The waits of callers; time goes on with each. */
  readonly delays: number[] = [];
  refuse: (table: string, body: string) => Verdict = () => "ok";
  readonly #time: { now: number };

  private constructor(lab: Lab, time: { now: number }) {
    this.lab = lab;
    this.#time = time;
  }

  static async open(visibilityDelayMs = 0): Promise<World> {
    const time = { now: Date.parse("2026-01-01T00:00:00Z") };
    const lab = await Lab.open({ now: () => time.now });
    lab.emulator.trouble.visibilityDelayMs = visibilityDelayMs;
    return new World(lab, time);
  }

  saver(options: Partial<KustoSaverOptions> = {}) {
    return this.lab.saver({
      now: () => this.#time.now,
      fetch: this.#fetch,
      compression: "none",
      maxRetries: 0,
      random: () => 0.5,
      sleep: (ms, { signal, persistent = true }) =>
        new Promise((end, reject) => {
          if (!persistent) {
            signal?.addEventListener("abort", () => reject(signal.reason));
            this.waits.push({ ms, end });
            return;
          }
          this.delays.push(ms);
          this.move(ms);
          setTimeout(end, 0);
        }),
      ...options,
    });
  }

  move(ms: number): void {
    this.#time.now += ms;
  }

  /** The tables that were appended to since the last call. */
  appends(): string[] {
    return this.lab.requests().filter((request) => request.startsWith("ingest "))
      .map((request) => request.slice("ingest ".length));
  }

  readonly #fetch: typeof fetch = (input, init) => {
    const table = /\/ingest\/[^/]*\/(\w+)/.exec(String(input))?.[1];
    const verdict = table === undefined
      ? "ok"
      : this.refuse(table, new TextDecoder().decode(init?.body as Uint8Array));
    if (verdict === "ok") return this.lab.emulator.fetch(input as string, init);
    if (verdict === "down") return Promise.reject(new TypeError("connection refused"));
    const error = { code: "General_BadRequest", "@message": "bad row", "@permanent": true };
    return Promise.resolve(new Response(JSON.stringify({ error }), { status: 400 }));
  };

  [Symbol.asyncDispose](): Promise<void> {
    this.refuse = () => "ok";
    return this.lab[Symbol.asyncDispose]();
  }
}

/** Lets everything run that can run without time passing. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(() => settled = true, () => settled = true);
  await settle();
  return settled;
}

Deno.test("A refused row fails its own caller alone", async () => {
  await using world = await World.open();
  const saver = world.saver();
  await saver.getTuple(at("t", "1"));
  world.refuse = (_, body) => body.includes("poison") ? "bad" : "ok";
  const values = ["a", "b", "poison", "c", "d"];
  const results = await Promise.allSettled(
    values.map((value) => saver.putWrites(at("t", "1"), [["x", value]], value)),
  );
  assertEquals(
    results.map((result) => result.status === "rejected" && result.reason.constructor),
    [false, false, KustoRequestError, false, false],
  );
  await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  const tuple = await world.lab.saver().getTuple(at("t"));
  assertEquals(tuple?.pendingWrites?.map(([, , value]) => value), ["a", "b", "c", "d"]);
});

Deno.test("A write that failed is not seen, though others of its request are", async () => {
  await using world = await World.open(10_000);
  const saver = world.saver();
  await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  world.refuse = (_, body) => body.includes("poison") ? "bad" : "ok";
  await Promise.allSettled([
    saver.put(at("t", "1"), checkpointOf("2", { a: "poison" }), LOOP, { a: 1 }),
    saver.putWrites(at("t", "1"), [["a", "fine"]], "task"),
    saver.putWrites(at("t", "1"), [["a", "poison"]], "task 2"),
  ]);
  const tuple = await saver.getTuple(at("t"));
  assertEquals([tuple?.checkpoint.id, tuple?.pendingWrites], ["1", [["task", "a", "fine"]]]);
});

Deno.test("A value that was stored with a checkpoint that was not is there for the next one", async () => {
  await using world = await World.open(10_000);
  const saver = world.saver();
  const values = { large: "x".repeat(100_000) };
  world.refuse = (table) => table === "Checkpoints" ? "down" : "ok";
  await assertRejects(
    () => saver.put(at("t"), checkpointOf("1", values), LOOP, { large: 1 }),
    KustoUnavailableError,
  );
  world.refuse = () => "ok";
  world.appends();
  await saver.put(at("t"), checkpointOf("2", values), LOOP, { large: 1 });
  assertEquals(world.appends(), ["Checkpoints"]);
  assertEquals((await saver.getTuple(at("t")))?.checkpoint.channel_values, values);
  assertEquals(world.delays, []);
});

Deno.test("flush() waits for calls that are still reading, and for what they then send", async () => {
  await using world = await World.open();
  for (const durability of ["acknowledged", "buffered"] as const) {
    const saver = world.saver({ durability });
    const id = durability;
    saver.put(at("t"), checkpointOf(id), LOOP, {});
    await saver.flush();
    assertEquals((await world.lab.saver().getTuple(at("t", id)))?.checkpoint.id, id);
  }
});

Deno.test("Buffered rows go out when they have waited, and when there are enough of them", async () => {
  await using world = await World.open();
  const saver = world.saver({ durability: "buffered", batchSize: 3, flushIntervalMs: 1_234 });
  await saver.getTuple(at("t"));
  for (const task of ["1", "2"]) await saver.putWrites(at("t", "1"), [["a", task]], task);
  await settle();
  assertEquals([world.appends(), world.waits.map(({ ms }) => ms)], [[], [1_234]]);
  world.waits[0]!.end();
  await settle();
  assertEquals(world.appends(), ["CheckpointWrites"]);
  await saver.putWrites(at("t", "1"), [["a", 3], ["b", 4], ["c", 5]], "3");
  await settle();
  assertEquals(world.appends(), ["CheckpointWrites"]);
});

Deno.test("Buffered rows that failed stay queued, are read, reported, and stored by themselves", async () => {
  await using world = await World.open();
  const saver = world.saver({ durability: "buffered", retryBackoffMs: 2_000 });
  world.refuse = () => "down";
  const large = { large: "x".repeat(100_000) };
  const config = await saver.put(at("t"), checkpointOf("1", large), LOOP, { large: 1 });
  await saver.putWrites(config, [["a", 1], ["b", 2]], "task");
  const error = await assertRejects(() => saver.flush(), KustoFlushError);
  assertEquals(error.unstored, [
    { table: "CheckpointBlobs", rows: 1 },
    { table: "Checkpoints", rows: 1 },
    { table: "CheckpointWrites", rows: 2 },
  ]);
  assert(error.cause instanceof KustoUnavailableError);
  const tuple = await saver.getTuple(at("t"));
  assertEquals([tuple?.checkpoint.channel_values, tuple?.pendingWrites?.length], [large, 2]);
  world.refuse = () => "ok";
  assertEquals(world.waits.at(-1)!.ms, 1_000);
  world.waits.at(-1)!.end();
  await settle();
  assertEquals(await world.lab.saver().getTuple(at("t")), tuple);
  world.appends();
  await saver.flush();
  assertEquals(world.appends(), []);
});

Deno.test("Buffered rows that are tried again, and rows whose blobs have waited, do not linger too", async () => {
  await using world = await World.open();
  const saver = world.saver({ durability: "buffered" });
  const put = (id: string) => {
    const values = { large: id.repeat(100_000) };
    return saver.put(at("t"), checkpointOf(id, values), LOOP, { large: 1 });
  };
  await put("1");
  world.waits.at(-1)!.end();
  await settle();
  assertEquals(world.appends(), ["CheckpointBlobs", "Checkpoints"]);
  world.refuse = () => "down";
  await put("2");
  await assertRejects(() => saver.flush(), KustoFlushError);
  world.refuse = () => "ok";
  world.waits.at(-1)!.end();
  await settle();
  assertEquals(world.appends(), ["CheckpointBlobs", "Checkpoints"]);
});

Deno.test("Of buffered rows only what failed is sent again, with longer and longer waits", async () => {
  await using world = await World.open();
  const saver = world.saver({ durability: "buffered" });
  await saver.getTuple(at("t"));
  world.refuse = (_, body) => body.includes("poison") ? "bad" : "ok";
  await saver.putWrites(at("t", "1"), [["a", "fine"], ["b", "poison"]], "task");
  const error = await assertRejects(() => saver.flush(), KustoFlushError, "1 of table");
  assert(error.cause instanceof KustoRequestError);
  world.appends();
  for (const ms of [500, 1_000, 2_000]) {
    assertEquals([world.waits.at(-1)!.ms, world.appends()], [ms, []]);
    world.waits.at(-1)!.end();
    await settle();
  }
  world.refuse = () => "ok";
  await saver.flush();
  assertEquals(world.appends(), ["CheckpointWrites"]);
});

Deno.test("Buffered rows whose answer was lost are sent again, and read once", async () => {
  await using world = await World.open();
  const saver = world.saver({ durability: "buffered" });
  await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  await saver.putWrites(at("t", "1"), [["a", 1], ["__resume__", 2]], "task");
  world.lab.emulator.trouble.add({ kind: "lostReply", on: "ingest", times: 2 });
  await assertRejects(() => saver.flush(), KustoFlushError);
  world.appends();
  await saver.flush();
  assertEquals(world.appends(), ["Checkpoints", "CheckpointWrites"]);
  for (const reader of [saver, world.lab.saver()]) {
    assertEquals((await reader.getTuple(at("t")))?.pendingWrites?.length, 2);
    assertEquals((await Array.fromAsync(reader.list(at("t")))).length, 1);
  }
});

Deno.test("Rows that a query shows need not be sent again, though their answer was lost", async () => {
  await using world = await World.open();
  const saver = world.saver({ durability: "buffered" });
  await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  world.lab.emulator.trouble.add({ kind: "lostReply", on: "ingest", times: 1 });
  await assertRejects(() => saver.flush(), KustoFlushError);
  await saver.getTuple(at("t"));
  world.appends();
  await saver.flush();
  assertEquals(world.appends(), []);
});

Deno.test("close() reports what is not stored, and can be called again until it is", async () => {
  await using world = await World.open();
  const saver = world.saver({ durability: "buffered" });
  await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  world.refuse = () => "down";
  await assertRejects(() => saver.close(), KustoFlushError, '1 of table "Checkpoints"');
  world.refuse = () => "ok";
  await saver.close();
  assertEquals((await world.lab.saver().getTuple(at("t")))?.checkpoint.id, "1");
});

Deno.test("Rows of a deleted thread that could not be stored are neither tried again nor reported", async () => {
  await using world = await World.open();
  const saver = world.saver({ durability: "buffered" });
  world.refuse = (_, body) => body.includes("poison") ? "bad" : "ok";
  await saver.put(at("t"), checkpointOf("1", { a: "poison" }), LOOP, { a: 1 });
  await assertRejects(() => saver.flush(), KustoFlushError);
  await saver.deleteThread("t");
  await saver.flush();
  assertEquals(await saver.getTuple(at("t")), undefined);
});

Deno.test("Buffered rows are read for as long as they wait to be stored, and until they are visible", async () => {
  await using world = await World.open(4 * MINUTE);
  const saver = world.saver({ durability: "buffered" });
  await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  for (const minutes of [6, 3]) {
    world.move(minutes * MINUTE);
    assertEquals((await saver.getTuple(at("t")))?.checkpoint.id, "1");
    await saver.flush();
  }
  world.move(MINUTE);
  assertEquals((await world.lab.saver().getTuple(at("t")))?.checkpoint.id, "1");
});

/** Writes of about 1 KB each, one after the other. */
async function writeKilobytes(world: World, count: number, options: Partial<KustoSaverOptions>) {
  const saver = world.saver(options);
  await saver.getTuple(at("t", "1"));
  for (let task = 0; task < count; task++) {
    await saver.putWrites(at("t", "1"), [["a", "x".repeat(700)]], String(task));
  }
  return saver;
}

Deno.test("Writers wait while too many rows are not visible yet, ask until some are, and go on", async () => {
  await using world = await World.open(10_000);
  await writeKilobytes(world, 9, { maxPendingBytes: 10_000 });
  assertEquals(world.delays, []);
  const saver = await writeKilobytes(world, 30, { maxPendingBytes: 10_000 });
  const waited = world.delays.reduce((sum, ms) => sum + ms, 0);
  // Thirty rows are three times what there is room for.
  assert(waited >= 20_000 && waited <= 28_000, `${waited} ms`);
  assert(world.delays.length < 30, `${world.delays.length} waits`);
  await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  assertEquals((await saver.getTuple(at("t")))?.pendingWrites?.length, 30);
});

Deno.test("A write larger than all the room there is waits until it is alone, and is stored", async () => {
  await using world = await World.open(10_000);
  const saver = world.saver({ maxPendingBytes: 10_000 });
  await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  const values = { large: "x".repeat(2_000_000) };
  await saver.put(at("t", "1"), checkpointOf("2", values), LOOP, { large: 1 });
  assert(world.delays.reduce((sum, ms) => sum + ms, 0) >= 10_000);
  assertEquals((await saver.getTuple(at("t")))?.checkpoint.channel_values, values);
});

Deno.test("Writers go on after five minutes where nothing can be asked", async () => {
  await using world = await World.open(60 * MINUTE);
  const saver = world.saver({ maxPendingBytes: 500 });
  await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  world.lab.emulator.trouble.add({ kind: "serviceError", on: "query" });
  await saver.put(at("t", "1"), checkpointOf("2"), LOOP, {});
  const waited = world.delays.reduce((sum, ms) => sum + ms, 0);
  assert(waited >= 5 * MINUTE && waited <= 6 * MINUTE, `${waited} ms`);
});

Deno.test("Buffered writers that wait for room send what is queued, and wait out a service that is down", async () => {
  await using world = await World.open();
  const saver = await writeKilobytes(world, 3, { maxPendingBytes: 3_500, durability: "buffered" });
  assertEquals(world.appends(), []);
  world.refuse = () => "down";
  const write = saver.putWrites(at("t", "1"), [["a", "x".repeat(700)]], "last");
  assertEquals(await isSettled(write), false);
  world.refuse = () => "ok";
  world.waits.at(-1)!.end();
  await write;
  await saver.flush();
  await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  assertEquals((await saver.getTuple(at("t")))?.pendingWrites?.length, 4);
});

Deno.test("flush() and close() report what is not stored while others wait for the room that it takes", async () => {
  await using world = await World.open();
  const saver = await writeKilobytes(world, 3, { maxPendingBytes: 3_500, durability: "buffered" });
  world.refuse = () => "down";
  const write = saver.putWrites(at("t", "1"), [["a", "x".repeat(700)]], "last");
  await assertRejects(() => saver.flush(), KustoFlushError, "3 of table");
  await assertRejects(() => saver.close(), KustoFlushError, "3 of table");
  world.refuse = () => "ok";
  await Promise.all([saver.close(), write]);
  assertEquals(world.appends().includes("CheckpointWrites"), true);
});
