import { assert, assertEquals, assertRejects } from "@std/assert";
import { uuid6 } from "@langchain/langgraph-checkpoint";
import { KustoClosedError, KustoInputError } from "../../mod.ts";
import { at, checkpointOf, Lab, LOOP } from "./kit.ts";

const STRANGE = [
  `quotes " ' \` and \\ backslashes \\u0041 \\`,
  "lines\nand\r\ttabs",
  "emoji 👩‍👩‍👧 and \u{10FFFF}",
  `'; .drop table Checkpoints //`,
  `" | take 1; Checkpoints | where thread_id == "`,
  "2024-01-01T00:00:00Z",
  "00000000-0000-0000-0000-000000000001",
  "12345678901234567890",
  "1e5",
  '{"a":1}',
  "null",
  " leading and trailing ",
  "\u0001\u001f",
  "x".repeat(10_000),
];

Deno.test("Ids, task ids and channel names of any text come back equal, in another process too", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  for (const text of STRANGE) {
    const config = at(text, undefined, text);
    const values = { [text]: text, plain: text };
    const stored = await saver.put(config, checkpointOf("1", values), LOOP, {
      [text]: 1,
      plain: 1,
    });
    await saver.putWrites(stored, [[text, text]], text, text);
    for (const reader of [saver, lab.saver()]) {
      const tuple = await reader.getTuple(config);
      assertEquals(tuple?.config, at(text, "1", text), text);
      assertEquals(tuple?.checkpoint.channel_values, values, text);
      assertEquals(tuple?.pendingWrites, [[text, text, text]], text);
      const listed = await Array.fromAsync(reader.list(config));
      assertEquals(listed, [tuple!], text);
    }
  }
});

Deno.test("Numeric thread ids work as their text", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const config = await saver.put(at(42), checkpointOf("1"), LOOP, {});
  assertEquals(config, at("42", "1"));
  assertEquals((await lab.saver().getTuple(at("42")))?.config, at("42", "1"));
});

Deno.test("put() and putWrites() name the field that is missing", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const { channel_values: _, ...checkpoint } = checkpointOf("1");
  const full = { ...checkpoint, channel_values: {} };
  await assertRejects(() => saver.put({}, full, LOOP, {}), KustoInputError, `"thread_id"`);
  const none = { configurable: { checkpoint_ns: "" } };
  await assertRejects(() => saver.put(none, full, LOOP, {}), KustoInputError, `"thread_id"`);
  await assertRejects(() => saver.putWrites(none, [["a", 1]], "t"), KustoInputError, `"thread_id"`);
  await assertRejects(
    () => saver.putWrites(at("t"), [["a", 1]], "t"),
    KustoInputError,
    `"checkpoint_id"`,
  );
});

Deno.test("An id with half a surrogate pair is refused, as no Kusto string can hold it", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const config = at("broken \ud800");
  await assertRejects(() => saver.getTuple(config), KustoInputError, `"thread_id"`);
  await assertRejects(() => saver.put(config, checkpointOf("1"), LOOP, {}), KustoInputError);
});

Deno.test("Ids that no cell could hold whole, and checkpoints without an id, are refused", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const long = "x".repeat(300_000);
  const put = (id: unknown, thread = "t") =>
    saver.put(at(thread), checkpointOf(id as string), LOOP, {});
  await assertRejects(() => put("1", long), KustoInputError, `"thread_id"`);
  await assertRejects(() => put(long), KustoInputError, `"checkpoint.id"`);
  await assertRejects(() => put("\ud800"), KustoInputError, `"checkpoint.id"`);
  await assertRejects(() => put(undefined), KustoInputError, `"checkpoint.id"`);
  const write = (channel: string, task: string) =>
    saver.putWrites(at("t", "1"), [[channel, 1]], task);
  await assertRejects(() => write(long, "task"), KustoInputError, `"channel"`);
  await assertRejects(() => write("a", long), KustoInputError, `"task_id"`);
  assertEquals(lab.requests().filter((request) => request.startsWith("ingest")), []);
});

