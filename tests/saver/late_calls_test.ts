import { assertEquals } from "@std/assert";
import { CHILD, Gate, inRun, NOTHING, seen } from "./deletion_kit.ts";
import { at, checkpointOf, Lab, LOOP } from "./kit.ts";

Deno.test("Late calls of a run stay hidden, whoever deleted: root, child and their writes", async () => {
  await using lab = await Lab.open();
  for (const deleter of ["own", "other"]) {
    const [own, other] = [lab.saver(), lab.saver()];
    const threadId = `late ${deleter}`;
    const control = {};
    await own.getTuple(inRun(at(threadId), control));
    const first = await own.put(inRun(at(threadId), control), checkpointOf("1"), LOOP, {});
    await (deleter === "own" ? own : other).deleteThread(threadId);

    const late = inRun(first, control);
    await own.put(late, checkpointOf("2"), LOOP, {});
    await own.putWrites(late, [["a", 1]], "task");
    await own.putWrites(inRun(at(threadId, "2"), control), [["a", 1]], "task");
    await own.getTuple(inRun(at(threadId, undefined, CHILD), control));
    await own.put(inRun(at(threadId, undefined, CHILD), control), checkpointOf("3"), LOOP, {});
    for (const saver of [own, other, lab.saver()]) {
      assertEquals(await seen(saver, threadId), NOTHING, deleter);
    }

    const fresh = checkpointOf("4", { a: "fresh" });
    await other.getTuple(at(threadId));
    await other.put(at(threadId), fresh, LOOP, { a: 1 });
    await own.put(late, checkpointOf("5"), LOOP, {});
    for (const saver of [own, other, lab.saver()]) {
      assertEquals(await seen(saver, threadId), ["4", undefined, "4"], deleter);
    }
  }
});

Deno.test("Late calls without a run stay hidden by the checkpoint they hang on", async () => {
  await using lab = await Lab.open();
  const [own, other] = [lab.saver(), lab.saver()];
  const first = await own.put(at("t"), checkpointOf("1"), LOOP, {});
  await own.putWrites(at("t", "2"), [["a", 1]], "task");
  await other.deleteThread("t");
  await own.getTuple(at("t"));

  await own.put(first, checkpointOf("2"), LOOP, {});
  await own.putWrites(first, [["a", 1]], "task");
  const parents = { ...LOOP, parents: { "": "1" } };
  await own.put(at("t", undefined, CHILD), checkpointOf("3"), parents, {});
  const mapped = at("t", undefined, `${CHILD}|x:1`);
  const config = { configurable: { ...mapped.configurable, checkpoint_map: { "": "1" } } };
  await own.put(config, checkpointOf("4"), LOOP, {});
  for (const saver of [own, other, lab.saver()]) assertEquals(await seen(saver, "t"), NOTHING);
});

Deno.test("A checkpoint that was looked for in vain before the deletion is no parent after it", async () => {
  await using lab = await Lab.open();
  const [own, other] = [lab.saver(), lab.saver()];
  assertEquals(await own.getTuple(at("t", "1")), undefined);
  await other.deleteThread("t");
  assertEquals(await own.getTuple(at("t")), undefined);
  await own.put(at("t", "1"), checkpointOf("2"), LOOP, {});
  assertEquals(await seen(lab.saver(), "t"), NOTHING);
});

Deno.test("Calls in flight when their saver deletes the thread do not bring it back", async () => {
  await using lab = await Lab.open();
  const appends = new Gate();
  const saver = lab.saver({
    fetch: async (input, init) => {
      if (String(input).includes("/CheckpointWrites?")) await appends.pass();
      return await lab.emulator.fetch(input as string, init);
    },
  });
  await saver.deleteThread("another");
  await saver.getTuple(at("t"));
  const put = saver.put(at("t"), checkpointOf("1"), LOOP, {});
  const writes = saver.putWrites(at("t", "1"), [["a", 1]], "task");
  const deletion = saver.deleteThread("t");
  await appends.reached;
  // Whoever does not wait for the writes has deleted by then.
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
  appends.open();
  await Promise.all([put, writes, deletion]);
  const sent = lab.requests().filter((request) => request.startsWith("ingest"));
  assertEquals(sent.at(-1), "ingest ThreadDeletions", "what was called before goes before");
  for (const reader of [saver, lab.saver()]) assertEquals(await seen(reader, "t"), NOTHING);
});

Deno.test("What a caller writes that never reads belongs to the newest life, whoever deleted", async () => {
  await using lab = await Lab.open();
  const [own, other] = [lab.saver(), lab.saver()];
  for (const life of ["1", "2", "3"]) {
    const written = await own.put(at("t"), checkpointOf(life, { life }), LOOP, { life: 1 });
    await own.putWrites(written, [["a", life]], "task");
    await own.putWrites(at("t", "later"), [["a", life]], "task");
    for (const reader of [other, lab.saver()]) {
      const tuple = await reader.getTuple(at("t"));
      assertEquals(tuple?.checkpoint.channel_values, { life });
      assertEquals(tuple?.pendingWrites, [["task", "a", life]]);
    }
    await other.deleteThread("t");
  }
});

Deno.test("A write that begins after a deletion elsewhere does not rely on a read that began before", async () => {
  await using lab = await Lab.open();
  const answer = new Gate();
  const saver = lab.saver({
    fetch: async (input, init) => {
      const response = await lab.emulator.fetch(input as string, init);
      await answer.pass();
      return response;
    },
  });
  const before = saver.put(at("t"), checkpointOf("1"), LOOP, {});
  await answer.reached;
  await lab.saver().deleteThread("t");
  const after = saver.put(at("t"), checkpointOf("2"), LOOP, {});
  answer.open();
  await Promise.all([before, after]);
  assertEquals((await lab.saver().getTuple(at("t")))?.checkpoint.id, "2");
});
