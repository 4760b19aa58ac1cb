import { assert, assertEquals } from "@std/assert";
import { type CheckpointTuple, JsonPlusSerializer } from "@langchain/langgraph-checkpoint";
import { at, checkpointOf, LOOP } from "../saver/kit.ts";
import { RecordedRun } from "./recorded_run.ts";

const { threads } = RecordedRun;
const serde = new JsonPlusSerializer();

/** What the saver itself reads of a namespace, as the texts that the serializer makes of it. */
async function textsOf(
  run: RecordedRun,
  threadId: string,
  namespace: string,
): Promise<Record<string, readonly [type: string, text: string]>> {
  const tuple = await run.lab.saver().getTuple(at(threadId, undefined, namespace));
  const values = Object.entries(tuple?.checkpoint.channel_values ?? {});
  return Object.fromEntries(
    await Promise.all(values.map(async ([channel, value]) => {
      const [type, bytes] = await serde.dumpsTyped(value);
      return [channel, [type, spelled(type, bytes)]] as const;
    })),
  );
}

function spelled(type: string, bytes: Uint8Array): string {
  if (type === "json") return new TextDecoder().decode(bytes);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** Namespaces of a thread that have a state. */
function namespacesOf(tuples: readonly CheckpointTuple[], threadId: string): string[] {
  const own = tuples.filter(({ config }) => config.configurable!["thread_id"] === threadId);
  return [...new Set(own.map(({ config }) => config.configurable!["checkpoint_ns"]))];
}

Deno.test("ThreadState() and Messages() of every thread are what its graph sees", async (t) => {
  await using run = await RecordedRun.record();
  const tuples = await run.tuples();

  for (const [kind, thread] of Object.entries(threads)) {
    await t.step(`the state of the thread ${kind}`, async () => {
      const namespaces = namespacesOf(tuples, thread);
      assertEquals(namespaces.length > 0, kind !== "deleted");
      for (const namespace of ["", ...namespaces]) {
        const rows = await run.query("ThreadState(thread, namespace)", { thread, namespace });
        const found = rows.map(({ channel, type, text }) => [channel, [type, text]]);
        assertEquals(Object.fromEntries(found), await textsOf(run, thread, namespace));
        assertEquals(found.length, new Set(rows.map(({ channel }) => channel)).size);
        for (const { type, text, value, bytes } of rows) {
          assertEquals(value, type === "json" ? JSON.parse(text as string) : text);
          assert((bytes as number) > 0);
        }
      }
    });
  }

  await t.step(
    "the root is what is asked for without a namespace, one channel by its name",
    async () => {
      const state = await run.query("ThreadState(thread)", { thread: threads.chat });
      assertEquals(state, await run.query("ThreadState(thread, '')", { thread: threads.chat }));
      for (const channel of ["page", "note"]) {
        const rows = await run.query("ThreadState(thread, '', channel)", {
          thread: threads.chat,
          channel,
        });
        assertEquals(rows, state.filter((row) => row["channel"] === channel));
      }
      // One of them lies in its row, the other together with others in a blob.
      for (const n of [1000, 2999]) {
        const rows = await run.query("ThreadState(thread, '', channel) | project channel, value", {
          thread: threads.packed,
          channel: `it's ${n}`,
        });
        assertEquals(rows, [{ channel: `it's ${n}`, value: `value '${n}' ${"x".repeat(40)}` }]);
      }
    },
  );

  await t.step("the messages are those of the state, in their order", async () => {
    const { values } = await run.graphOf(threads.chat).getState(at(threads.chat));
    const rows = await run.query("Messages(thread)", { thread: threads.chat });
    assertEquals(rows.map(({ position }) => position), [...rows.keys()]);
    type Message = Record<string, unknown> & { getType(): string };
    assertEquals(
      rows.map(({ role, id, name, content, tool_calls, tool_call_id }) => ({
        role,
        id,
        name,
        content,
        tool_calls,
        tool_call_id,
      })),
      values.messages.map((message: Message) => ({
        role: message.getType(),
        id: message["id"] ?? "",
        name: message["name"] ?? "",
        content: message["content"],
        tool_calls: message["tool_calls"] ?? null,
        tool_call_id: message["tool_call_id"] ?? "",
      })),
    );
    assertEquals(await run.query("Messages(thread)", { thread: threads.deleted }), []);
  });
});

Deno.test("Messages() takes plain ones too, of any channel and namespace", async () => {
  await using run = await RecordedRun.empty();
  const saver = run.lab.saver();
  const chat = [{ role: "User", content: "hi", name: "ada" }, { type: "ai", content: ["ho"] }];
  await saver.put(at("t", undefined, "sub"), checkpointOf("1", { chat }), LOOP, { chat: 1 });
  const rows = await run.query(
    "Messages('t', 'sub', 'chat') | project position, role, name, content",
  );
  assertEquals(rows, [
    { position: 0, role: "user", name: "ada", content: "hi" },
    { position: 1, role: "ai", name: "", content: ["ho"] },
  ]);
});

Deno.test("A checkpoint stored again shows as it was stored last, once, and not if it was hidden since", async () => {
  await using run = await RecordedRun.empty();
  const page = "x".repeat(100_000);
  const saver = run.lab.saver();
  const put = (thread: string, n: number, namespace = "") =>
    saver.put(at(thread, undefined, namespace), checkpointOf("1", { n, page }), LOOP, {
      n: 1,
      page: 1,
    });
  const shown = async (thread: string, namespace = "") => {
    const rows = await run.query("ThreadState(thread, namespace)", { thread, namespace });
    const of = Object.fromEntries(rows.map(({ channel, value }) => [channel, value]));
    assertEquals([rows.length, of["page"]], rows.length > 0 ? [2, page] : [0, undefined]);
    return of["n"];
  };
  const seen = async (thread: string, namespace = "") => {
    const tuple = await run.lab.saver().getTuple(at(thread, undefined, namespace));
    return tuple?.checkpoint.channel_values["n"];
  };
  const hide = () =>
    run.hide(
      "Checkpoints | where thread_id == 't' and checkpoint_ns == '' | summarize arg_max(revision, *)",
    );
  const steps: readonly (readonly [unknown, () => Promise<unknown>])[] = [
    [1, () => put("t", 1)],
    [2, () => put("t", 2)],
    [undefined, hide],
    [3, () => put("t", 3)],
    [undefined, () => saver.deleteThread("t").then(() => put("t", 0, "sub"))],
    [4, () => put("t", 4)],
    [undefined, hide],
    [5, () => put("t", 5)],
    [undefined, hide],
  ];
  // Ids of checkpoints may come again in other namespaces and threads.
  await put("t", 0, "sub");
  await put("u", 0);
  for (const [expected, step] of steps) {
    await step();
    assertEquals([await shown("t"), await shown("t", "sub"), await shown("u")], [expected, 0, 0]);
    assertEquals([await seen("t"), await seen("t", "sub")], [expected, 0]);
    const active = "ActiveThreads(datetime(2000-01-01)) | order by thread_id asc";
    assertEquals(await run.query(`${active} | project thread_id, checkpoints`), [
      { thread_id: "t", checkpoints: expected === undefined ? 1 : 2 },
      { thread_id: "u", checkpoints: 1 },
    ]);
  }
});

Deno.test("ThreadState() tells how many bytes the serializer made, however they are stored", async () => {
  await using run = await RecordedRun.empty();
  const saver = run.lab.saver();
  const values: Record<string, unknown> = { text: "ü", none: new Uint8Array() };
  const sizes = [1, 2, 3, 4, 40_000];
  for (const size of sizes) values[`n${size}`] = new Uint8Array(size).fill(255);
  await saver.put(at("t"), checkpointOf("1", values), LOOP);
  const rows = await run.query("ThreadState('t') | project channel, bytes");
  assertEquals(
    Object.fromEntries(rows.map(({ channel, bytes }) => [channel, bytes])),
    { text: 4, none: 0, ...Object.fromEntries(sizes.map((size) => [`n${size}`, size])) },
  );
});

Deno.test("A value of which a chunk is gone is no value, and never a shorter one", async () => {
  await using run = await RecordedRun.empty();
  const page = "x".repeat(1_200_000);
  const saver = run.lab.saver();
  await saver.getTuple(at("t"));
  await saver.put(at("t"), checkpointOf("1", { page, n: 1 }), LOOP, { page: 1, n: 1 });
  const state = () => run.query("ThreadState('t') | project channel, bytes, value, text");
  const n = { channel: "n", bytes: 1, value: 1, text: "1" };
  const whole = { channel: "page", bytes: 1_200_002, value: page, text: JSON.stringify(page) };
  assertEquals(await state(), [n, whole]);
  await run.lab.command(
    ".delete table CheckpointBlobs records <| CheckpointBlobs | where chunk == 1",
  );
  assertEquals(await state(), [n, { ...whole, value: null, text: "" }]);
});

Deno.test("A prefix stands before the functions, and before all that they read", async () => {
  await using run = await RecordedRun.empty();
  const saver = run.lab.saver({ tablePrefix: "dev_" });
  assertEquals((await saver.setup({ provision: true })).problems, []);
  await saver.getTuple(at("t"));
  await saver.put(at("t"), checkpointOf("1", { a: "of dev" }), LOOP, { a: 1 });
  assertEquals(await run.query("ThreadState('t')"), []);
  const rows = await run.query("dev_ThreadState('t') | project channel, value");
  assertEquals(rows, [{ channel: "a", value: "of dev" }]);
  const active = await run.query("dev_ActiveThreads(datetime(2000-01-01)) | project thread_id");
  assertEquals(active, [{ thread_id: "t" }]);
});
