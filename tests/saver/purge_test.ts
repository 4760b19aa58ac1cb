import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  KustoInputError,
  KustoPermissionError,
  KustoUnavailableError,
  type PurgeProgress,
} from "../../mod.ts";
import type { KustoEmulatorOptions } from "../../src/emulator/mod.ts";
import { TABLE_NAMES } from "../../src/schema.ts";
import { Clock, fill, NOTHING, seen } from "./deletion_kit.ts";
import { at, checkpointOf, Lab, LOOP } from "./kit.ts";

const LARGE = "x".repeat(100_000);
/** The rows that {@link twoLives} hides, by table. */
const HIDDEN = {
  checkpoints: 3,
  writes: 1,
  blobs: 1,
  pointers: 2,
  checkpointDeletions: 0,
  threadDeletions: 0,
};
const NONE = { ...HIDDEN, checkpoints: 0, writes: 0, blobs: 0, pointers: 0 };

/** An embedded Kusto on a clock of its own, with savers that never really wait. */
async function open(options: KustoEmulatorOptions = {}) {
  const clock = new Clock();
  const { now, sleep } = clock;
  const lab = await Lab.open({ now, ...options });
  return { lab, clock, now, sleep, saver: lab.saver({ now, sleep }) };
}

/** A thread that was deleted and begun anew, and one that was never deleted. */
async function twoLives({ saver }: Awaited<ReturnType<typeof open>>): Promise<void> {
  await fill(saver, "t");
  const config = await saver.put(at("t", "1"), checkpointOf("3", { LARGE }), LOOP, { LARGE: 1 });
  await saver.deleteThread("t");
  await saver.getTuple(at("t"));
  await saver.put(at("t"), checkpointOf("new", { LARGE }), LOOP, { LARGE: 1 });
  await fill(saver, "kept");
  assertEquals(config.configurable?.checkpoint_id, "3");
}

/** How many rows each table and the view hold. */
async function rowCounts(lab: Lab): Promise<Record<string, number>> {
  const counts = Object.values(TABLE_NAMES).map(async (table) => {
    const answer = await lab.emulator.fetch("http://localhost/v1/rest/query", {
      method: "POST",
      body: JSON.stringify({ db: lab.emulator.database, csl: `${table} | count` }),
    });
    return [table, (await answer.json()).Tables[0].Rows[0][0] as number] as const;
  });
  return Object.fromEntries(await Promise.all(counts));
}

const AFTER = {
  Checkpoints: 3,
  CheckpointWrites: 1,
  CheckpointBlobs: 1,
  LatestCheckpoints: 3,
  CheckpointDeletions: 0,
  ThreadDeletions: 1,
};

Deno.test("purgeDeletedThreads() removes what deletions hide from tables and view, and nothing else", async () => {
  const world = await open();
  await using lab = world.lab;
  await twoLives(world);
  world.clock.days(2);
  assertEquals(await world.saver.purgeDeletedThreads(), { removed: HIDDEN, left: NONE });
  assertEquals(await rowCounts(lab), AFTER);
  for (const reader of [world.saver, lab.saver()]) {
    assertEquals(await seen(reader, "t"), ["new", undefined, "new"]);
    assertEquals(await seen(reader, "kept"), ["1", "2", "2", "1"]);
    const tuple = await reader.getTuple(at("t"));
    assertEquals(tuple?.checkpoint.channel_values, { LARGE });
  }
  assertEquals(await world.saver.purgeDeletedThreads(), { removed: NONE, left: NONE });
});

Deno.test("purgeDeletedThreads() leaves rows that are too young for a later purge, and says so", async () => {
  const world = await open();
  await using _lab = world.lab;
  await twoLives(world);
  const young = await world.saver.purgeDeletedThreads();
  assertEquals(young, { removed: NONE, left: { ...HIDDEN, pointers: 0 } });
  const { removed } = await world.saver.purgeDeletedThreads({ minimumAgeMs: 0 });
  assertEquals(removed, NONE, "not younger than this moment");
  world.clock.time++;
  assertEquals((await world.saver.purgeDeletedThreads({ minimumAgeMs: 0 })).removed, HIDDEN);
});

