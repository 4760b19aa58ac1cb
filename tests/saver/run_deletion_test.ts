import { assert, assertEquals, assertRejects } from "@std/assert";
import { JsonPlusSerializer } from "@langchain/langgraph-checkpoint";
import { KustoInputError, type RunDeletionProgress } from "../../mod.ts";
import { Clock, seen } from "./deletion_kit.ts";
import { at, Lab, testCases } from "./kit.ts";
import { NarrowService } from "./narrow_service.ts";
import { chain } from "./prune_cases.ts";
import { runDeletionCases } from "./run_deletion_cases.ts";

testCases(runDeletionCases);

Deno.test("deleteForRuns() of no runs is no request", async () => {
  await using lab = await Lab.open();
  assertEquals(await lab.saver().deleteForRuns([]), { checkpoints: 0 });
  assertEquals(lab.requests(), []);
});

for (const runIds of [undefined, "run", 7, [""], [undefined], [{}], ["\ud800"]]) {
  Deno.test(`deleteForRuns() refuses ${JSON.stringify(runIds)}`, async () => {
    await using lab = await Lab.open();
    await assertRejects(
      () => lab.saver().deleteForRuns(runIds as string[]),
      KustoInputError,
      `"runIds"`,
    );
    assertEquals(lab.requests(), []);
  });
}

Deno.test("deleteForRuns() is a query for eight runs, an append, and a query until it is seen", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const runs = Array.from({ length: 16 }, (_, n) => `run ${n}`);
  for (const [n, run_id] of runs.entries()) await chain(saver, `t${n}`, ["1", "2"], "", { run_id });
  lab.requests();
  const told: RunDeletionProgress[] = [];
  const onProgress = (progress: RunDeletionProgress) => told.push(progress);
  assertEquals(await lab.saver().deleteForRuns(runs, { onProgress }), { checkpoints: 32 });
  const once = ["query", "ingest CheckpointDeletions", "query"];
  assertEquals(lab.requests(), [...once, ...once]);
  assertEquals(told, [{ checkpoints: 16 }, { checkpoints: 32 }]);
});

Deno.test("deleteForRuns() hides what its own saver cannot see yet; the latest that is left is the latest", async () => {
  const { now, sleep } = new Clock();
  await using lab = await Lab.open({ now, visibilityDelayMs: 10_000 });
  const saver = lab.saver({ now, sleep });
  await chain(saver, "t", ["1", "2"], "", { run_id: "old" });
  await chain(saver, "t", ["3", "4"], "", { run_id: "new" });
  assertEquals(await saver.deleteForRuns(["new"]), { checkpoints: 2 });
  for (const reader of [saver, lab.saver({ now, sleep })]) {
    lab.requests();
    assertEquals((await reader.getTuple(at("t")))?.checkpoint.id, "2");
    assertEquals(lab.requests(), ["query"]);
    assertEquals(await seen(reader, "t"), ["2", undefined, "2", "1"]);
  }
});

/** A serializer whose texts nobody else can read. */
class Closed extends JsonPlusSerializer {
  override async dumpsTyped(value: unknown): Promise<[string, Uint8Array]> {
    const [type, bytes] = await super.dumpsTyped(value);
    return [`closed ${type}`, bytes.map((byte) => byte ^ 0xff)];
  }

  override async loadsTyped(type: string, bytes: Uint8Array | string): Promise<unknown> {
    const open = (bytes as Uint8Array).map((byte) => byte ^ 0xff);
    return await super.loadsTyped(type.replace("closed ", ""), open);
  }
}

for (const searchKeys of [[], ["run_id"]]) {
  Deno.test(`deleteForRuns() finds runs in metadata that only the serializer can read, ${searchKeys.length} keys to search by`, async () => {
    await using lab = await Lab.open();
    const saver = lab.saver({ serde: new Closed(), searchKeys });
    await chain(saver, "t", ["1", "3"], "", { run_id: "kept", large: "x".repeat(100_000) });
    await chain(saver, "t", ["2", "4"], "", { run_id: "run", large: "x".repeat(100_000) });
    lab.requests();
    assertEquals(await saver.deleteForRuns(["run"]), { checkpoints: 2 });
    // Own rows, runs, markers; and the blobs of metadata, where the text of their row does not tell.
    const queries = lab.requests().filter((request) => request === "query").length;
    assertEquals(queries, searchKeys.length > 0 ? 3 : 7);
    assertEquals(await seen(saver, "t"), ["3", undefined, "3", "1"]);
  });
}

Deno.test("deleteForRuns() reads page by page what does not fit an answer, and can be broken off", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  for (let n = 0; n < 40; n++) {
    await chain(saver, `t${n}`, ["1", "2"], "", { run_id: "run", long: "x".repeat(n) });
  }
  const narrow = new NarrowService(lab.emulator, { truncationmaxrecords: 30 });
  const reader = lab.saver({ fetch: narrow.fetch });
  const controller = new AbortController();
  const { signal } = controller;
  const onProgress = () => controller.abort(new Error("enough"));
  await assertRejects(() => reader.deleteForRuns(["run"], { signal, onProgress }), Error, "enough");
  const { checkpoints } = await reader.deleteForRuns(["run"]);
  assert(checkpoints > 0 && checkpoints < 80, `${checkpoints}`);
  assert(narrow.refusals > 0);
  assertEquals(await Array.fromAsync(lab.saver().list({})), []);
});
