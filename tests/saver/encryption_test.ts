import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { HumanMessage } from "@langchain/core/messages";
import { Annotation, Command, END, interrupt, START, StateGraph } from "@langchain/langgraph";
import type { KustoSaver } from "../../mod.ts";
import {
  EncryptedSerializer,
  type EncryptedSerializerOptions,
  KustoDecryptionError,
} from "../../src/encryption/mod.ts";
import type { KustoEmulator } from "../../src/emulator/mod.ts";
import { contractCases } from "./contract_cases.ts";
import { at, checkpointOf, Lab, LOOP, testCases } from "./kit.ts";
import { limitsCases } from "./limits_cases.ts";

const OLD = { id: "old", key: new Uint8Array(32).fill(1) };
const NEW = { id: "new", key: new Uint8Array(32).fill(2) };
const TABLES = ["Checkpoints", "CheckpointWrites", "CheckpointBlobs", "LatestCheckpoints"];

function encrypted(options: Partial<EncryptedSerializerOptions> = {}): EncryptedSerializer {
  return new EncryptedSerializer({ keys: [OLD], ...options });
}

const how = { title: ", encrypted", options: { serde: encrypted() } };
testCases(contractCases, how);
testCases(limitsCases, how);

/** All that lies in the tables, as text; what is base64 also decoded. */
async function allCells(emulator: KustoEmulator): Promise<string> {
  const tables = await Promise.all(TABLES.map(async (csl) => {
    const answer = await emulator.fetch("http://localhost/v2/rest/query", {
      method: "POST",
      body: JSON.stringify({ db: emulator.database, csl }),
    });
    return await answer.text();
  }));
  const text = tables.join("\n");
  const decoded = [...text.matchAll(/[A-Za-z0-9+/]{16,}={0,2}/g)].map(([found]) =>
    atob(found.replace(/=+$/, "").slice(0, found.length - found.length % 4))
  );
  return [text, ...decoded].join("\n");
}

const State = Annotation.Root({
  chan_messages: Annotation<HumanMessage[]>,
  chan_document: Annotation<string>,
  chan_answer: Annotation<string>,
});

function agent(checkpointer: KustoSaver) {
  return new StateGraph(State)
    .addNode("node_read", ({ chan_document }) => ({
      chan_messages: [new HumanMessage(`mark-message ${chan_document.slice(0, 13)}`)],
    }))
    .addNode("node_ask", () => ({ chan_answer: interrupt("mark-question") as string }))
    .addEdge(START, "node_read")
    .addEdge("node_read", "node_ask")
    .addEdge("node_ask", END)
    .compile({ checkpointer });
}

/** What the run of an agent puts into the tables. */
async function traces(saver: (lab: Lab) => KustoSaver): Promise<string[]> {
  await using lab = await Lab.open();
  const graph = agent(saver(lab));
  const config = {
    configurable: { thread_id: "mark-thread", user_id: "mark-user", other: "mark-configurable" },
    metadata: { note: "mark-metadata" },
    tags: ["mark-tag"],
    runName: "mark-run",
  };
  await graph.invoke({ chan_document: "mark-document".repeat(10_000) }, config);
  await graph.invoke(new Command({ resume: "mark-answer" }), config);
  assertEquals((await graph.getState(config)).values.chan_answer, "mark-answer");
  const cells = await allCells(lab.emulator);
  return [...new Set(cells.match(/mark-\w+|chan_\w+|node_\w+/g))].sort();
}

Deno.test("of an agent's run the tables show ids and names, and nothing else", async () => {
  const channels = ["chan_answer", "chan_document", "chan_messages"];
  const nodes = ["node_ask", "node_read"];
  assertEquals(await traces((lab) => lab.saver({ serde: encrypted() })), [
    ...channels,
    "mark-thread",
    ...nodes,
  ]);
  assertEquals(
    await traces((lab) => lab.saver({ serde: encrypted(), searchKeys: ["user_id"] })),
    [...channels, "mark-thread", "mark-user", ...nodes],
  );
  const plain = await traces((lab) => lab.saver());
  for (const mark of ["mark-answer", "mark-document", "mark-message", "mark-question"]) {
    assert(plain.includes(mark), mark);
  }
});

Deno.test("a large value that did not change is sent once, unless equal values must not be equal", async () => {
  for (
    const [deterministicFromBytes, second] of [
      [undefined, ["ingest Checkpoints"]],
      [Infinity, ["ingest CheckpointBlobs", "ingest Checkpoints"]],
    ] as const
  ) {
    await using lab = await Lab.open();
    const serde = encrypted(deterministicFromBytes ? { deterministicFromBytes } : {});
    const large = "x".repeat(500_000);
    const saver = lab.saver({ serde });
    const config = await saver.put(at("t"), checkpointOf("1", { large }), LOOP, { large: 1 });
    lab.requests();
    await saver.put(config, checkpointOf("2", { large, n: 1 }), LOOP, { n: 1 });
    assertEquals(lab.requests(), [...second]);
    const other = lab.saver({ serde: encrypted() });
    await other.getTuple(at("t"));
    lab.requests();
    await other.put(at("t", "2"), checkpointOf("3", { large, n: 2 }), LOOP, { n: 1 });
    const unchanged = second.length === 1;
    assertEquals(lab.requests().includes("ingest CheckpointBlobs"), !unchanged);
  }
});