Deno.test("purgeDeletedThreads() keeps the newest marker of a thread, which hides late rows for good", async () => {
  const world = await open();
  await using lab = world.lab;
  const run = { ...at("t"), control: {} };
  await world.saver.getTuple(run);
  for (let life = 0; life < 3; life++) await world.saver.deleteThread("t");
  world.clock.days(2);
  const { removed } = await world.saver.purgeDeletedThreads();
  assertEquals(removed, { ...NONE, threadDeletions: 2 });
  await world.saver.put(run, checkpointOf("late"), LOOP, {});
  assertEquals(await seen(lab.saver(), "t"), NOTHING);
  world.clock.days(2);
  assertEquals((await world.saver.purgeDeletedThreads()).removed.checkpoints, 1);
});

Deno.test("purgeDeletedThreads() spares checkpoints that were hidden one by one", async () => {
  const world = await open();
  await using lab = world.lab;
  await world.saver.put(at("t"), checkpointOf("1"), LOOP, {});
  await lab.command(
    `.ingest inline into table CheckpointDeletions <| t,,,1,"1\u0001~",2026-01-01T00:00:00Z`,
  );
  assertEquals(await world.saver.getTuple(at("t")), undefined);
  world.clock.days(2);
  assertEquals((await world.saver.purgeDeletedThreads()).removed, NONE);
  await world.saver.deleteThread("t");
  world.clock.days(2);
  const { removed } = await world.saver.purgeDeletedThreads();
  assertEquals(removed, { ...NONE, checkpoints: 1, pointers: 1, checkpointDeletions: 1 });
});

Deno.test("purgeDeletedThreads() removes markers of single checkpoints once their rows have aged out", async () => {
  // A copy has the revisions of its source: who names both apart would remove what still hides a row.
  const world = await open();
  await using lab = world.lab;
  const { saver } = world;
  const first = await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  const second = await saver.put(first, checkpointOf("2"), LOOP, {});
  await saver.put(second, checkpointOf("3"), LOOP, {});
  await saver.copyThread("t", "copy");
  const threadIds = ["t", "copy"];
  await saver.prune({ threadIds, strategy: "keep_latest" });
  await lab.command(
    ".delete table Checkpoints records <| Checkpoints | where (thread_id == 'copy' and checkpoint_id == '1') or (thread_id == 't' and checkpoint_id == '2')",
  );
  assertEquals((await saver.purgeDeletedThreads()).left, { ...NONE, checkpointDeletions: 2 });
  world.clock.days(2);
  const { removed, left } = await saver.purgeDeletedThreads();
  assertEquals([removed, left], [{ ...NONE, checkpointDeletions: 2 }, NONE]);
  for (const id of threadIds) assertEquals(await seen(lab.saver(), id), ["3", undefined, "3"]);
  assertEquals((await rowCounts(lab)).CheckpointDeletions, 2);
});

Deno.test("purgeDeletedThreads() can break off after any command and goes on where it was", async () => {
  const world = await open();
  await using lab = world.lab;
  await twoLives(world);
  world.clock.days(2);
  let purges = 0;
  for (let done = false; !done; purges++) {
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error("enough"));
    const { signal } = controller;
    await world.saver.purgeDeletedThreads({ signal, onProgress }).then(
      () => done = true,
      (error) => assertEquals(error.message, "enough"),
    );
    assertEquals(await seen(lab.saver(), "t"), ["new", undefined, "new"]);
    assertEquals(await seen(lab.saver(), "kept"), ["1", "2", "2", "1"]);
  }
  assertEquals(purges > 3, true, `${purges} purges`);
  assertEquals(await rowCounts(lab), AFTER);
});

Deno.test("purgeDeletedThreads() repeats commands that collide or whose answer is lost", async () => {
  const world = await open();
  await using lab = world.lab;
  await twoLives(world);
  world.clock.days(2);
  lab.emulator.trouble.add({ kind: "lostReply", on: "command", times: 2 });
  lab.emulator.trouble.add({ kind: "serviceError", on: "command", times: 2 });
  assertEquals((await world.saver.purgeDeletedThreads()).left, NONE);
  assertEquals(await rowCounts(lab), AFTER);
});

Deno.test("purgeDeletedThreads() fails where rows stay though they were removed", async () => {
  const world = await open();
  await using lab = world.lab;
  await twoLives(world);
  world.clock.days(2);
  // Answers each removal as if it had been done.
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    const text = await request.clone().text();
    const preview = text.replace(" records <|", " records with (whatif=true) <|");
    return await lab.emulator.fetch(request.url, { ...init, body: preview });
  };
  const { now, sleep } = world;
  await assertRejects(
    () => lab.saver({ fetch, now, sleep }).purgeDeletedThreads(),
    KustoUnavailableError,
    "3 rows are still in Checkpoints after they were removed 4 times",
  );
});

