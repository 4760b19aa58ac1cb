// An agent's run and all kinds of trouble, watched: everything is told, and nothing that was stored.
import {
  Annotation,
  Command,
  END,
  interrupt,
  MemorySaver,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { assert, assertEquals } from "@std/assert";
import { KustoError, KustoSaver, type KustoSaverOptions } from "../../mod.ts";
import { KustoEmulator } from "../../src/emulator/mod.ts";
import { refusal } from "../client_kit.ts";
import { at, checkpointOf, LOOP } from "../saver/kit.ts";
import { Recording } from "./recording.ts";

const SECRET = "hunter2";
const TOKEN = `${SECRET}-token`;

/** Text that must not be told, of any length. */
function secret(kind: string, length = 0): string {
  return `${SECRET} ${kind} ${"x".repeat(length)}`;
}

const State = Annotation.Root({
  log: Annotation<string[]>({ reducer: (a, b) => a.concat(b), default: () => [] }),
  document: Annotation<string>,
  answer: Annotation<unknown>,
});

/** A run that fails and is tried again, asks within a subgraph, and fails for good where it is told to. */
function agent(checkpointer: KustoSaver | MemorySaver) {
  let attempts = 0;
  const subgraph = new StateGraph(State)
    .addNode("ask", () => ({ answer: interrupt({ question: secret("question") }) }))
    .addEdge(START, "ask")
    .addEdge("ask", END)
    .compile();
  return new StateGraph(State)
    .addNode("read", () => {
      if (++attempts === 1) throw new Error(secret("error of a node"));
      return { log: [secret("log")], document: secret("document", 100_000) };
    }, { retryPolicy: { maxAttempts: 2, initialInterval: 1, logWarning: false } })
    .addNode("subgraph", subgraph)
    .addNode("end", ({ answer }) => {
      if (answer === secret("give up")) throw new Error(secret("error of the last node"));
      return { log: [secret("end")] };
    })
    .addEdge(START, "read")
    .addEdge("read", "subgraph")
    .addEdge("subgraph", "end")
    .addEdge("end", END)
    .compile({ checkpointer });
}

/** Takes a graph through its runs; what can be seen of it. */
async function converse(graph: ReturnType<typeof agent>): Promise<unknown> {
  const seen: unknown[] = [];
  for (const answer of [secret("go on"), secret("give up")]) {
    const config = {
      configurable: { thread_id: `thread of ${answer.length}`, user_id: secret("user") },
      metadata: { purpose: secret("purpose") },
    };
    await graph.invoke({ log: [secret("input")] }, config);
    const command = new Command<unknown, Record<string, never>, never>({ resume: answer });
    const outcome = await graph.invoke(command, config).catch((error) => String(error));
    seen.push(outcome, (await graph.getState(config, { subgraphs: true })).values);
    const past = await Array.fromAsync(
      graph.getStateHistory(config, { filter: { purpose: secret("purpose") } }),
    );
    seen.push(past.map(({ values, metadata }) => [values, metadata?.source]));
  }
  return seen;
}

/** An embedded Kusto that asks for a token, and savers on it. */
class Place implements AsyncDisposable {
  readonly emulator = new KustoEmulator({ tokens: { [TOKEN]: ["admin"] } });
  readonly recording = new Recording();
  readonly #savers: KustoSaver[] = [];

  saver(options: Partial<KustoSaverOptions> = {}): KustoSaver {
    const saver = new KustoSaver({
      connection: "https://agents.kusto.windows.net",
      database: this.emulator.database,
      credential: () => Promise.resolve(TOKEN),
      searchKeys: ["user_id"],
      fetch: this.emulator.fetch,
      sleep: () => Promise.resolve(),
      ...this.recording.options,
      ...options,
    });
    this.#savers.push(saver);
    return saver;
  }

  /** Runs a management command. */
  async command(csl: string): Promise<void> {
    const answer = await this.emulator.fetch("https://agents.kusto.windows.net/v1/rest/mgmt", {
      method: "POST",
      headers: { Authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify({ db: this.emulator.database, csl }),
    });
    assertEquals(answer.status, 200, await answer.text());
  }

  /** All that was told, as text. */
  async told(): Promise<string> {
    const { recording } = this;
    const spans = recording.spans().map(({ name, attributes, events, status, links, resource }) => {
      return { name, attributes, events, status, links, resource: resource.attributes };
    });
    const all = { lines: recording.lines, spans, metrics: [...await recording.metrics()] };
    return Deno.inspect(all, {
      depth: 100,
      iterableLimit: Infinity,
      strAbbreviateSize: Infinity,
      showHidden: true,
      getters: true,
    }) + JSON.stringify(all);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#savers.map((saver) => saver.close()));
    await this.emulator.close();
    await this.recording[Symbol.asyncDispose]();
  }
}

function assertTellsNothing(told: string): void {
  const at = told.indexOf(SECRET);
  assert(at < 0, `A secret is told: ${told.slice(Math.max(0, at - 200), at + 200)}`);
  for (const query of ["declare query_parameters", "let thread", "| where", ".ingest inline"]) {
    assert(!told.includes(query), `A query is told: ${query}`);
  }
}

/** What each instrument may say of a value, and all that there is to say. */
const ATTRIBUTES: Record<string, RegExp> = {
  "error.type": /^[A-Z_]+$/,
  "checkpoint.request_kind": /^(query|command|ingest)$/,
  "checkpoint.table": /^(Checkpoint(s|Writes|Blobs|Deletions)|ThreadDeletions)$/,
  "http.response.status_code": /^[1-5]\d\d$/,
};

Deno.test("an agent's run through trouble is told in full, and no value of its state is", async () => {
  await using place = new Place();
  const { emulator, recording } = place;
  const saver = place.saver();
  await saver.setup({ provision: true });
  emulator.trouble.add({ kind: "throttle", times: 1 });
  emulator.trouble.add({ kind: "serviceError", on: "query", times: 1 });
  emulator.trouble.add({ kind: "lostReply", on: "ingest", times: 1 });
  emulator.trouble.add({ kind: "expiredToken", on: "ingest", times: 1 });
  const seen = await converse(agent(saver));
  const wanted = await converse(agent(new MemorySaver()));
  assertEquals(JSON.stringify(seen), JSON.stringify(wanted));
  assert(JSON.stringify(seen).includes(secret("document", 100_000)));
  await saver.getDeltaChannelHistory({
    config: at(`thread of ${secret("go on").length}`),
    channels: ["log"],
  });
  const threadIds = [`thread of ${secret("give up").length}`];
  await saver.copyFrom(new MemorySaver(), ["thread of nobody"]);
  await saver.copyThread(`thread of ${secret("go on").length}`, "copy");
  await saver.prune({ threadIds, strategy: "keep_latest" });
  await saver.deleteForRuns(["run"]);
  await Array.fromAsync(saver.listThreads());
  await saver.deleteThread(`thread of ${secret("go on").length}`);
  await saver.purgeDeletedThreads({ minimumAgeMs: 0 });
  await saver.flush();

  const told = await place.told();
  assertTellsNothing(told);
  const calls = [
    "copy_from",
    "copy_thread",
    "delete_for_runs",
    "delete_thread",
    "flush",
    "get_delta_channel_history",
    "get_tuple",
    "list",
    "list_threads",
    "prune",
    "purge",
    "put",
    "put_writes",
    "setup",
  ].map((name) => `checkpoint.${name}`);
  const names = [...new Set(recording.spans().map(({ name }) => name))];
  assertEquals(names.sort(), calls);
  const metrics = await recording.metrics();
  assertEquals(
    [...metrics.keys()].sort(),
    [
      "checkpoint.batch_queue_size",
      "checkpoint.bytes_sent",
      "checkpoint.recent_rows_bytes",
      "checkpoint.requests",
      "checkpoint.retries",
      "checkpoint.rows_per_request",
      "checkpoint.throttles",
      ...calls.map((name) => `${name}.duration_seconds`),
    ].sort(),
  );
  for (const [name, { dataPoints }] of metrics) {
    for (const { attributes } of dataPoints) {
      for (const [key, value] of Object.entries(attributes)) {
        assert(ATTRIBUTES[key]?.test(String(value)), `${name}: ${key} ${value}`);
      }
    }
  }
  // What is told is all there is: nothing of it is missing in the one or the other.
  const requests = recording.linesOf("checkpoint.request");
  assertEquals(await recording.value("checkpoint.requests"), requests.length);
  assertEquals(requests.length, emulator.requests.records.length);
  const sent = requests.reduce((sum, { fields }) => sum + (fields.bytesSent as number), 0);
  assertEquals(await recording.value("checkpoint.bytes_sent"), sent);
  assert(await recording.value("checkpoint.retries") >= 4);
  const threads = recording.linesOf("checkpoint.put").map(({ fields }) => fields.threadId);
  assert(threads.every((id) => String(id).startsWith("thread of ")));
  const [copied] = recording.linesOf("checkpoint.copy_thread");
  assert((copied!.fields.rowsSent as number) > 2);
});

function putSecret(saver: KustoSaver): Promise<unknown> {
  const checkpoint = checkpointOf("1", { a: secret("value", 100_000), b: secret("small") });
  const metadata = { ...LOOP, purpose: secret("purpose") };
  return saver.put(at("thread of a failure"), checkpoint, metadata, { a: 1, b: 1 });
}

/** A saver whose cluster gives one answer to all that it is sent. */
function answered(place: Place, answer: () => Response | Error): KustoSaver {
  return place.saver({
    fetch: () => {
      const given = answer();
      return given instanceof Error ? Promise.reject(given) : Promise.resolve(given);
    },
  });
}

const said = { code: "General_BadRequest", message: secret("what the service says") };

/** Ways to fail with secrets at hand, and the codes that they are told by. */
const FAILURES: [title: string, code: string, fail: (place: Place) => Promise<unknown>][] = [
  ["a cluster that is down", "UNAVAILABLE", (place) => {
    place.emulator.trouble.add({ kind: "reset" });
    return putSecret(place.saver());
  }],
  [
    "a fetch that tells what it sent",
    "UNAVAILABLE",
    (place) => putSecret(answered(place, () => new TypeError(secret("fetch")))),
  ],
  [
    "a service that quotes what it refuses",
    "REQUEST_REFUSED",
    (place) => putSecret(answered(place, () => refusal(400, said))),
  ],
  [
    "a service that quotes what is forbidden",
    "PERMISSION_REFUSED",
    (place) => putSecret(answered(place, () => refusal(403, said))),
  ],
  [
    "a service that fails and says why",
    "UNAVAILABLE",
    (place) => putSecret(answered(place, () => refusal(503, said))),
  ],
  [
    "an answer that is no answer",
    "PROTOCOL_BROKEN",
    (place) => putSecret(answered(place, () => Response.json({ value: secret("answer") }))),
  ],
  [
    "an answer that leads elsewhere",
    "PROTOCOL_BROKEN",
    (place) =>
      putSecret(
        answered(place, () =>
          new Response(null, { status: 307, headers: { Location: `https://x/?${SECRET}` } })),
      ),
  ],
  ["a credential that tells of itself", "SIGN_IN_FAILED", (place) => {
    const credential = () => Promise.reject(new Error(secret("credential")));
    return putSecret(place.saver({ credential }));
  }],
  ["a token that is refused", "SIGN_IN_FAILED", (place) => {
    let tokens = 0;
    return putSecret(place.saver({ credential: () => Promise.resolve(`${TOKEN}-${++tokens}`) }));
  }],
  ["a serializer that quotes what it cannot write", "BAD_INPUT", (place) => {
    const fail = (value: unknown) => Promise.reject(new TypeError(JSON.stringify(value)));
    return putSecret(place.saver({ serde: { dumpsTyped: fail, loadsTyped: fail } }));
  }],
  ["a caller that gives up and says why", "ABORTED", (place) => {
    const signal = AbortSignal.abort(new Error(secret("reason")));
    return place.saver().getTuple({ ...at("thread of a failure"), signal });
  }],
  ["a database without tables", "SCHEMA_INCOMPLETE", (place) => putSecret(place.saver())],
  [
    "a database without tables, as set-up sees it",
    "SCHEMA_INCOMPLETE",
    (place) => place.saver().setup(),
  ],
  ["a value whose blob is gone", "STATE_INCOMPLETE", async (place) => {
    const saver = place.saver();
    await saver.setup({ provision: true });
    await putSecret(saver);
    await place.command(".clear table CheckpointBlobs data");
    let now = Date.now();
    return await place.saver({ now: () => now += 1_000 }).getTuple(at("thread of a failure"));
  }],
  ["a deletion that is not seen", "UNAVAILABLE", async (place) => {
    const saver = place.saver({ deleteTimeoutMs: 1 });
    await saver.setup({ provision: true });
    await putSecret(saver);
    place.emulator.trouble.set({ visibilityDelayMs: 3_600_000 });
    return await saver.deleteThread("thread of a failure");
  }],
  ["rows that are queued", "ROWS_UNSTORED", async (place) => {
    const saver = place.saver({
      durability: "buffered",
      sleep: (ms) => ms === 0 ? Promise.resolve() : new Promise(() => {}),
      maxRetries: 0,
    });
    await saver.setup({ provision: true });
    await putSecret(saver);
    place.emulator.trouble.add({ kind: "reset", on: "ingest", times: 1 });
    return await saver.flush();
  }],
];

for (const [title, code, fail] of FAILURES) {
  Deno.test(`${title} is told as ${code}, and no secret with it`, async () => {
    await using place = new Place();
    const error = await fail(place).then(() => undefined, (error) => error);
    if (code !== "OTHER" && code !== "ABORTED") assertEquals((error as KustoError).code, code);
    assertTellsNothing(await place.told());
    const { recording } = place;
    const failed = recording.lines.filter(({ fields }) => fields.code !== undefined);
    assertEquals(failed.at(-1)!.fields.code, code);
    const span = recording.spans().find(({ status }) => status.code === 2)!;
    assertEquals(span.attributes["error.type"], code);
    assertEquals(failed.at(-1)!.message, span.name);
    if (error instanceof KustoError) {
      assertEquals(failed.at(-1)!.fields.error, error.message);
      assertEquals(span.events[0]!.attributes!["exception.message"], error.message);
    }
    const types = (await recording.metrics()).get(`${span.name}.duration_seconds`)!.dataPoints
      .map(({ attributes }) => attributes["error.type"]);
    assert(types.includes(code));
  });
}
