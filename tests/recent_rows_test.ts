import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type KeptRow, RecentRows, type RecentRowsOptions } from "../src/writing/recent_rows.ts";
import type { BlobRow, CheckpointRow, WriteRow } from "../src/schema.ts";

const MINUTE = 60_000;

/** Recent rows and the time they go by. */
function keep(readableOnce: RecentRowsOptions["readableOnce"] = "acknowledged") {
  const time = { now: 1_000_000 };
  const recent = new RecentRows({ now: () => time.now, readableOnce });
  /** Takes rows in that are durable at once. */
  const add: RecentRows["accept"] = (table, row, bytes) => {
    const kept = recent.accept(table, row, bytes);
    recent.acknowledge(kept);
    return kept;
  };
  return { time, recent, add };
}

function checkpoint(thread_id: string, revision: string): CheckpointRow {
  return { thread_id, revision, incarnation: "" } as CheckpointRow;
}

function write(thread_id: string, revision: string): WriteRow {
  return { thread_id, revision, incarnation: "" } as WriteRow;
}

function blob(thread_id: string, blob_id: string, chunk: number, incarnation = ""): BlobRow {
  return { thread_id, blob_id, chunk, chunks: 2, incarnation } as BlobRow;
}

/** The kept rows of a thread, as text. */
function kept(recent: RecentRows, threadId: string): string {
  const rows = recent.ofThread(threadId);
  if (!rows) return "none";
  const names = [
    ...Array.from(rows.checkpoints.values(), ({ revision }) => `c${revision}`),
    ...Array.from(rows.writes.values(), ({ revision }) => `w${revision}`),
    ...Array.from(rows.blobs.values(), ({ blob_id, chunk }) => `b${blob_id}.${chunk}`),
  ];
  return names.join(" ");
}

Deno.test("rows are kept by thread and table", () => {
  const { recent, add } = keep();
  add("checkpoints", checkpoint("t", "1"), 10);
  add("writes", write("t", "1"), 20);
  add("blobs", blob("t", "x", 0), 30);
  add("blobs", blob("t", "x", 1), 30);
  add("writes", write("u", "2"), 5);
  assertEquals(kept(recent, "t"), "c1 w1 bx.0 bx.1");
  assertEquals(kept(recent, "u"), "w2");
  assertEquals(kept(recent, "v"), "none");
  assertEquals(recent.threadIds(), ["t", "u"]);
  assertEquals(recent.bytes, 95);
});

Deno.test("a row that is added twice is kept and counted once", () => {
  const { recent, add } = keep();
  for (const bytes of [10, 99]) add("blobs", blob("t", "x", 0), bytes);
  assertEquals([kept(recent, "t"), recent.bytes], ["bx.0", 10]);
});

Deno.test("rows of the same key in other tables, threads and incarnations are others", () => {
  const { recent, add } = keep();
  add("checkpoints", checkpoint("t", "1"), 1);
  add("writes", write("t", "1"), 1);
  add("writes", write("u", "1"), 1);
  add("writes", { ...write("t", "1"), incarnation: "1" }, 1);
  add("blobs", blob("t", "x", 0, "1"), 1);
  add("blobs", blob("t", "x", 0, "2"), 1);
  add("blobs", { ...blob("t", "x", 0, "2"), chunks: 3 }, 1);
  assertEquals(recent.bytes, 7);
  recent.shown("writes", [write("t", "1")]);
  recent.shown("blobs", [blob("t", "x", 0, "1")]);
  assertEquals([kept(recent, "t"), kept(recent, "u")], ["c1 w1 bx.0 bx.0", "w1"]);
  assertEquals(recent.bytes, 5);
});

