import { assert, assertEquals, assertRejects } from "@std/assert";
import { KustoInputError, type KustoSaver, type ThreadListOptions } from "../../mod.ts";
import type { KustoEmulatorOptions } from "../../src/emulator/mod.ts";
import { CHILD, Clock } from "./deletion_kit.ts";
import { at, checkpointOf, Lab, LOOP } from "./kit.ts";
import { NarrowService } from "./narrow_service.ts";
import { chain } from "./prune_cases.ts";

const DAY_MS = 24 * 60 * 60_000;

async function open(options: KustoEmulatorOptions = {}) {
  const clock = new Clock();
  const { now, sleep } = clock;
  const lab = await Lab.open({ now, ...options });
  return { lab, clock, now, sleep, saver: lab.saver({ now, sleep }) };
}

/** The ids of the threads that are listed. */
function idsOf(saver: KustoSaver, options?: ThreadListOptions): Promise<string[]> {
  return Array.fromAsync(saver.listThreads(options), ({ threadId }) => threadId);
}

/** Threads of one checkpoint each, a day after one another: the last is the first that is listed. */
async function daily({ saver, clock }: Awaited<ReturnType<typeof open>>, count: number) {
  for (let n = 0; n < count; n++) {
    await saver.put(at(`t${n}`), checkpointOf("1"), LOOP, {});
    clock.days(1);
  }
}

Deno.test("listThreads() tells of each thread what there is and when it was active", async () => {
  const world = await open();
  await using lab = world.lab;
  const { saver, clock } = world;
  const start = clock.time;
  await chain(saver, "old", ["1", "3"]);
  await chain(saver, "child alone", ["2"], CHILD);
  clock.days(1);
  await chain(saver, "old", ["2"], CHILD);
  await chain(saver, "old", ["9"], "child:2");
  clock.days(1);
  await chain(saver, "new", ["1"]);
  const [first, second, third] = [0, 1, 2].map((days) => new Date(start + days * DAY_MS));
  for (const reader of [saver, lab.saver({ now: world.now })]) {
    lab.requests();
    assertEquals(await Array.fromAsync(reader.listThreads()), [
      {
        threadId: "new",
        namespaces: 1,
        checkpoints: 1,
        latestCheckpointId: "1",
        createdAt: third!,
        lastActiveAt: third!,
      },
      {
        threadId: "old",
        namespaces: 3,
        checkpoints: 4,
        latestCheckpointId: "3",
        createdAt: first!,
        lastActiveAt: second!,
      },
      {
        threadId: "child alone",
        namespaces: 1,
        checkpoints: 1,
        createdAt: first!,
        lastActiveAt: first!,
      },
    ]);
    assertEquals(lab.requests(), ["query"]);
  }
});

Deno.test("listThreads() shows nothing of what was deleted, pruned or made by deleted runs", async () => {
  const world = await open();
  await using lab = world.lab;
  const { saver, clock } = world;
  const start = clock.time;
  await chain(saver, "deleted", ["1"]);
  await chain(saver, "anew", ["1", "2"]);
  await chain(saver, "pruned", ["1", "2"]);
  await chain(saver, "run", ["1"], "", { run_id: "run" });
  await chain(saver, "half", ["1"]);
  clock.days(1);
  await chain(saver, "half", ["2"], "", { run_id: "run" });
  await chain(saver, "half", ["3"], CHILD, { run_id: "run" });
  await chain(saver, "pruned", ["3"]);
  await saver.deleteThread("deleted");
  await saver.deleteThread("anew");
  await saver.getTuple(at("anew"));
  await chain(saver, "anew", ["9"]);
  await saver.prune({ threadIds: ["pruned"], strategy: "keep_latest" });
  await saver.deleteForRuns(["run"]);
  const [first, second] = [0, 1].map((days) => new Date(start + days * DAY_MS));
  const one = { namespaces: 1, checkpoints: 1 };
  for (const reader of [saver, lab.saver({ now: world.now })]) {
    assertEquals(await Array.fromAsync(reader.listThreads()), [
      {
        threadId: "anew",
        ...one,
        latestCheckpointId: "9",
        createdAt: second!,
        lastActiveAt: second!,
      },
      {
        threadId: "pruned",
        ...one,
        latestCheckpointId: "3",
        createdAt: first!,
        lastActiveAt: second!,
      },
      {
        threadId: "half",
        ...one,
        latestCheckpointId: "1",
        createdAt: first!,
        lastActiveAt: first!,
      },
    ]);
  }
});

Deno.test("listThreads() counts each of its saver's own rows once, whether queries show them or not", async () => {
  const world = await open();
  await using lab = world.lab;
  const { saver, clock, now } = world;
  const start = clock.time;
  const config = await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  lab.emulator.trouble.visibilityDelayMs = DAY_MS;
  clock.time += 1_000;
  await saver.put(config, checkpointOf("2"), LOOP, {});
  await saver.put(at("unseen", undefined, CHILD), checkpointOf("1"), LOOP, {});
  const summary = async (reader: KustoSaver) =>
    await Array.fromAsync(reader.listThreads(), (thread) => [
      thread.threadId,
      thread.checkpoints,
      thread.namespaces,
      thread.latestCheckpointId,
      thread.lastActiveAt.getTime() - start,
    ]);
  const all = [["t", 2, 1, "2", 1_000], ["unseen", 1, 1, undefined, 1_000]];
  assertEquals(await summary(saver), all);
  assertEquals(await summary(lab.saver({ now })), [["t", 1, 1, "1", 0]]);
  clock.days(1);
  assertEquals(await summary(lab.saver({ now })), all);
});