Deno.test("Channels may be named like what every object inherits", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const config = await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  const names = ["constructor", "constructor", "toString", "valueOf", "hasOwnProperty"];
  await saver.putWrites(config, names.map((name, n) => [name, n]), "task");
  for (const reader of [saver, lab.saver()]) {
    const tuple = await reader.getTuple(at("t"));
    assertEquals(tuple?.pendingWrites, names.map((name, n) => ["task", name, n]));
  }
});

Deno.test("getTuple() of what does not exist is undefined", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  assertEquals(await saver.getTuple({ configurable: {} }), undefined);
  assertEquals(await saver.getTuple({}), undefined);
  assertEquals(await saver.getTuple(at("nobody")), undefined);
  await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  assertEquals(await saver.getTuple(at("t", "2")), undefined);
  assertEquals(await saver.getTuple(at("t", undefined, "ns")), undefined);
});

Deno.test("The latest checkpoint is the one with the greatest id, whatever came last", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  await saver.put(at("t"), checkpointOf("2", { a: 2 }), LOOP, { a: 1 });
  await saver.put(at("t"), checkpointOf("1", { a: 1 }), LOOP, { a: 1 });
  for (const reader of [saver, lab.saver()]) {
    assertEquals((await reader.getTuple(at("t")))?.checkpoint.id, "2");
  }
});

Deno.test("The same id put again: the last one counts, for every reader", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  await saver.put(at("t"), checkpointOf("1", { a: "old" }), LOOP, { a: 1 });
  await saver.put(at("t"), checkpointOf("1", { a: "new" }), LOOP, { a: 1 });
  for (const reader of [saver, lab.saver()]) {
    assertEquals((await reader.getTuple(at("t")))?.checkpoint.channel_values, { a: "new" });
    assertEquals((await Array.fromAsync(reader.list(at("t")))).length, 1);
  }
});

Deno.test("Channels that did not change are whole after a reload, here and in another process", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const large = "y".repeat(200_000);
  const first = await saver.put(at("t"), checkpointOf("1", { kept: "k", large, n: 1 }), LOOP, {
    kept: 1,
    large: 1,
    n: 1,
  });
  await saver.put(first, checkpointOf("2", { kept: "k", large, n: 2 }), LOOP, { n: 2 });
  for (const reader of [saver, lab.saver()]) {
    const tuple = await reader.getTuple(at("t"));
    assertEquals(tuple?.checkpoint.channel_values, { kept: "k", large, n: 2 });
    assertEquals(tuple?.parentConfig, at("t", "1"));
  }
});

Deno.test("Absent, undefined, null and bytes stay what they are", async () => {
  await using lab = await Lab.open();
  const values = {
    nothing: undefined,
    none: null,
    bytes: new Uint8Array([0, 255, 128]),
    empty: "",
  };
  const saver = lab.saver();
  const config = await saver.put(at("t"), checkpointOf("1", values), LOOP, {
    nothing: 1,
    none: 1,
    bytes: 1,
    empty: 1,
  });
  await saver.putWrites(config, Object.entries(values), "task");
  for (const reader of [saver, lab.saver()]) {
    const tuple = await reader.getTuple(at("t"));
    assertEquals(tuple?.checkpoint.channel_values, values);
    assert(Object.hasOwn(tuple!.checkpoint.channel_values, "nothing"));
    assertEquals(tuple?.pendingWrites?.map(([, , value]) => value), Object.values(values));
  }
});

Deno.test("What the graph changes after the call is not stored", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const bytes = new Uint8Array([1]);
  const values = { list: ["a"], bytes };
  const written = { deep: ["a"] };
  const put = saver.put(at("t"), checkpointOf("1", values), LOOP, { list: 1, bytes: 1 });
  const write = saver.putWrites(at("t", "1"), [["x", written]], "task");
  values.list.push("b");
  bytes[0] = 9;
  written.deep.push("b");
  await Promise.all([put, write]);
  const tuple = await lab.saver().getTuple(at("t"));
  assertEquals(tuple?.checkpoint.channel_values, { list: ["a"], bytes: new Uint8Array([1]) });
  assertEquals(tuple?.pendingWrites, [["task", "x", { deep: ["a"] }]]);
});

