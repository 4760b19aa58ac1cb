import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type KustoError, KustoFlushError, type KustoSaver, type Logger } from "../../mod.ts";
import { at, checkpointOf, Lab, LOOP } from "../saver/kit.ts";
import { Recording } from "./recording.ts";

const soon = () => Promise.resolve();
const never = () => new Promise<void>(() => {});

function put(saver: KustoSaver, threadId = "t", id = "1", values = { a: 1 } as object) {
  return saver.put(at(threadId), checkpointOf(id, { ...values }), LOOP, { a: 1 });
}

Deno.test("a logger alone gets what is measured as fields of the line of each call", async () => {
  await using lab = await Lab.open();
  await using recording = new Recording();
  let now = Date.UTC(2026, 0, 1);
  const saver = lab.saver({ logger: recording.logger, now: () => now += 10, sleep: soon });
  await put(saver);
  const messages = recording.lines.map(({ message }) => message);
  assertEquals(messages, ["checkpoint.request", "checkpoint.request", "checkpoint.put"]);
  const [query, ingest, { level, fields }] = recording.lines as [Line, Line, Line];
  const { durationMs, bytesSent, bytesReceived, recentRowsBytes, ...rest } = fields;
  for (const amount of [durationMs, bytesSent, bytesReceived, recentRowsBytes]) {
    assert(typeof amount === "number" && amount > 0);
  }
  assertEquals([level, rest], ["debug", {
    threadId: "t",
    namespace: "",
    checkpointId: "1",
    requests: 2,
    retries: 0,
    throttles: 0,
    rowsSent: 1,
    clientRequestIds: [query.fields.clientRequestId, ingest.fields.clientRequestId],
    activityIds: [query.fields.activityId, ingest.fields.activityId],
    batchQueueSize: 0,
  }]);
  const { kind, table, rows, attempt, status, isThrottled } = ingest.fields;
  assertEquals([kind, table, rows, attempt, status, isThrottled], [
    "ingest",
    "Checkpoints",
    1,
    1,
    200,
    false,
  ]);
  assertEquals("table" in query.fields, false);
});

type Line = Recording["lines"][number];

Deno.test("calls that share a request all name it, and it is measured once", async () => {
  await using lab = await Lab.open();
  await using recording = new Recording();
  const saver = lab.saver(recording.options);
  const threadIds = ["t1", "t2", "t3"];
  // What a saver has not read it asks for first, and answers come when they come.
  for (const threadId of threadIds) await saver.getTuple(at(threadId));
  await Promise.all(threadIds.map((threadId) => put(saver, threadId)));
  const [ingest, ...others] = recording.linesOf("checkpoint.request")
    .filter(({ fields }) => fields.kind === "ingest");
  assertEquals([ingest!.fields.rows, others], [3, []]);
  const named = recording.linesOf("checkpoint.put")
    .map(({ fields }) => (fields.clientRequestIds as string[]).at(-1));
  assertEquals(named, Array(3).fill(ingest!.fields.clientRequestId));
  const spans = recording.spans("checkpoint.put").map(({ attributes }) => [
    attributes["checkpoint.thread_id"],
    (attributes["checkpoint.client_request_ids"] as string[]).at(-1),
  ]);
  assertEquals(spans, ["t1", "t2", "t3"].map((id) => [id, ingest!.fields.clientRequestId]));
  assertEquals(await recording.value("checkpoint.requests"), 4);
  assertEquals(await recording.value("checkpoint.rows_per_request"), 1);
  assertEquals(await recording.value("checkpoint.put.duration_seconds"), 3);
});

Deno.test("a blob's request is named by the call that stores it too", async () => {
  await using lab = await Lab.open();
  await using recording = new Recording();
  await put(lab.saver(recording.options), "t", "1", { a: "x".repeat(100_000) });
  const tables = recording.linesOf("checkpoint.request").map(({ fields }) => fields.table);
  assertEquals(tables, [undefined, "CheckpointBlobs", "Checkpoints"]);
  assertEquals(recording.linesOf("checkpoint.put")[0]!.fields.requests, 3);
});