Deno.test("listThreads() waits until queries show own rows that are too many to tell of", async () => {
  const world = await open({ visibilityDelayMs: 10_000 });
  await using _lab = world.lab;
  const { saver, now } = world;
  const began = now();
  await Promise.all(
    Array.from({ length: 1_001 }, (_, n) => saver.put(at(`t${n}`), checkpointOf("1"), LOOP, {})),
  );
  assertEquals((await idsOf(saver)).length, 1_001);
  assert(now() >= began + 10_000);
});

Deno.test("listThreads() narrows by when threads were active, by dates and ages", async () => {
  const world = await open();
  await using lab = world.lab;
  await daily(world, 4);
  const { now } = world;
  const daysAgo = (days: number) => new Date(now() - days * DAY_MS);
  const reader = lab.saver({ now });
  for (const moment of [(days: number) => days * DAY_MS, daysAgo]) {
    assertEquals(await idsOf(reader, { activeSince: moment(2) }), ["t3", "t2"]);
    assertEquals(await idsOf(reader, { idleSince: moment(2) }), ["t1", "t0"]);
    const between = { activeSince: moment(3), idleSince: moment(1) };
    assertEquals(await idsOf(reader, between), ["t2", "t1"]);
  }
  await world.saver.put(at("t0", "1"), checkpointOf("2"), LOOP, {});
  assertEquals(await idsOf(reader, { activeSince: daysAgo(1) }), ["t0", "t3"]);
  const [thread] = await Array.fromAsync(reader.listThreads({ activeSince: 0 }));
  assertEquals([thread?.checkpoints, thread?.createdAt], [2, daysAgo(4)]);
});

Deno.test("listThreads() reads no more than its consumer takes", async () => {
  const world = await open();
  await using lab = world.lab;
  await daily(world, 5);
  const reader = lab.saver({ now: world.now });
  lab.requests();
  assertEquals(await idsOf(reader, { limit: 2 }), ["t4", "t3"]);
  assertEquals(lab.requests(), ["query"]);
  for (const limit of [0, -1]) assertEquals(await idsOf(reader, { limit }), []);
  assertEquals(lab.requests(), []);
  for await (const { threadId } of reader.listThreads()) {
    assertEquals(threadId, "t4");
    break;
  }
  assertEquals(lab.requests(), ["query"]);
});

Deno.test("listThreads() reads page by page; a thread that becomes active meanwhile keeps its place", async () => {
  const world = await open();
  await using lab = world.lab;
  await daily(world, 20);
  // Active at the same moment: in the order of their ids.
  for (const id of ["b", "c", "a"]) {
    await world.saver.put(at(id), checkpointOf("1"), LOOP, {});
  }
  world.clock.days(1);
  const narrow = new NarrowService(lab.emulator, { truncationmaxrecords: 2 });
  const reader = lab.saver({ now: world.now, fetch: narrow.fetch });
  const listed: string[] = [];
  for await (const { threadId } of reader.listThreads()) {
    listed.push(threadId);
    await world.saver.put(at("t0", "1"), checkpointOf(`2 ${listed.length}`), LOOP, {});
    await world.saver.put(at("t19", "1"), checkpointOf(`2 ${listed.length}`), LOOP, {});
    await world.saver.put(at(`new ${listed.length}`), checkpointOf("1"), LOOP, {});
    // The same checkpoint once more.
    await world.saver.put(at("t1"), checkpointOf("1"), LOOP, {});
    world.clock.time++;
  }
  const expected = Array.from({ length: 20 }, (_, n) => `t${19 - n}`);
  assertEquals(listed, ["a", "b", "c", ...expected]);
  assert(narrow.refusals > 0);
});

const REFUSED: readonly (readonly [options: unknown, said: string])[] = [
  [{ limit: "3" }, '"limit" is of type string'],
  [{ limit: NaN }, '"limit"'],
  [{ activeSince: "2026-01-01" }, '"activeSince" must be a valid Date, or an age'],
  [{ idleSince: new Date(NaN) }, '"idleSince" must be'],
  [{ idleSince: 1_700_000_000_000 }, "as new Date(milliseconds)"],
];

for (const [options, said] of REFUSED) {
  Deno.test(`listThreads() refuses ${JSON.stringify(options)}`, async () => {
    await using lab = await Lab.open();
    const saver = lab.saver();
    await assertRejects(() => idsOf(saver, options as ThreadListOptions), KustoInputError, said);
    assertEquals(lab.requests(), []);
  });
}

Deno.test("listThreads() needs the role Viewer alone, and ends with the reason of its signal", async () => {
  const tokens = { reader: ["viewer"], admin: ["admin"] } as const;
  const admin = { credential: () => Promise.resolve("admin") };
  await using lab = await Lab.open({ tokens }, admin);
  await chain(lab.saver(admin), "t", ["1"]);
  const reader = lab.saver({ credential: () => Promise.resolve("reader") });
  assertEquals(await idsOf(reader), ["t"]);
  const signal = AbortSignal.abort(new Error("enough"));
  await assertRejects(() => idsOf(reader, { signal }), Error, "enough");
});
