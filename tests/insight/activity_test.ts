import { assert, assertEquals } from "@std/assert";
import type { CheckpointTuple } from "@langchain/langgraph-checkpoint";
import { EncryptedSerializer } from "../../src/encryption/mod.ts";
import { at, checkpointOf, LOOP } from "../saver/kit.ts";
import { RecordedRun } from "./recorded_run.ts";

const { threads } = RecordedRun;
const BEFORE = new Date(0);

interface Address {
  readonly thread_id: string;
  readonly checkpoint_ns: string;
  readonly checkpoint_id: string;
}

function addressOf({ config }: CheckpointTuple): Address {
  const { thread_id, checkpoint_ns, checkpoint_id } = config.configurable as unknown as Address;
  return { thread_id, checkpoint_ns, checkpoint_id };
}

/** Tuples newest first, as `list` gives them, by what `of` makes of each. */
function grouped<T>(
  items: readonly T[],
  of: (item: T) => string,
): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(of(item), [...groups.get(of(item)) ?? [], item]);
  return groups;
}

/** What a tuple's pending writes are: how many of tasks' own, and of which tasks there are questions and errors. */
function countsOf({ pendingWrites = [] }: CheckpointTuple) {
  const special = ["__interrupt__", "__error__", "__resume__"];
  const on = (name: string) => pendingWrites.filter(([, channel]) => channel === name);
  return {
    writes: pendingWrites.filter(([, channel]) => !special.includes(channel)).length,
    interrupted: on("__interrupt__").length,
    failed: on("__error__").length,
  };
}

function isNewest(tuple: CheckpointTuple, all: readonly CheckpointTuple[]): boolean {
  const { thread_id, checkpoint_ns, checkpoint_id } = addressOf(tuple);
  return all.map(addressOf).every((other) =>
    other.thread_id !== thread_id || other.checkpoint_ns !== checkpoint_ns ||
    other.checkpoint_id <= checkpoint_id
  );
}