Deno.test("a row that a query showed goes, and a thread without rows with it", () => {
  const { recent, add } = keep();
  add("writes", write("t", "1"), 10);
  add("writes", write("t", "2"), 20);
  recent.shown("writes", [write("t", "1"), write("t", "1"), write("t", "3"), write("v", "1")]);
  assertEquals([kept(recent, "t"), recent.bytes], ["w2", 20]);
  recent.shown("writes", [write("t", "2")]);
  assertEquals([kept(recent, "t"), recent.threadIds(), recent.bytes], ["none", [], 0]);
});

Deno.test("a row that comes again after it was shown is kept again", () => {
  const { recent, add } = keep();
  for (let time = 0; time < 2; time++) {
    add("writes", write("t", "1"), 10);
    assertEquals(kept(recent, "t"), "w1");
    recent.shown("writes", [write("t", "1")]);
  }
  assertEquals(recent.bytes, 0);
});

for (
  const [ms, there] of [[5 * MINUTE - 1, true], [5 * MINUTE, false], [9 * MINUTE, false]] as const
) {
  Deno.test(`a row ${there ? "is kept" : "has gone"} after ${ms} milliseconds`, () => {
    const { recent, time, add } = keep();
    add("writes", write("t", "1"), 10);
    time.now += ms;
    assertEquals(kept(recent, "t"), there ? "w1" : "none");
    assertEquals(recent.threadIds().length, there ? 1 : 0);
    assertEquals(recent.bytes, there ? 10 : 0);
  });
}

Deno.test("each row goes by its own age", () => {
  const { recent, time, add } = keep();
  for (const revision of ["1", "2", "3"]) {
    add("writes", write("t", revision), 10);
    time.now += 2 * MINUTE;
  }
  assertEquals(kept(recent, "t"), "w2 w3");
  time.now += MINUTE;
  add("writes", write("u", "4"), 1);
  assertEquals(recent.bytes, 11);
});

Deno.test("forget() drops the rows of one thread that are older than the deletion", () => {
  const { recent, add } = keep();
  add("checkpoints", checkpoint("t", "1"), 1);
  add("blobs", blob("t", "x", 0, "1"), 1);
  add("blobs", blob("t", "y", 0, "2"), 1);
  add("blobs", blob("u", "x", 0), 1);
  recent.forget({ thread_id: "t", incarnation: "2" });
  recent.forget({ thread_id: "never", incarnation: "2" });
  assertEquals([kept(recent, "t"), kept(recent, "u"), recent.bytes], ["by.0", "bx.0", 2]);
});

Deno.test("the bytes of all kept rows are known without asking for a thread first", () => {
  const { recent, time, add } = keep();
  add("writes", write("t", "1"), 10);
  time.now += 6 * MINUTE;
  assertEquals(recent.bytes, 0);
});

Deno.test("a row that is not durable yet is seen by none who may be told that it has failed", () => {
  for (const [readableOnce, seen] of [["accepted", "w1"], ["acknowledged", "none"]] as const) {
    const { recent } = keep(readableOnce);
    const row = recent.accept("writes", write("t", "1"), 10);
    assertEquals([kept(recent, "t"), recent.bytes, row.state], [seen, 10, "accepted"]);
    recent.acknowledge(row);
    assertEquals([kept(recent, "t"), recent.bytes, row.state], ["w1", 10, "acknowledged"]);
  }
});

Deno.test("a row that waits to be sent is kept for as long as it waits, and five minutes more", () => {
  const { recent, time } = keep("accepted");
  const row = recent.accept("writes", write("t", "1"), 10);
  time.now += 60 * MINUTE;
  assertEquals(kept(recent, "t"), "w1");
  recent.acknowledge(row);
  time.now += 5 * MINUTE - 1;
  assertEquals(kept(recent, "t"), "w1");
  time.now += 1;
  assertEquals([kept(recent, "t"), recent.bytes, row.state], ["none", 0, "gone"]);
});

Deno.test("a row that is given up goes, unless it is durable by then", () => {
  const { recent } = keep("accepted");
  const [failed, stored] = ["1", "2"].map((id) => recent.accept("writes", write("t", id), 10));
  recent.acknowledge(stored!);
  for (const row of [failed!, stored!]) recent.giveUp(row);
  assertEquals([kept(recent, "t"), recent.bytes], ["w2", 10]);
});