Deno.test("Of regular writes the first counts, of errors, interrupts and answers the last", async () => {
  await using lab = await Lab.open();
  const config = at("t", "1");
  const [one, two] = [lab.saver(), lab.saver()];
  await one.put(at("t"), checkpointOf("1"), LOOP, {});
  await one.putWrites(config, [["log", "first"], ["__resume__", "early"]], "task");
  await two.getTuple(config);
  await two.putWrites(config, [["log", "second"], ["__resume__", "late"]], "task");
  for (const reader of [one, two, lab.saver()]) {
    assertEquals((await reader.getTuple(at("t")))?.pendingWrites, [
      ["task", "__resume__", "late"],
      ["task", "log", "first"],
    ]);
  }
});

Deno.test("Writes come back by task path, task id and position, characters in code point order", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const config = await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  const many = Array.from({ length: 12 }, (_, n): [string, unknown] => ["c", n]);
  await saver.putWrites(config, many, "b", "~2");
  await saver.putWrites(config, [["c", "astral"]], "\u{1F600}", "~1");
  await saver.putWrites(config, [["c", "bmp"]], "\uffee", "~1");
  await saver.putWrites(config, [["c", "no path"]], "z");
  for (const reader of [saver, lab.saver()]) {
    const tuple = await reader.getTuple(at("t"));
    assertEquals(tuple?.pendingWrites?.map(([, , value]) => value), [
      "no path",
      "bmp",
      "astral",
      ...many.map(([, value]) => value),
    ]);
  }
});

Deno.test("Writes without their checkpoint are no checkpoint, and are there once it comes", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  await saver.putWrites(at("t", "1"), [["a", 1]], "task");
  assertEquals(await saver.getTuple(at("t", "1")), undefined);
  assertEquals(await saver.getTuple(at("t")), undefined);
  await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  assertEquals((await lab.saver().getTuple(at("t")))?.pendingWrites, [["task", "a", 1]]);
});

Deno.test("A fork copies everything over, though it names no new versions", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const fork = { source: "fork" as const, step: 1, parents: {} };
  await saver.put(at("t"), checkpointOf("1", { a: 1 }), fork, {});
  assertEquals((await lab.saver().getTuple(at("t")))?.checkpoint.channel_values, { a: 1 });
});

Deno.test("Branches of a fork keep their own values, with numbers as versions too", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const root = await saver.put(at("t"), checkpointOf("1", { a: "root" }), LOOP, { a: 1 });
  const versions = { channel_versions: { a: 2 } };
  await saver.put(root, checkpointOf("2", { a: "left" }, versions), LOOP, { a: 2 });
  await saver.put(root, checkpointOf("3", { a: "right" }, versions), LOOP, { a: 2 });
  const reader = lab.saver();
  assertEquals((await reader.getTuple(at("t", "2")))?.checkpoint.channel_values, { a: "left" });
  assertEquals((await reader.getTuple(at("t", "3")))?.checkpoint.channel_values, { a: "right" });
});

Deno.test("A serializer of one's own is used for checkpoints, metadata, values and writes", async () => {
  await using lab = await Lab.open();
  const seen: unknown[] = [];
  const serde = {
    dumpsTyped(value: unknown): Promise<[string, Uint8Array]> {
      const bytes = new TextEncoder().encode(JSON.stringify(value) ?? "");
      return Promise.resolve(["sealed", bytes.map((byte) => byte ^ 0xff)]);
    },
    loadsTyped(type: string, bytes: Uint8Array | string): Promise<unknown> {
      seen.push(type);
      const open = (bytes as Uint8Array).map((byte) => byte ^ 0xff);
      return Promise.resolve(JSON.parse(new TextDecoder().decode(open)));
    },
  };
  const secret = "s3cret".repeat(10_000);
  const meta = { ...LOOP, owner: "s3cret" };
  const saver = lab.saver({ serde });
  const config = await saver.put(at("t"), checkpointOf("1", { secret, n: 1 }), meta, {
    secret: 1,
    n: 1,
  });
  await saver.putWrites(config, [["w", "s3cret"]], "task");
  const tuple = await lab.saver({ serde }).getTuple(at("t"));
  assertEquals(tuple?.checkpoint.channel_values, { secret, n: 1 });
  assertEquals(tuple?.metadata as unknown, meta);
  assertEquals(tuple?.pendingWrites, [["task", "w", "s3cret"]]);
  assertEquals(new Set(seen), new Set(["sealed"]));
  for (const table of ["Checkpoints", "CheckpointWrites", "CheckpointBlobs"]) {
    const answer = await lab.emulator.fetch("http://localhost/v2/rest/query", {
      method: "POST",
      body: JSON.stringify({ db: "NetDefaultDB", csl: table }),
    });
    assertEquals((await answer.text()).includes("s3cret"), false, table);
  }
  const found = await Array.fromAsync(saver.list(at("t"), { filter: { owner: "s3cret" } }));
  assertEquals(found.length, 1);
});