Deno.test("calls of which there are few are told at a higher level", async () => {
  await using lab = await Lab.open();
  await using recording = new Recording();
  const saver = lab.saver(recording.options);
  await saver.setup();
  await put(saver);
  await saver.putWrites(at("t", "1"), [["a", 1]], "task");
  await saver.getTuple(at("t"));
  await Array.fromAsync(saver.list(at("t")));
  await saver.getDeltaChannelHistory({ config: at("t"), channels: ["a"] });
  await saver.deleteThread("t");
  await saver.purgeDeletedThreads();
  await saver.close();
  const told = recording.lines.filter(({ message }) => message !== "checkpoint.request")
    .map(({ level, message }) => `${level} ${message}`);
  assertEquals(told, [
    "info checkpoint.setup",
    "debug checkpoint.put",
    "debug checkpoint.put_writes",
    "debug checkpoint.get_tuple",
    "debug checkpoint.list",
    "debug checkpoint.get_delta_channel_history",
    "info checkpoint.delete_thread",
    "info checkpoint.purge",
    "debug checkpoint.flush",
  ]);
  assertEquals(recording.spans().map(({ name }) => name), told.map((line) => line.split(" ")[1]));
  for (const { name, attributes } of recording.spans()) {
    const ids = attributes["checkpoint.client_request_ids"] as string[];
    assert(name === "checkpoint.flush" || ids.length > 0, name);
  }
  const metrics = await recording.metrics();
  for (const { name } of recording.spans()) assert(metrics.has(`${name}.duration_seconds`), name);
});

Deno.test("throttled requests are warned of, and counted as such and as repeated", async () => {
  await using lab = await Lab.open();
  await using recording = new Recording();
  const saver = lab.saver({ ...recording.options, sleep: soon });
  lab.emulator.trouble.add({ kind: "throttle", on: "ingest", times: 2 });
  lab.emulator.trouble.add({ kind: "reset", on: "ingest", times: 1 });
  await put(saver);
  const warned = recording.lines.filter(({ level }) => level === "warn").map(({ fields }) => [
    fields.attempt,
    fields.status,
    fields.isThrottled,
  ]);
  assertEquals(warned, [[1, undefined, false], [2, 429, true], [3, 429, true]]);
  const [{ fields }] = recording.linesOf("checkpoint.put") as [Line];
  assertEquals([fields.requests, fields.retries, fields.throttles], [5, 3, 2]);
  assertEquals(await recording.value("checkpoint.retries"), 3);
  assertEquals(await recording.value("checkpoint.throttles"), 2);
  const points = (await recording.metrics()).get("checkpoint.requests")!.dataPoints;
  const kind = (kind: string) => ({ "checkpoint.request_kind": kind });
  assertEquals(points.map(({ attributes, value }) => [attributes, value]), [
    [{ ...kind("query"), "http.response.status_code": 200 }, 1],
    [kind("ingest"), 1],
    [{ ...kind("ingest"), "http.response.status_code": 429 }, 2],
    [{ ...kind("ingest"), "http.response.status_code": 200 }, 1],
  ]);
});

Deno.test("a call that fails is told with its code and message, in the log, the span and the histogram", async () => {
  await using lab = await Lab.open();
  await using recording = new Recording();
  const saver = lab.saver({ ...recording.options, maxRetries: 0 });
  lab.emulator.trouble.add({ kind: "serviceError", on: "ingest", times: 1 });
  const error = await assertRejects(() => put(saver)) as KustoError;
  const [{ level, fields }] = recording.linesOf("checkpoint.put") as [Line];
  assertEquals([level, fields.code, fields.error], ["error", "UNAVAILABLE", error.message]);
  const [span] = recording.spans("checkpoint.put");
  assertEquals(span!.status, { code: 2, message: error.message });
  assertEquals(span!.attributes["error.type"], "UNAVAILABLE");
  assertEquals(span!.events.map(({ attributes }) => attributes), [{
    "exception.type": "KustoUnavailableError",
    "exception.message": error.message,
  }]);
  const ids = span!.attributes["checkpoint.client_request_ids"] as string[];
  assertEquals(ids.at(-1), error.clientRequestId);
  const { dataPoints } = (await recording.metrics()).get("checkpoint.put.duration_seconds")!;
  assertEquals(dataPoints.map(({ attributes }) => attributes), [{ "error.type": "UNAVAILABLE" }]);
});

Deno.test("of errors that are not this library's nothing is told but that there was one", async () => {
  await using lab = await Lab.open();
  await using recording = new Recording();
  const saver = lab.saver(recording.options);
  const threadIds = ["t"];
  const onProgress = () => {
    throw new TypeError("hunter2 is no progress", { cause: "hunter2" });
  };
  const prune = () => saver.prune({ threadIds, strategy: "keep_latest", onProgress });
  await assertRejects(prune, TypeError, "hunter2");
  const [{ level, fields }] = recording.linesOf("checkpoint.prune") as [Line];
  assertEquals([level, fields.code], ["error", "OTHER"]);
  const [span] = recording.spans("checkpoint.prune");
  assertEquals([span!.status.code, span!.attributes["error.type"]], [2, "OTHER"]);
  assert(!JSON.stringify([fields, span!.status, span!.events]).includes("hunter2"));
});