Deno.test("purgeDeletedThreads() tells how far it is", async () => {
  const world = await open();
  await using _lab = world.lab;
  await twoLives(world);
  world.clock.days(2);
  const told: PurgeProgress[] = [];
  await world.saver.purgeDeletedThreads({ onProgress: (progress) => told.push(progress) });
  assertEquals(told, [
    { table: "Checkpoints", removed: 3, left: 0 },
    { table: "CheckpointWrites", removed: 1, left: 0 },
    { table: "CheckpointBlobs", removed: 1, left: 0 },
    { table: "LatestCheckpoints", removed: 2, left: 0 },
  ]);
});

Deno.test("purgeDeletedThreads() removes hundreds of threads in batches, whatever their ids hold", async () => {
  const world = await open();
  await using lab = world.lab;
  const ids = Array.from({ length: 250 }, (_, n) => `"'\\ ${n} | take 0 //\u2028`);
  await Promise.all(ids.map((id) => world.saver.put(at(id), checkpointOf("1"), LOOP, {})));
  await Promise.all(ids.map((id) => world.saver.deleteThread(id)));
  world.clock.days(2);
  lab.requests();
  const { removed } = await world.saver.purgeDeletedThreads();
  assertEquals([removed.checkpoints, removed.pointers], [250, 250]);
  assertEquals(lab.requests().filter((request) => request.startsWith("command")).length, 4);
});

Deno.test("Without the role, purgeDeletedThreads() names it and removes nothing", async () => {
  const tokens = { worker: ["viewer", "ingestor"], admin: ["admin"] } as const;
  const clock = new Clock();
  const { now, sleep } = clock;
  const admin = { now, sleep, credential: () => Promise.resolve("admin") };
  await using lab = await Lab.open({ now, tokens }, admin);
  const worker = lab.saver({ now, sleep, credential: () => Promise.resolve("worker") });
  await fill(worker, "t");
  await worker.deleteThread("t");
  clock.days(2);
  const error = await assertRejects(() => worker.purgeDeletedThreads(), KustoPermissionError);
  assert((error as Error).message.includes("give it the role Database Admin"));
  const { removed } = await lab.saver(admin).purgeDeletedThreads();
  assertEquals(removed.checkpoints, 2);
});

Deno.test("A head that an administrator removed is no head: readers find the one before, purging mends the view", async () => {
  const world = await open();
  await using lab = world.lab;
  const first = await world.saver.put(at("t"), checkpointOf("1"), LOOP, {});
  await world.saver.put(first, checkpointOf("2"), LOOP, {});
  await world.saver.getTuple(at("t"));
  await lab.command(
    ".delete table Checkpoints records <| Checkpoints | where checkpoint_id == '2'",
  );
  assertEquals((await lab.saver().getTuple(at("t")))?.checkpoint.id, "1");
  const { removed } = await world.saver.purgeDeletedThreads();
  assertEquals(removed, { ...NONE, pointers: 1 });
  assertEquals((await lab.saver().getTuple(at("t")))?.checkpoint.id, "1");
});

Deno.test("purgeDeletedThreads() mends a view that points at an older checkpoint than there is", async () => {
  const world = await open();
  await using lab = world.lab;
  await world.saver.put(at("t"), checkpointOf("2"), LOOP, {});
  await lab.command(".drop materialized-view LatestCheckpoints");
  await lab.saver().setup({ provision: true });
  await world.saver.put(at("t"), checkpointOf("1"), LOOP, {});
  assertEquals((await world.saver.purgeDeletedThreads()).removed.pointers, 1);
  assertEquals((await lab.saver().getTuple(at("t")))?.checkpoint.id, "2");
});

for (const minimumAgeMs of [-1, NaN, Infinity]) {
  Deno.test(`purgeDeletedThreads() refuses a minimum age of ${minimumAgeMs}`, async () => {
    const { lab, saver } = await open();
    await using _lab = lab;
    await assertRejects(
      () => saver.purgeDeletedThreads({ minimumAgeMs }),
      KustoInputError,
      "minimumAgeMs",
    );
  });
}