Deno.test("a thread moves to a new key with its next checkpoint; what is older needs the old one", async () => {
  await using lab = await Lab.open();
  const large = "x".repeat(100_000);
  const before = lab.saver({ serde: encrypted() });
  const first = await before.put(at("t"), checkpointOf("1", { large, n: 1 }), LOOP, {
    large: 1,
    n: 1,
  });
  const rotating = lab.saver({ serde: encrypted({ keys: [NEW, OLD] }) });
  assertEquals((await rotating.getTuple(at("t")))?.checkpoint.channel_values, { large, n: 1 });
  await rotating.put(first, checkpointOf("2", { large, n: 2 }), LOOP, { n: 2 });

  const after = lab.saver({ serde: encrypted({ keys: [NEW] }) });
  const tuple = await after.getTuple(at("t"));
  assertEquals(tuple?.checkpoint.channel_values, { large, n: 2 });
  const older = await assertRejects(() => after.getTuple(at("t", "1")), KustoDecryptionError);
  assertStringIncludes(older.message, 'its key "old" is missing');
  const listed: string[] = [];
  await assertRejects(async () => {
    for await (const { checkpoint } of after.list(at("t"))) listed.push(checkpoint.id);
  }, KustoDecryptionError);
  assertEquals(listed, ["2"]);
});

Deno.test("a thread of the time before encryption goes on, and is encrypted from its next checkpoint on", async () => {
  await using lab = await Lab.open();
  const first = await lab.saver().put(at("t"), checkpointOf("1", { a: 1 }), LOOP, { a: 1 });
  const strict = lab.saver({ serde: encrypted() });
  const error = await assertRejects(() => strict.getTuple(at("t")), KustoDecryptionError);
  assertEquals(error.reason, "plaintext");
  const migrating = lab.saver({ serde: encrypted({ allowPlaintext: true }) });
  assertEquals((await migrating.getTuple(at("t")))?.checkpoint.channel_values, { a: 1 });
  await migrating.put(first, checkpointOf("2", { a: 1, b: 2 }), LOOP, { b: 1 });
  assertEquals((await strict.getTuple(at("t")))?.checkpoint.channel_values, { a: 1, b: 2 });
});

Deno.test("a value that was changed in the tables is refused, by getTuple() and by list()", async () => {
  for (const table of ["Checkpoints", "CheckpointWrites"]) {
    await using lab = await Lab.open();
    const writer = lab.saver({ serde: encrypted() });
    const config = await writer.put(at("t"), checkpointOf("1", { a: 1 }), LOOP, { a: 1 });
    await writer.putWrites(config, [["a", 2]], "task");
    const column = table === "Checkpoints" ? "checkpoint_json" : "value_json";
    const changed = `${table} | extend ${column} = replace_string(${column}, "A", "B")`;
    await lab.command(`.set-or-replace ${table} <| ${changed}`);
    const reader = lab.saver({ serde: encrypted() });
    const errors = [
      await assertRejects(() => reader.getTuple(at("t")), KustoDecryptionError),
      await assertRejects(() => reader.list(at("t")).next(), KustoDecryptionError),
    ];
    assertEquals(errors.map(({ reason }) => reason), ["changed", "changed"], table);
  }
});

Deno.test("functions and symbols, which no serializer spells, leave an encrypted thread readable", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver({ serde: encrypted() });
  const values = { work: () => 1, mark: Symbol("mark"), kept: 1, bytes: new Uint8Array() };
  const versions = { work: 1, mark: 1, kept: 1, bytes: 1 };
  const config = await saver.put(at("t"), checkpointOf("1", values), LOOP, versions);
  await saver.putWrites(config, Object.entries(values), "task");
  for (const reader of [saver, lab.saver({ serde: encrypted() })]) {
    const tuple = await reader.getTuple(at("t"));
    assertEquals(tuple?.checkpoint.channel_values, { kept: 1, bytes: new Uint8Array() });
    assertEquals(tuple?.pendingWrites?.map(([, , value]) => value), [
      undefined,
      undefined,
      1,
      new Uint8Array(),
    ]);
  }
});

Deno.test("list() of encrypted threads reads no more than matches by keys to search by", async () => {
  await using lab = await Lab.open();
  const options = { serde: encrypted(), searchKeys: ["user_id"] };
  const writer = lab.saver(options);
  for (let n = 100; n < 300; n++) {
    const config = { configurable: { ...at(`t ${n}`).configurable, user_id: `user ${n % 50}` } };
    const metadata = n === 299 ? { ...LOOP, user_id: "user 7" } : LOOP;
    await writer.put(config, checkpointOf(String(n)), metadata, {});
  }
  const reader = lab.saver(options);
  const ids = async (filter: Record<string, unknown>) => {
    lab.requests();
    const found = await Array.fromAsync(reader.list({}, { filter }), (t) => t.checkpoint.id);
    return [lab.requests().length, ...found];
  };
  assertEquals(await ids({ user_id: "user 7", source: "loop" }), [
    1,
    "299",
    "257",
    "207",
    "157",
    "107",
  ]);
  assertEquals(await ids({ user_id: "user 7", source: "fork" }), [1]);
  assertEquals(await ids({ user_id: "user 49" }), [1, "249", "199", "149"]);
});
