import { assertEquals } from "@std/assert";
import { RecentRows } from "../src/recent_rows.ts";
import type { BlobRow, CheckpointRow, WriteRow } from "../src/schema.ts";

const MINUTE = 60_000;

/** Recent rows and the time they go by. */
function keep() {
  const time = { now: 1_000_000 };
  return { time, recent: new RecentRows(() => time.now) };
}

function checkpoint(thread_id: string, revision: string): CheckpointRow {
  return { thread_id, revision } as CheckpointRow;
}

function write(thread_id: string, revision: string): WriteRow {
  return { thread_id, revision } as WriteRow;
}

function blob(thread_id: string, blob_id: string, chunk: number, incarnation = ""): BlobRow {
  return { thread_id, blob_id, chunk, incarnation } as BlobRow;
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
  const { recent } = keep();
  recent.add("checkpoints", checkpoint("t", "1"), 10);
  recent.add("writes", write("t", "1"), 20);
  recent.add("blobs", blob("t", "x", 0), 30);
  recent.add("blobs", blob("t", "x", 1), 30);
  recent.add("writes", write("u", "2"), 5);
  assertEquals(kept(recent, "t"), "c1 w1 bx.0 bx.1");
  assertEquals(kept(recent, "u"), "w2");
  assertEquals(kept(recent, "v"), "none");
  assertEquals(recent.threadIds(), ["t", "u"]);
  assertEquals(recent.bytes, 95);
});

Deno.test("a row that is added twice is kept and counted once", () => {
  const { recent } = keep();
  for (const bytes of [10, 99]) recent.add("blobs", blob("t", "x", 0), bytes);
  assertEquals([kept(recent, "t"), recent.bytes], ["bx.0", 10]);
});

Deno.test("rows of the same key in other tables, threads and incarnations are others", () => {
  const { recent } = keep();
  recent.add("checkpoints", checkpoint("t", "1"), 1);
  recent.add("writes", write("t", "1"), 1);
  recent.add("writes", write("u", "1"), 1);
  recent.add("blobs", blob("t", "x", 0, "1"), 1);
  recent.add("blobs", blob("t", "x", 0, "2"), 1);
  assertEquals(recent.bytes, 5);
  recent.shown("writes", [write("t", "1")]);
  recent.shown("blobs", [blob("t", "x", 0, "1")]);
  assertEquals([kept(recent, "t"), kept(recent, "u")], ["c1 bx.0", "w1"]);
  assertEquals(recent.bytes, 3);
});

Deno.test("a row that a query showed goes, and a thread without rows with it", () => {
  const { recent } = keep();
  recent.add("writes", write("t", "1"), 10);
  recent.add("writes", write("t", "2"), 20);
  recent.shown("writes", [write("t", "1"), write("t", "1"), write("t", "3"), write("v", "1")]);
  assertEquals([kept(recent, "t"), recent.bytes], ["w2", 20]);
  recent.shown("writes", [write("t", "2")]);
  assertEquals([kept(recent, "t"), recent.threadIds(), recent.bytes], ["none", [], 0]);
});

Deno.test("a row that comes again after it was shown is kept again", () => {
  const { recent } = keep();
  for (let time = 0; time < 2; time++) {
    recent.add("writes", write("t", "1"), 10);
    assertEquals(kept(recent, "t"), "w1");
    recent.shown("writes", [write("t", "1")]);
  }
  assertEquals(recent.bytes, 0);
});

for (
  const [ms, there] of [[5 * MINUTE - 1, true], [5 * MINUTE, false], [9 * MINUTE, false]] as const
) {
  Deno.test(`a row ${there ? "is kept" : "has gone"} after ${ms} milliseconds`, () => {
    const { recent, time } = keep();
    recent.add("writes", write("t", "1"), 10);
    time.now += ms;
    assertEquals(kept(recent, "t"), there ? "w1" : "none");
    assertEquals(recent.threadIds().length, there ? 1 : 0);
    assertEquals(recent.bytes, there ? 10 : 0);
  });
}

Deno.test("each row goes by its own age", () => {
  const { recent, time } = keep();
  for (const revision of ["1", "2", "3"]) {
    recent.add("writes", write("t", revision), 10);
    time.now += 2 * MINUTE;
  }
  assertEquals(kept(recent, "t"), "w2 w3");
  time.now += MINUTE;
  recent.add("writes", write("u", "4"), 1);
  assertEquals(recent.bytes, 11);
});

Deno.test("forget() drops the rows of one thread", () => {
  const { recent } = keep();
  recent.add("checkpoints", checkpoint("t", "1"), 1);
  recent.add("blobs", blob("t", "x", 0), 1);
  recent.add("blobs", blob("u", "x", 0), 1);
  recent.forget("t");
  recent.forget("never");
  assertEquals([kept(recent, "t"), kept(recent, "u"), recent.bytes], ["none", "bx.0", 1]);
});

Deno.test("the bytes of all kept rows are known without asking for a thread first", () => {
  const { recent, time } = keep();
  recent.add("writes", write("t", "1"), 10);
  time.now += 6 * MINUTE;
  assertEquals(recent.bytes, 0);
});