Deno.test("a row that a query showed before its answer came stays gone", () => {
  const { recent } = keep();
  const row = recent.accept("writes", write("t", "1"), 10);
  recent.shown("writes", [write("t", "1")]);
  recent.acknowledge(row);
  recent.giveUp(row);
  assertEquals([row.state, kept(recent, "t"), recent.bytes], ["gone", "none", 0]);
});

Deno.test("oldest() gives the durable rows of a table in the order of their acknowledgement", () => {
  const { recent, add } = keep("accepted");
  const rows = ["1", "2", "3"].map((id) => recent.accept("writes", write("t", id), 1));
  add("checkpoints", checkpoint("t", "4"), 1);
  for (const at of [2, 0]) recent.acknowledge(rows[at]!);
  assertEquals(recent.oldest("writes", 9).map(({ revision }) => revision), ["3", "1"]);
  assertEquals(recent.oldest("writes", 1).map(({ revision }) => revision), ["3"]);
});

/** A row as the model sees it. */
interface ModelRow {
  readonly thread: string;
  readonly id: string;
  readonly kept: KeptRow;
  state: KeptRow["state"];
  since: number;
}

const ACTIONS = [
  ...["accept", "accept", "accept", "acknowledge", "acknowledge"] as const,
  ...["giveUp", "shown", "forget", "wait"] as const,
];

const STEPS = fc.array(
  fc.record({
    action: fc.constantFrom(...ACTIONS),
    at: fc.nat(),
    thread: fc.constantFrom("t", "u"),
    ms: fc.integer({ min: 0, max: 3 * MINUTE }),
  }),
  { maxLength: 60 },
);

Deno.test("whatever happens, rows are kept until they are seen, aged, given up or forgotten", () => {
  const property = fc.property(STEPS, fc.boolean(), (steps, early) => {
    const { recent, time } = keep(early ? "accepted" : "acknowledged");
    const model: ModelRow[] = [];
    for (const { action, at, thread, ms } of steps) {
      const row = model[at % model.length];
      if (action === "accept") {
        const id = String(model.length);
        const kept = recent.accept("writes", write(thread, id), 1 + at % 9);
        model.push({ thread, id, kept, state: "accepted", since: NaN });
      } else if (action === "wait") {
        time.now += ms;
      } else if (action === "forget") {
        recent.forget({ thread_id: thread, incarnation: "1" });
        for (const one of model) if (one.thread === thread) one.state = "gone";
      } else if (row && action === "acknowledge") {
        recent.acknowledge(row.kept);
        if (row.state === "accepted") {
          Object.assign(row, { state: "acknowledged", since: time.now });
        }
      } else if (row && action === "giveUp") {
        recent.giveUp(row.kept);
        if (row.state === "accepted") row.state = "gone";
      } else if (row && action === "shown") {
        recent.shown("writes", [write(row.thread, row.id)]);
        row.state = "gone";
      }
      for (const one of model) if (time.now - one.since >= 5 * MINUTE) one.state = "gone";
      const there = model.filter(({ state }) => state !== "gone");
      assertEquals(recent.bytes, there.reduce((sum, { kept }) => sum + kept.bytes, 0));
      for (const name of ["t", "u"]) {
        const seen = there.filter((one) =>
          one.thread === name && (early || one.state === "acknowledged")
        );
        const rows = [...recent.ofThread(name)?.writes.values() ?? []];
        assertEquals(
          rows.map(({ revision }) => revision).sort(),
          seen.map(({ id }) => id).sort(),
        );
        assertEquals(recent.threadIds().includes(name), seen.length > 0);
      }
      assertEquals(model.map(({ kept }) => kept.state), model.map(({ state }) => state));
    }
  });
  fc.assert(property, { numRuns: 500, seed: 20_260_101 });
});