Deno.test("a read that its caller gives up is no error in the log", async () => {
  await using lab = await Lab.open();
  await using recording = new Recording();
  const aborted = { ...at("t"), signal: AbortSignal.abort(new Error("hunter2")) };
  await assertRejects(() => lab.saver(recording.options).getTuple(aborted), Error, "hunter2");
  const [{ level, fields }] = recording.linesOf("checkpoint.get_tuple") as [Line];
  assertEquals([level, fields.code], ["info", "ABORTED"]);
  assert(!JSON.stringify(fields).includes("hunter2"));
});

Deno.test("buffered rows are told of by the flush that stores them, and by a line when they fail", async () => {
  await using lab = await Lab.open();
  await using recording = new Recording();
  // Retries of rows wait for the next flush.
  const saver = lab.saver({
    ...recording.options,
    durability: "buffered",
    maxRetries: 0,
    sleep: (ms) => ms === 0 ? soon() : never(),
  });
  await saver.getTuple(at("t"));
  lab.emulator.trouble.add({ kind: "reset", on: "ingest", times: 1 });
  await put(saver);
  await saver.put(at("t", "1"), checkpointOf("2"), LOOP, {});
  assertEquals(recording.linesOf("checkpoint.put").map(({ fields }) => fields.requests), [0, 0]);
  assertEquals(recording.linesOf("checkpoint.put")[1]!.fields.batchQueueSize, 2);
  assertEquals(await recording.value("checkpoint.batch_queue_size"), 2);
  await assertRejects(() => saver.flush(), KustoFlushError);
  const unstored = recording.linesOf("checkpoint.unstored");
  assertEquals(unstored.map(({ level, fields }) => [level, fields.code, fields.batchQueueSize]), [
    ["error", "UNAVAILABLE", 2],
  ]);
  await saver.flush();
  assertEquals(await recording.value("checkpoint.batch_queue_size"), 0);
  const flushes = recording.linesOf("checkpoint.flush").map(({ level, fields }) => [
    level,
    fields.code,
    fields.rowsSent,
    (fields.clientRequestIds as string[]).length,
  ]);
  assertEquals(flushes, [["error", "ROWS_UNSTORED", 2, 1], ["debug", undefined, 2, 1]]);
});

Deno.test("a list is one call for each page, and what its consumer does in between is none of it", async () => {
  await using lab = await Lab.open();
  await using recording = new Recording();
  const writer = lab.saver();
  for (let n = 10; n < 35; n++) await put(writer, "t", String(n));
  let now = Date.UTC(2026, 0, 1);
  const saver = lab.saver({ ...recording.options, now: () => now });
  let listed = 0;
  for await (const _ of saver.list(at("t"))) {
    listed++;
    now += 60_000;
  }
  assertEquals(listed, 25);
  const lines = recording.linesOf("checkpoint.list").map(({ fields }) => [
    fields.requests,
    fields.durationMs,
  ]);
  assertEquals(lines, [[1, 0], [1, 0]]);
  assertEquals(recording.spans("checkpoint.list").length, 2);
});

Deno.test("a call that makes another one names the requests of both", async () => {
  await using lab = await Lab.open();
  await using recording = new Recording();
  const saver = lab.saver(recording.options);
  await put(saver);
  lab.requests();
  await saver.prune({ olderThan: 0, strategy: "keep_latest" });
  const [{ fields: pruned }] = recording.linesOf("checkpoint.prune") as [Line];
  const [{ fields: listed }] = recording.linesOf("checkpoint.list_threads") as [Line];
  assertEquals(pruned.requests, lab.requests().length);
  const [id] = listed.clientRequestIds as string[];
  assert((pruned.clientRequestIds as string[]).includes(id!));
});

Deno.test("requests are made within the span of their call", async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  try {
    await using lab = await Lab.open();
    await using recording = new Recording();
    const within: (string | undefined)[] = [];
    const saver = lab.saver({
      ...recording.options,
      fetch: (input, init) => {
        within.push(trace.getActiveSpan()?.spanContext().spanId);
        return lab.emulator.fetch(input, init);
      },
    });
    await saver.getTuple(at("t"));
    await put(saver);
    const [read, written] = recording.spans().map((span) => span.spanContext().spanId);
    assertEquals(within, [read, written]);
  } finally {
    context.disable();
  }
});

Deno.test("a call begins at once, whoever watches: what its caller changes then is not stored", async () => {
  await using lab = await Lab.open();
  await using recording = new Recording();
  for (const options of [{ logger: recording.logger }, recording.options]) {
    const checkpoint = checkpointOf("1", { a: "then" });
    const call = lab.saver(options).put(at("t"), checkpoint, LOOP, { a: 1 });
    checkpoint.channel_values.a = "later";
    await call;
    const found = await lab.saver().getTuple(at("t"));
    assertEquals(found?.checkpoint.channel_values, { a: "then" });
  }
});