Deno.test("getNextVersion() counts numbers on and mints texts that sort and never meet", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  assertEquals(saver.getNextVersion(4), 5);
  const first = saver.getNextVersion(undefined) as unknown as string;
  const [left, right] = [
    saver.getNextVersion(first as never),
    saver.getNextVersion(first as never),
  ];
  assertEquals(typeof first, "string");
  assert(left > (first as never) && right > (first as never) && left !== right);
});

Deno.test("close() waits for calls under way, then refuses new ones", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const put = saver.put(at("t"), checkpointOf("1"), LOOP, {});
  await saver.close();
  await put;
  for (
    const call of [
      () => saver.getTuple(at("t")),
      () => saver.getTuple({}),
      () => saver.list(at("t")).next(),
      () => saver.put(at("t"), checkpointOf("2"), LOOP, {}),
      () => saver.putWrites(at("t", "1"), [["a", 1]], "task"),
      () => saver.deleteThread("t"),
      () => saver.getDeltaChannelHistory({ config: at("t"), channels: ["a"] }),
      () => saver.setup(),
    ]
  ) await assertRejects(call, KustoClosedError, "closed");
  assertEquals((await lab.saver().getTuple(at("t")))?.checkpoint.id, "1");
});

Deno.test("list() filters on metadata, deeply, and on what is not narrowed by the service", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver({ searchKeys: ["user_id"] });
  const metas = [
    { source: "input", step: -1, parents: {}, tag: "a", deep: { x: [1] } },
    { source: "loop", step: 0, parents: {}, tag: null, when: "2024-01-01" },
    { source: "loop", step: 1, parents: {}, tag: "2024-01-01T00:00:00Z", deep: { x: [2] } },
  ] as const;
  let config = at("t");
  for (const [n, meta] of metas.entries()) {
    const id = uuid6(n);
    const run = { ...config, configurable: { ...config.configurable, user_id: `user ${n}` } };
    config = await saver.put(run, checkpointOf(id), meta as never, {}) as typeof config;
  }
  const steps = async (filter: Record<string, unknown>, options = {}) =>
    await Array.fromAsync(
      lab.saver().list(at("t"), { filter, ...options }),
      (tuple) => tuple.metadata?.step,
    );
  assertEquals(await steps({}), [1, 0, -1]);
  assertEquals(await steps({ source: "loop" }), [1, 0]);
  assertEquals(await steps({ source: "loop" }, { limit: 1 }), [1]);
  assertEquals(await steps({ step: -1 }), [-1]);
  assertEquals(await steps({ tag: null }), [0]);
  assertEquals(await steps({ tag: undefined }), [1, 0, -1]);
  assertEquals(await steps({ tag: "2024-01-01T00:00:00Z" }), [1]);
  assertEquals(await steps({ when: "2024-01-01" }), [0]);
  assertEquals(await steps({ deep: { x: [1] } }), [-1]);
  assertEquals(await steps({ deep: { x: [3] } }), []);
  assertEquals(await steps({ user_id: "user 1" }), [0]);
  assertEquals(await steps({ source: "loop" }, { limit: 0 }), []);
  assertEquals(await steps({ source: "loop" }, { limit: -1 }), []);
});

Deno.test("Metadata come back as they were put, nothing of the configuration with them", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver({ searchKeys: ["user_id"] });
  const meta = { ...LOOP, extra: { nested: [1, "2"], nul: "a\u0000b" } };
  const config = { configurable: { thread_id: "t", user_id: "u" }, metadata: { run_id: "r" } };
  await saver.put(config, checkpointOf("1"), meta, {});
  assertEquals((await lab.saver().getTuple(at("t")))?.metadata as unknown, meta);
});