function sorted<T>(rows: readonly T[]): T[] {
  return rows.toSorted((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
}

const time = (text: unknown) => new Date(String(text)).getTime();

Deno.test("What has happened in threads is told as the saver tells it", async (t) => {
  await using run = await RecordedRun.record();
  const tuples = await run.tuples();
  const byThread = grouped(tuples, (tuple) => addressOf(tuple).thread_id);

  for (const [kind, thread] of Object.entries(threads)) {
    await t.step(`ThreadTimeline() of the thread ${kind}`, async () => {
      const rows = await run.query("ThreadTimeline(thread)", { thread });
      const own = byThread.get(thread) ?? [];
      assertEquals(
        rows.map(({ created_at, nodes: _, ...row }) => ({ at: time(created_at), ...row })),
        own.map((tuple) => {
          const { checkpoint_ns, checkpoint_id } = addressOf(tuple);
          const parent = tuple.parentConfig?.configurable?.["checkpoint_id"] ?? "";
          return {
            at: time(tuple.checkpoint.ts),
            checkpoint_ns,
            step: tuple.metadata!.step,
            source: tuple.metadata!.source,
            checkpoint_id,
            parent_checkpoint_id: parent,
            is_latest: isNewest(tuple, own),
            children: own.filter((other) =>
              addressOf(other).checkpoint_ns === checkpoint_ns &&
              other.parentConfig?.configurable?.["checkpoint_id"] === checkpoint_id
            ).length,
            ...countsOf(tuple),
          };
        }),
      );
    });
  }

  await t.step("ThreadTimeline() names the nodes that ran next", async () => {
    const rows = await run.query(
      "ThreadTimeline(thread) | where checkpoint_ns == '' | order by step asc | project step, nodes",
      { thread: threads.answered },
    );
    assertEquals(rows, [
      { step: -1, nodes: ["__start__"] },
      { step: 0, nodes: ["inner", "plain", "silent"] },
      { step: 1, nodes: ["sum"] },
      { step: 2, nodes: [] },
    ]);
  });

  await t.step("PendingInterrupts() are those that getState() names", async () => {
    const rows = await run.query("PendingInterrupts(since)", { since: BEFORE });
    const expected = [];
    for (const thread_id of byThread.keys()) {
      if (thread_id === threads.packed) continue;
      const { tasks, config } = await run.graphOf(thread_id).getState(at(thread_id));
      for (const { id: task_id, name: node, interrupts } of tasks) {
        for (const { id: interrupt_id, value: question } of interrupts) {
          const { checkpoint_id } = config.configurable;
          expected.push({ thread_id, interrupt_id, question, node, task_id, checkpoint_id });
        }
      }
    }
    assertEquals(expected.length, 6);
    assertEquals(
      sorted(rows.map(({ asked_at: _, waiting: __, ...row }) => row)),
      sorted(expected),
    );
    for (const { asked_at, waiting } of rows) {
      assert(time(asked_at) > 0 && !String(waiting).startsWith("-"));
    }
    assertEquals(
      rows.map((row) => time(row["asked_at"])),
      rows.map((row) => time(row["asked_at"])).toSorted(),
    );
  });

  await t.step("ActiveThreads() are those that list() finds", async () => {
    const rows = await run.query("ActiveThreads(since)", { since: BEFORE });
    assertEquals(
      sorted(rows.map(({ first_active: _, last_active: __, ...row }) => row)),
      sorted([...byThread].map(([thread_id, own]) => {
        const head = own.find((tuple) => addressOf(tuple).checkpoint_ns === "")!;
        return {
          thread_id,
          checkpoints: own.length,
          step: head.metadata!.step,
          source: head.metadata!.source,
          checkpoint_id: addressOf(head).checkpoint_id,
        };
      })),
    );
    const last = rows.map(({ last_active }) => time(last_active));
    assertEquals(last, last.toSorted().reverse());
    assert(rows.every(({ first_active, last_active }) => time(first_active) <= time(last_active)));
  });

  await t.step("StepDurations() are the times between checkpoints and their parents", async () => {
    const rows = await run.query("StepDurations(since)", { since: BEFORE });
    const expected = tuples.flatMap((tuple) => {
      const parent = tuples.find((other) =>
        JSON.stringify(other.config) === JSON.stringify(tuple.parentConfig)
      );
      if (!parent || tuple.metadata!.source !== "loop") return [];
      return [{
        ...addressOf(tuple),
        step: tuple.metadata!.step,
        took: time(tuple.checkpoint.ts) - time(parent.checkpoint.ts),
        waited: countsOf(parent).interrupted > 0,
      }];
    });
    assert(expected.some(({ waited }) => waited) && expected.some(({ waited }) => !waited));
    assertEquals(
      sorted(
        rows.map(({ thread_id, checkpoint_ns, checkpoint_id, step, started, ended, waited }) => ({
          thread_id,
          checkpoint_ns,
          checkpoint_id,
          step,
          took: time(ended) - time(started),
          waited,
        })),
      ),
      sorted(expected),
    );
    const [sums] = await run.query(
      "StepDurations(since) | summarize same = countif(duration == ended - started), all = count()",
      { since: BEFORE },
    );
    assertEquals(sums!["same"], sums!["all"]);
  });

  await t.step("FailedTasks() are the errors among the pending writes", async () => {
    const rows = await run.query("FailedTasks(since)", { since: BEFORE });
    const expected = tuples.flatMap((tuple) =>
      (tuple.pendingWrites ?? []).filter(([, channel]) => channel === "__error__")
        .map(([task_id, , error]) => ({
          ...addressOf(tuple),
          ...error as { name: string; message: string },
          step: tuple.metadata!.step,
          is_latest: isNewest(tuple, tuples),
          task_id,
        }))
    );
    assert(expected.some(({ message }) => message.length > 32 * 1024));
    const latest = expected.filter(({ is_latest }) => is_latest).map(({ thread_id }) => thread_id);
    assertEquals([...new Set(latest)], [threads.failed]);
    assertEquals(
      sorted(rows.map(({ failed_at: _, node: __, ...row }) => row)),
      sorted(
        expected.map((
          { thread_id, checkpoint_ns, name, message, step, is_latest, task_id, checkpoint_id },
        ) => ({
          thread_id,
          checkpoint_ns,
          name,
          message,
          step,
          is_latest,
          task_id,
          checkpoint_id,
        })),
      ),
    );
  });

  await t.step("StorageByThread() counts each once, and the bytes of what is stored", async () => {
    const rows = await run.query("StorageByThread()");
    assertEquals(
      sorted(rows.map(({ thread_id, checkpoints }) => [thread_id, checkpoints])),
      sorted([...byThread].map(([thread_id, own]) => [thread_id, own.length])),
    );
    const distinct = await run.query(
      "CheckpointWrites | where thread_id == thread | distinct checkpoint_ns, checkpoint_id, task_id, idx | count",
      { thread: threads.chat },
    );
    const chat = rows.find(({ thread_id }) => thread_id === threads.chat)!;
    assertEquals(chat["writes"], distinct[0]!["Count"]);
    const blobs = await run.query(
      "CheckpointBlobs | where thread_id == thread | summarize blobs = dcount(blob_id), bytes = sum(string_size(data))",
      { thread: threads.chat },
    );
    assertEquals(chat["blobs"], blobs[0]!["blobs"]);
    assert((chat["bytes"] as number) > (blobs[0]!["bytes"] as number));
    const sizes = rows.map(({ bytes }) => bytes as number);
    assertEquals(sizes, sizes.toSorted((a, b) => b - a));
  });
});

Deno.test("A time bounds what is told: what happened at it, and later", async () => {
  await using run = await RecordedRun.empty();
  let now = Date.UTC(2026, 0, 1);
  const saver = run.lab.saver({ now: () => now });
  const ask = [{ id: "q", value: 1 }];
  const failure = { name: "Error", message: "no" };
  for (const thread of ["early", "late"]) {
    await saver.getTuple(at(thread));
    const first = await saver.put(at(thread), checkpointOf("1", {}, { ts: iso(now) }), LOOP, {});
    now += 1_000;
    const second = await saver.put(first, checkpointOf("2", {}, { ts: iso(now) }), LOOP, {});
    await saver.putWrites(second, [["__interrupt__", ask]], "asks");
    await saver.putWrites(second, [["__error__", failure]], "fails");
    now += 59_000;
  }
  const late = Date.UTC(2026, 0, 1, 0, 1);
  const found = async (name: string, since: number) => {
    const rows = await run.query(`${name}(since) | distinct thread_id | order by thread_id asc`, {
      since: new Date(since),
    });
    return rows.map(({ thread_id }) => thread_id);
  };
  for (const name of ["PendingInterrupts", "ActiveThreads", "StepDurations", "FailedTasks"]) {
    // All but the activity of a thread happened a second after its first checkpoint.
    assertEquals(await found(name, late - 59_000), ["early", "late"], name);
    assertEquals(await found(name, late - 58_999), ["late"], name);
    assertEquals(await found(name, late + 1_000), ["late"], name);
    assertEquals(await found(name, late + 1_001), [], name);
  }
  const [active] = await run.query("ActiveThreads(since)", { since: new Date(late + 1_000) });
  assertEquals([active!["checkpoints"], time(active!["first_active"])], [2, late]);
  const steps = await run.query("StepDurations(since) | project duration, waited", {
    since: new Date(late),
  });
  assertEquals(steps, [{ duration: "00:00:01", waited: false }]);
  // An answer, a second question, and one that was answered elsewhere.
  const head = at("late", "2");
  now += 1_000;
  await saver.putWrites(head, [["__interrupt__", [{ id: "r", value: 2 }]]], "asks");
  assertEquals(
    await run.query(
      "PendingInterrupts(datetime(2026-01-01)) | where thread_id == 'late' | project interrupt_id, question",
    ),
    [{ interrupt_id: "r", question: 2 }],
  );
  await saver.putWrites(head, [["log", "done"]], "asks");
  assertEquals(await found("PendingInterrupts", 0), ["early"]);
  await saver.put(at("early", "2"), checkpointOf("3"), LOOP, {});
  assertEquals(await found("PendingInterrupts", 0), []);
  const newest = { since: new Date(now) };
  assertEquals(
    await run.query("StepDurations(since) | project thread_id, checkpoint_id", newest),
    [{ thread_id: "early", checkpoint_id: "3" }],
  );
  assertEquals(await found("ActiveThreads", now), ["early"]);
  // A thread is not active by what is hidden.
  await run.hide("Checkpoints | where thread_id == 'early' and checkpoint_id == '3'");
  assertEquals(await found("ActiveThreads", now), []);
  assertEquals(await found("ActiveThreads", 0), ["early", "late"]);
});

Deno.test("What is told of a checkpoint is its own: not of another namespace, nor of a life that is over", async () => {
  await using run = await RecordedRun.empty();
  let now = Date.UTC(2026, 0, 1);
  const saver = run.lab.saver({ now: () => now });
  const put = (thread: string, id: string, namespace = "", parent?: string) =>
    saver.put(at(thread, parent, namespace), checkpointOf(id), LOOP, {});
  const ask = (id: string) => [["__interrupt__", [{ id, value: id }]]] as [string, unknown][];
  const fail = (message: string) =>
    [["__error__", { name: "Error", message }]] as [string, unknown][];

  await saver.putWrites(await put("t", "1", "sub"), [...ask("inner"), ...fail("inner")], "i");
  const head = await put("t", "1");
  await saver.putWrites(head, [...ask("early"), ...fail("early")], "a");
  now += 1_000;
  await saver.putWrites(head, [...ask("late"), ...fail("late")], "b");
  now += 1_000;
  await saver.putWrites(head, fail("later"), "c");
  now += 1_000;
  await saver.putWrites(head, fail("last"), "b");
  const old = await put("reborn", "1");
  await saver.putWrites(old, [["log", "old"], ...ask("old"), ...fail("old")], "a");
  await saver.putWrites(old, ask("gone"), "z");
  await saver.deleteThread("reborn");
  await saver.putWrites(await put("reborn", "1"), ask("new"), "a");
  await saver.putWrites(await put("steps", "1", "sub"), ask("inner"), "i");
  for (const [id, namespace] of [["1", ""], ["2", ""], ["2", "sub"]] as const) {
    await put("steps", id, namespace, id === "2" ? "1" : undefined);
  }

  const [all, late] = [new Date(0), new Date(Date.UTC(2026, 0, 1) + 1_000)];
  const questions = async (since: Date) =>
    (await run.query("PendingInterrupts(since)", { since })).map((row) => row["interrupt_id"]);
  assertEquals(await questions(all), ["early", "late", "new"]);
  assertEquals(await questions(late), ["late", "new"]);
  const failures = async (since: Date) =>
    (await run.query("FailedTasks(since)", { since })).map((row) => row["message"]);
  assertEquals(await failures(late), ["last", "later"]);
  assertEquals((await failures(all)).toSorted(), ["early", "inner", "last", "later"]);
  const told = "project writes, interrupted, failed";
  assertEquals(await run.query(`ThreadTimeline('reborn') | ${told}`), [
    { writes: 0, interrupted: 1, failed: 0 },
  ]);
  assertEquals(
    await run.query("StepDurations(since) | project checkpoint_ns, waited", { since: all }),
    [{ checkpoint_ns: "", waited: false }, { checkpoint_ns: "sub", waited: true }],
  );
});

Deno.test("Questions are shown one by one, whether they were stored as a list or alone", async () => {
  await using run = await RecordedRun.empty();
  const saver = run.lab.saver();
  const head = await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  await saver.putWrites(head, [["__interrupt__", { id: "a", value: "alone" }]], "1");
  await saver.putWrites(head, [["__interrupt__", [{ id: "b", value: 1 }, { id: "c" }]]], "2");
  await saver.putWrites(head, [["__interrupt__", []]], "3");
  const rows = await run.query(
    "PendingInterrupts(datetime(2000-01-01)) | project interrupt_id, question | order by interrupt_id asc",
  );
  assertEquals(rows, [
    { interrupt_id: "a", question: "alone" },
    { interrupt_id: "b", question: 1 },
    { interrupt_id: "c", question: null },
  ]);
});

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

Deno.test("What a serializer has closed is told to be there, and stays closed", async () => {
  await using run = await RecordedRun.empty();
  const keys = [{ id: "k", key: new Uint8Array(32) }];
  const saver = run.lab.saver({ serde: new EncryptedSerializer({ keys }) });
  await saver.getTuple(at("t"));
  const messages = ["secret"];
  const head = await saver.put(at("t"), checkpointOf("1", { messages }), LOOP, { messages: 1 });
  await saver.putWrites(head, [["__interrupt__", [{ id: "secret", value: "secret" }]]], "asks");
  await saver.putWrites(head, [["__error__", { name: "secret", message: "secret" }]], "fails");
  const since = { since: BEFORE };
  const rows = [
    await run.query("PendingInterrupts(since) | project thread_id, interrupt_id, question", since),
    await run.query("FailedTasks(since) | project thread_id, name, message", since),
    await run.query("ActiveThreads(since) | project thread_id, checkpoints, source", since),
  ];
  assertEquals(rows.flat(), [
    { thread_id: "t", interrupt_id: "", question: null },
    { thread_id: "t", name: "", message: "" },
    { thread_id: "t", checkpoints: 1, source: "" },
  ]);
  const [state] = await run.query("ThreadState('t')");
  assertEquals([state!["channel"], state!["value"]], ["messages", state!["text"]]);
  assert(!String(state!["text"]).includes("secret"));
  assertEquals(await run.query("Messages('t')"), []);
});