Deno.test("a clock that is set back gives no negative time", async () => {
  await using lab = await Lab.open();
  await using recording = new Recording();
  let now = Date.UTC(2026, 0, 1);
  const saver = lab.saver({
    ...recording.options,
    now: () => now,
    fetch: (input, init) => {
      now -= 10;
      return lab.emulator.fetch(input, init);
    },
  });
  await put(saver);
  for (const { message, fields } of recording.lines) assertEquals(fields.durationMs, 0, message);
});

Deno.test("of a call with many requests the last 20 are named, and all are counted", async () => {
  await using lab = await Lab.open();
  await using recording = new Recording();
  await lab.saver(recording.options).setup();
  const [{ fields }] = recording.linesOf("checkpoint.setup") as [Line];
  const ids = recording.linesOf("checkpoint.request").map(({ fields }) => fields.clientRequestId);
  assert(ids.length > 20);
  assertEquals([fields.requests, fields.clientRequestIds], [ids.length, ids.slice(-20)]);
});

const fail = () => {
  throw new Error("watcher");
};
const failLater = () => Promise.reject(new Error("watcher"));
const failing: Logger = { debug: fail, info: fail, warn: fail, error: fail };

/** Watchers at their worst. */
const HOSTILE: Record<string, object> = {
  "a logger that throws": { logger: failing },
  "a logger that rejects": {
    logger: { debug: failLater, info: failLater, warn: failLater, error: failLater },
  },
  "a logger that changes what it is given": {
    logger: Object.fromEntries(
      ["debug", "info", "warn", "error"].map((level) => [level, (_: string, fields: object) => {
        for (const value of Object.values(fields)) if (Array.isArray(value)) value.length = 0;
        for (const name of Object.keys(fields)) Reflect.set(fields, name, undefined);
      }]),
    ),
  },
  "a meter that makes no instruments": {
    meter: { createHistogram: fail, createCounter: fail, createObservableGauge: fail },
  },
  "a meter whose instruments are nothing": {
    meter: { createHistogram() {}, createCounter() {}, createObservableGauge() {} },
  },
  "a meter whose instruments throw": {
    meter: {
      createHistogram: () => ({ record: fail }),
      createCounter: () => ({ add: failLater }),
      createObservableGauge: () => ({ addCallback: fail }),
    },
  },
  "a tracer that throws": { tracer: { startActiveSpan: fail } },
  "a tracer that rejects": { tracer: { startActiveSpan: failLater } },
  "a tracer that does nothing": { tracer: { startActiveSpan() {} } },
  "a tracer that begins late": {
    tracer: {
      startActiveSpan: async (_: string, __: object, run: (span: object) => unknown) => {
        await soon();
        return run({});
      },
    },
  },
  "a tracer that throws afterwards": {
    tracer: {
      startActiveSpan: (_: string, __: object, run: (span: object) => unknown) => {
        run({ setAttributes: fail, setStatus: fail, recordException: fail, end: fail });
        throw new Error("watcher");
      },
    },
  },
  "a tracer that begins twice": {
    tracer: {
      startActiveSpan: (_: string, __: object, run: (span: object) => unknown) => [
        run({ setAttributes() {}, setStatus() {}, recordException: fail, end: failLater }),
        run({}),
      ],
    },
  },
  "a tracer whose span is nothing": {
    tracer: {
      startActiveSpan: (_: string, __: object, run: (span: undefined) => unknown) => run(undefined),
    },
  },
};

/** What a caller sees of calls that go well and of some that fail. */
async function outcomes(options: object): Promise<unknown[]> {
  await using lab = await Lab.open();
  const saver = lab.saver({ random: () => 0.5, maxRetries: 0, ...options });
  const seen: unknown[] = [];
  const see = async (call: () => Promise<unknown>) =>
    seen.push(await call().catch((error) => [error.name, error.code, error.status]));
  await see(async () => (await saver.setup()).ready);
  await see(() => put(saver));
  await see(() => saver.putWrites(at("t", "1"), [["a", 2]], "task"));
  await see(() => saver.getTuple(at("t")));
  await see(() => Array.fromAsync(saver.list(at("t"))));
  lab.emulator.trouble.add({ kind: "serviceError", times: 2 });
  await see(() => put(saver, "t", "2"));
  await see(() => saver.getTuple(at("t")));
  await see(() => saver.deleteThread("t"));
  await see(() => saver.getTuple(at("t")));
  await see(() => saver.close());
  await see(() => put(saver));
  seen.push(lab.requests());
  return seen;
}

for (const [who, options] of Object.entries(HOSTILE)) {
  Deno.test(`${who} changes nothing`, async () => {
    assertEquals(await outcomes(options), await outcomes({}));
  });
}
