import { assert, assertEquals, assertRejects } from "@std/assert";
import type { CheckpointMetadata, PendingWrite } from "@langchain/langgraph-checkpoint";
import { JsonPlusSerializer } from "@langchain/langgraph-checkpoint";
import { StampClock } from "../src/clock.ts";
import { settingsFrom } from "../src/config.ts";
import { type Database, openDatabase } from "../src/database.ts";
import { KustoUnavailableError } from "../src/errors.ts";
import { Incarnations } from "../src/incarnations.ts";
import { Lazy } from "../src/lazy.ts";
import { requireCheckpoint, requireThread } from "../src/run_config.ts";
import { tableNames } from "../src/schema.ts";
import { RecentRows } from "../src/writing/recent_rows.ts";
import { Recorder } from "../src/writing/recorder.ts";
import type { PutArguments } from "../src/writing/serialization.ts";
import { at, checkpointOf, Lab, LOOP } from "./saver/kit.ts";

const serde = new JsonPlusSerializer();

/** A recorder whose database is there once it is let. */
function loading(lab: Lab) {
  let now = Date.now();
  const settings = settingsFrom({
    connection: "http://localhost",
    database: "NetDefaultDB",
    fetch: lab.emulator.fetch,
    now: () => now,
  });
  const context = {
    clock: new StampClock(settings.now, "writer"),
    incarnations: new Incarnations(),
    names: tableNames(settings.tablePrefix),
    recent: new RecentRows({ now: settings.now, readableOnce: "acknowledged" }),
    settings,
    watch: undefined,
  };
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const database = new Lazy<Database>(() => promise.then(() => openDatabase(context)));
  return {
    recorder: new Recorder({ ...context, database }),
    load: resolve,
    fail: reject,
    /** Lets time pass, in milliseconds. */
    pass: (ms: number) => now += ms,
  };
}

function putOf(
  values: Record<string, unknown>,
  metadata: CheckpointMetadata = LOOP,
  parentId?: string,
): PutArguments {
  const checkpoint = checkpointOf("1", values);
  return { checkpoint, metadata, newVersions: { list: 1 }, parentId, searchExtra: {} };
}

const thread = requireThread("test", at("t"));
const head = requireCheckpoint("test", at("t", "1"));

Deno.test("what is stored is taken as it is and stamped in the tick of the call, while code loads too", async () => {
  await using lab = await Lab.open();
  const { recorder, load } = loading(lab);
  const list = ["as it was"];
  const metadata = { ...LOOP, tags: ["as they were"] };
  const put = putOf({ list }, metadata);
  const first = recorder.checkpoint(thread, "1", serde, putOf({ list: ["first"] }));
  const second = recorder.checkpoint(thread, "1", serde, put);
  const writes: PendingWrite[] = [["a", list]];
  const early = recorder.writes(head, serde, { writes, taskId: "task", taskPath: "" });
  list.push("changed later");
  metadata.tags.push("changed later");
  put.checkpoint.channel_versions.list = 77;
  writes.push(["b", 1]);
  const late = recorder.writes(head, serde, {
    writes: [["a", "the second does not count"]],
    taskId: "task",
    taskPath: "",
  });
  load();
  await Promise.all([first, second, early, late]);
  const tuple = await lab.saver().getTuple(at("t"));
  assertEquals(tuple?.checkpoint.channel_values, { list: ["as it was"] });
  assertEquals(tuple?.checkpoint.channel_versions, { list: 1 });
  assertEquals(tuple?.metadata, { ...LOOP, tags: ["as they were"] } as CheckpointMetadata);
  assertEquals(tuple?.pendingWrites, [["task", "a", ["as it was"]]]);
});

Deno.test("of two puts of a checkpoint the later call counts, whichever is stored first", async () => {
  await using lab = await Lab.open();
  const { recorder, load } = loading(lab);
  const { promise: stored, resolve } = Promise.withResolvers<void>();
  const slow = {
    dumpsTyped: async (value: unknown) => {
      const dumped = await serde.dumpsTyped(value);
      await stored;
      return dumped;
    },
    loadsTyped: serde.loadsTyped.bind(serde),
  };
  const first = recorder.checkpoint(thread, "1", slow, putOf({ list: ["first"] }));
  const second = recorder.checkpoint(thread, "1", serde, putOf({ list: ["second"] }));
  load();
  await second;
  resolve();
  await first;
  const tuple = await lab.saver().getTuple(at("t"));
  assertEquals(tuple?.checkpoint.channel_values, { list: ["second"] });
});

Deno.test("calls of a thread that come while code loads read once, and their rows share requests", async () => {
  await using lab = await Lab.open();
  const { recorder, load } = loading(lab);
  const calls = [
    recorder.checkpoint(thread, "1", serde, putOf({ list: [1] })),
    recorder.writes(head, serde, { writes: [["a", 1]], taskId: "1", taskPath: "" }),
  ];
  await Promise.resolve();
  calls.push(recorder.writes(head, serde, { writes: [["a", 2]], taskId: "2", taskPath: "" }));
  load();
  await Promise.all(calls);
  assertEquals(lab.requests().sort(), [
    "ingest CheckpointWrites",
    "ingest Checkpoints",
    "query",
  ]);
});

Deno.test("the time of a write begins with the call, not when its code has loaded", async () => {
  await using lab = await Lab.open();
  const { recorder, load, pass } = loading(lab);
  const call = recorder.checkpoint(thread, "1", serde, putOf({ list: [1] }));
  pass(30_001);
  load();
  const error = await assertRejects(() => call, KustoUnavailableError);
  assert(error.outOfTime);
  assertEquals(lab.requests(), []);
});

Deno.test("what cannot be serialised while code cannot be loaded fails once, and nothing is left unheard", async () => {
  await using lab = await Lab.open();
  const { recorder, fail } = loading(lab);
  const broken = {
    dumpsTyped: () => Promise.reject(new TypeError("no form")),
    loadsTyped: () => Promise.resolve(undefined),
  };
  const calls = [
    recorder.checkpoint(thread, "1", broken, putOf({ list: [1], other: 2 })),
    recorder.writes(head, broken, { writes: [["a", 1], ["b", 2]], taskId: "1", taskPath: "" }),
  ];
  fail(new Error("not there"));
  const outcomes = await Promise.allSettled(calls);
  assertEquals(outcomes.map(({ status }) => status), ["rejected", "rejected"]);
  // What nobody hears fails the test.
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(lab.requests(), []);
});
