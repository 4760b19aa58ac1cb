import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import type { RequestReport, TransportRequest } from "../src/service/attempt.ts";
import { KustoProtocolError, KustoSignInError, KustoUnavailableError } from "../src/errors.ts";
import { readQueryAnswer } from "../src/service/frames.ts";
import { Transport } from "../src/service/transport.ts";
import {
  commandAnswer,
  json,
  queryAnswer,
  refusal,
  type Scripted,
  ScriptedCluster,
  silence,
  throttled,
} from "./client_kit.ts";

const BODY = new TextEncoder().encode('{"csl":"print n=1"}');

function request(rest: Partial<TransportRequest> = {}): TransportRequest {
  return {
    kind: "query",
    action: "run a query",
    path: "/v2/rest/query",
    body: BODY,
    read: readQueryAnswer,
    timeoutMs: 30_000,
    ...rest,
  };
}

function send(cluster: ScriptedCluster, rest: Partial<TransportRequest> = {}) {
  return new Transport(cluster.settings).send(request(rest));
}

const unreachable = new TypeError("error sending request: connection refused");

Deno.test("send() posts the body with the headers that the service wants", async () => {
  const cluster = new ScriptedCluster([queryAnswer()]);
  await send(cluster);
  const [asked] = cluster.asked;
  assert(asked);
  assertEquals([asked.method, asked.url], ["POST", "http://localhost:8080/v2/rest/query"]);
  assertEquals(asked.bytes, BODY);
  assertEquals(asked.redirect, "manual");
  assertEquals(asked.headers.get("accept"), "application/json");
  assertEquals(asked.headers.get("content-type"), "application/json; charset=utf-8");
  assertEquals(asked.headers.get("x-ms-app"), "kusto-checkpoint");
  assertMatch(asked.headers.get("x-ms-client-request-id")!, /^KSC\.query;[0-9a-f-]{36}$/);
  assertEquals(asked.headers.get("authorization"), null);
});

Deno.test("send() gives the tables with the ids of the last attempt", async () => {
  const cluster = new ScriptedCluster([throttled(), queryAnswer(7)]);
  const reply = await send(cluster);
  assertEquals(reply.tables?.map(({ rows }) => rows), [[[7]]]);
  assertEquals([reply.status, reply.attempts], [200, 2]);
  assertEquals(reply.clientRequestId, cluster.asked[1]!.headers.get("x-ms-client-request-id"));
  assertEquals(reply.activityId, "11111111-2222-3333-4444-555555555555");
});

Deno.test("send() gives each attempt an id of its own", async () => {
  const cluster = new ScriptedCluster([throttled(), throttled(), queryAnswer()]);
  await send(cluster);
  const ids = cluster.asked.map(({ headers }) => headers.get("x-ms-client-request-id"));
  assertEquals(new Set(ids).size, 3);
});

const PASSING: [title: string, answer: () => Scripted][] = [
  ["is throttled (429)", () => throttled()],
  ["meets a broken gateway (502, HTML)", () => new Response("<html>", { status: 502 })],
  ["meets an unavailable service (503)", () => new Response("", { status: 503 })],
  ["meets a service error (520)", () => refusal(520, { code: "ServiceError", permanent: false })],
  ["times out in the service (504)", () => refusal(504, { code: "Timeout", permanent: false })],
  ["meets a bad request that may pass", () => refusal(400, { code: "X", permanent: false })],
  ["cannot reach the cluster", () => unreachable],
  ["gets half an answer", () => new Response('[{"FrameType":"DataSetHeader"},{"Fra')],
  ["gets an empty answer", () => new Response("")],
  ["gets an answer without its last frame", () => json([{ FrameType: "DataSetHeader" }])],
  [
    "gets an answer whose body breaks off",
    () =>
      new Response(
        new ReadableStream({ pull: (controller) => controller.error(new TypeError("reset")) }),
      ),
  ],
  [
    "gets a result that failed for the moment",
    () =>
      json([{
        FrameType: "DataSetCompletion",
        HasErrors: true,
        Cancelled: false,
        OneApiErrors: [{ error: { code: "NodeLost", "@permanent": false } }],
      }]),
  ],
];

for (const [title, answer] of PASSING) {
  Deno.test(`send() tries again when it ${title}`, async () => {
    const cluster = new ScriptedCluster([answer(), queryAnswer(7)]);
    const reply = await send(cluster);
    assertEquals(reply.tables?.[0]?.rows, [[7]]);
    assertEquals([reply.attempts, cluster.waits], [2, [1_000]]);
  });
}

const FINAL: [title: string, answer: () => Response, code: string | undefined][] = [
  [
    "a refused query (400)",
    () => refusal(400, { code: "General_BadRequest" }),
    "General_BadRequest",
  ],
  [
    "a refused right (403)",
    () => refusal(403, { code: "Forbidden", permanent: false }),
    "Forbidden",
  ],
  ["something not found, without a word (404)", () => new Response("", { status: 404 }), undefined],
  [
    "a result that is too large, though that says it may pass",
    () =>
      json([{
        FrameType: "DataSetCompletion",
        HasErrors: true,
        OneApiErrors: [{ error: { code: "LimitsExceeded", "@permanent": false } }],
      }]),
    "LimitsExceeded",
  ],
];

for (const [title, answer, code] of FINAL) {
  Deno.test(`send() gives back ${title} after one attempt`, async () => {
    const cluster = new ScriptedCluster([answer()]);
    const reply = await send(cluster);
    assertEquals([reply.tables, reply.failure?.code], [undefined, code]);
    assertEquals([reply.attempts, cluster.waits], [1, []]);
  });
}

Deno.test("send() waits exponentially, and gives up after maxRetries", async () => {
  const cluster = new ScriptedCluster([1, 2, 3, 4].map(() => throttled()));
  const error = await assertRejects(() => send(cluster), KustoUnavailableError);
  assertEquals(cluster.waits, [1_000, 2_000, 4_000]);
  assertMatch(
    error.message,
    /^Cannot run a query: the cluster answered 429 to all 4 attempts \(request KSC\.query;[\w-]+\)/,
  );
  assertEquals(
    [error.status, error.serviceCode, error.permanent, error.attempts, error.activityId],
    [429, "TooManyRequests", false, 4, "11111111-2222-3333-4444-555555555555"],
  );
});

Deno.test("send() spreads its waits by chance", async () => {
  const parts = [0.5, 0, 0.25];
  const cluster = new ScriptedCluster([unreachable, unreachable, unreachable, queryAnswer()], {
    random: () => parts.shift()!,
  });
  await send(cluster);
  assertEquals(cluster.waits, [500, 0, 1_000]);
});

Deno.test("send() does not try again with maxRetries 0", async () => {
  const cluster = new ScriptedCluster([unreachable], { maxRetries: 0 });
  const error = await assertRejects(() => send(cluster), KustoUnavailableError, "the only attempt");
  assertEquals([error.attempts, error.cause], [1, unreachable]);
});

Deno.test("send() with maxRetries Infinity goes on until the deadline", async () => {
  const cluster = new ScriptedCluster(Array.from({ length: 50 }, () => unreachable), {
    maxRetries: Infinity,
    deadlineMs: 100_000,
  });
  const error = await assertRejects(() => send(cluster), KustoUnavailableError);
  // The fifth failure shuts the gate, whose pauses begin anew and end at 10 seconds.
  const shut = [1_000, 2_000, 4_000, 8_000, ...Array(6).fill(10_000)];
  assertEquals(cluster.waits, [1_000, 2_000, 4_000, 8_000, ...shut]);
  assertEquals(error.attempts, cluster.waits.length + 1);
});

Deno.test("send() names what went wrong last when attempts failed in different ways", async () => {
  const cluster = new ScriptedCluster([throttled(), unreachable], { maxRetries: 1 });
  const { message } = await assertRejects(() => send(cluster), KustoUnavailableError);
  assertMatch(message, /could not be reached in the last of 2 attempts/);
});

Deno.test("send() waits as long as Retry-After says", async () => {
  const cluster = new ScriptedCluster([throttled({ "Retry-After": "7" }), queryAnswer()]);
  await send(cluster);
  assertEquals(cluster.waits, [7_000]);
});

Deno.test("send() fails at once when Retry-After is beyond the deadline", async () => {
  const cluster = new ScriptedCluster([throttled({ "Retry-After": "30" })]);
  const error = await assertRejects(() => send(cluster), KustoUnavailableError);
  assertEquals([cluster.waits, error.attempts, error.retryAfterMs], [[], 1, 30_000]);
});

Deno.test("send() keeps to deadlineMs also when a request alone may take longer", async () => {
  const cluster = new ScriptedCluster([throttled({ "Retry-After": "6" })], { deadlineMs: 5_000 });
  await assertRejects(() => send(cluster), KustoUnavailableError);
  assertEquals(cluster.waits, []);
});

Deno.test("send() lets a call that is given more time than others use it", async () => {
  const cluster = new ScriptedCluster([throttled({ "Retry-After": "60" }), queryAnswer()]);
  await send(cluster, { timeoutMs: 90_000 });
  assertEquals(cluster.waits, [60_000]);
});

const OVERDUE: [title: string, answer: Scripted][] = [
  ["no answer comes", silence],
  ["no answer comes and fetch heeds no signal", () => new Promise(() => {})],
  ["the body does not end", () => new Response(new ReadableStream({}))],
];

for (const [title, answer] of OVERDUE) {
  Deno.test(`send() ends after its time when ${title}`, async () => {
    const cluster = new ScriptedCluster([answer], { maxRetries: 0 });
    const error = await assertRejects(
      () => send(cluster, { timeoutMs: 5 }),
      KustoUnavailableError,
      "gave no answer in time to the only attempt",
    );
    assertInstanceOf(error.cause, DOMException);
  });
}

Deno.test("send() ends after its time when the credential gives no token", async () => {
  const cluster = new ScriptedCluster([], {
    credential: () => new Promise(() => {}),
    maxRetries: 0,
  });
  await assertRejects(() => send(cluster, { timeoutMs: 5 }), KustoUnavailableError);
  assertEquals(cluster.asked, []);
});

Deno.test("send() sends nothing when its signal is aborted already", async () => {
  const cluster = new ScriptedCluster([]);
  const reason = new Error("enough");
  const error = await assertRejects(() => send(cluster, { signal: AbortSignal.abort(reason) }));
  assertEquals([error, cluster.asked], [reason, []]);
});

Deno.test("send() is given up while it waits for the answer", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const cluster = new ScriptedCluster([(asked) => {
    queueMicrotask(() => controller.abort(reason));
    return silence(asked);
  }]);
  const error = await assertRejects(() => send(cluster, { signal: controller.signal }));
  assertEquals([error, cluster.asked.length], [reason, 1]);
  assert(cluster.asked[0]!.signal?.aborted);
});

Deno.test("send() is given up while it waits for the credential", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const cluster = new ScriptedCluster([], {
    credential: () => {
      controller.abort(reason);
      return Promise.resolve("token");
    },
  });
  const error = await assertRejects(() => send(cluster, { signal: controller.signal }));
  assertEquals([error, cluster.asked], [reason, []]);
});

for (const heeded of [true, false]) {
  const sleeper = heeded ? "heeds" : "does not heed";
  Deno.test(`send() is given up between attempts when sleep ${sleeper} the signal`, async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const cluster = new ScriptedCluster([unreachable, queryAnswer()], {
      sleep: (_ms, { signal }) => {
        controller.abort(reason);
        assertEquals(signal, controller.signal);
        return heeded ? Promise.reject(signal?.reason) : Promise.resolve();
      },
    });
    const error = await assertRejects(() => send(cluster, { signal: controller.signal }));
    assertEquals([error, cluster.asked.length], [reason, 1]);
  });
}

const REDIRECTS: [title: string, answer: () => Response][] = [
  [
    "a redirect",
    () => new Response("", { status: 307, headers: { Location: "https://x.example" } }),
  ],
  ["a redirect whose status the runtime hides", () => {
    const hidden = new Response("");
    Object.defineProperty(hidden, "type", { value: "opaqueredirect" });
    Object.defineProperty(hidden, "status", { value: 0 });
    return hidden;
  }],
];

for (const [title, answer] of REDIRECTS) {
  Deno.test(`send() does not follow ${title}, nor try again`, async () => {
    const cluster = new ScriptedCluster([answer()]);
    await assertRejects(() => send(cluster), KustoProtocolError, "redirects");
    assertEquals(cluster.asked.length, 1);
  });
}

Deno.test("send() does not take a page of HTML for an answer", async () => {
  const cluster = new ScriptedCluster([new Response("<html>Welcome to the hotel</html>")]);
  const { message } = await assertRejects(() => send(cluster), KustoProtocolError, "is no JSON");
  assert(!message.includes("hotel"));
  assert(message.includes("perhaps a proxy's"), message);
});

Deno.test("send() renews a token that is refused, once and without a wait", async () => {
  const tokens = ["old", "new"];
  const cluster = new ScriptedCluster([
    json({ Message: "Authorization has been denied for this request." }, 401),
    queryAnswer(),
  ], { credential: () => Promise.resolve(tokens.shift()!) });
  const reply = await send(cluster);
  assertEquals(
    cluster.asked.map(({ headers }) => headers.get("authorization")),
    ["Bearer old", "Bearer new"],
  );
  assertEquals([reply.attempts, cluster.waits], [2, []]);
});

Deno.test("send() fails when the renewed token is refused too", async () => {
  let count = 0;
  const cluster = new ScriptedCluster([json({}, 401), json({}, 401)], {
    credential: () => Promise.resolve(`hunter${++count}`),
  });
  const error = await assertRejects(() => send(cluster), KustoSignInError, "(401, request KSC.");
  assertEquals([error.status, error.attempts, cluster.asked.length], [401, 2, 2]);
  assert(!error.message.includes("hunter"));
});

Deno.test("send() fails at once when sign-in is asked for and there is none", async () => {
  const cluster = new ScriptedCluster([json({}, 401)], { credential: "none" });
  await assertRejects(() => send(cluster), KustoSignInError, '"credential"');
  assertEquals(cluster.asked.length, 1);
});

Deno.test("send() counts a refused token as no retry", async () => {
  const cluster = new ScriptedCluster([json({}, 401), throttled(), queryAnswer()], {
    credential: () => Promise.resolve("token"),
    maxRetries: 1,
  });
  assertEquals((await send(cluster)).attempts, 3);
  assertEquals(cluster.waits, [1_000]);
});

Deno.test("send() tries again when sign-in fails for the moment", async () => {
  const cluster = new ScriptedCluster([
    new Response("", { status: 503, headers: { "Retry-After": "3" } }),
    json({}, 404),
    queryAnswer(),
  ], { credential: { getToken: () => Promise.resolve({ token: "t", expiresOnTimestamp: 9e15 }) } });
  await send(cluster);
  assertEquals(cluster.waits, [3_000]);
  assertEquals(cluster.asked.map(({ url }) => new URL(url).pathname), [
    "/v1/rest/auth/metadata",
    "/v1/rest/auth/metadata",
    "/v2/rest/query",
  ]);
});

Deno.test("send() does not try again when the credential fails", async () => {
  const cause = new Error("no");
  const cluster = new ScriptedCluster([], { credential: () => Promise.reject(cause) });
  const error = await assertRejects(() => send(cluster), KustoSignInError);
  assertEquals([error.cause, cluster.waits], [cause, []]);
});

const SIZES: [kind: TransportRequest["kind"], bytes: number, encoding: string | null][] = [
  ["ingest", 1_023, null],
  ["ingest", 1_024, "gzip"],
  ["query", 100_000, null],
  ["command", 100_000, null],
];

for (const [kind, length, encoding] of SIZES) {
  const how = encoding ? "compressed" : "as it is";
  Deno.test(`send() sends ${length} bytes of a request to ${kind} ${how}`, async () => {
    const body = new Uint8Array(length).fill(97);
    const cluster = new ScriptedCluster([queryAnswer()], { compression: "gzip" });
    await send(cluster, { kind, body });
    const [{ headers, bytes }] = cluster.asked as [typeof cluster.asked[0]];
    assertEquals(headers.get("content-encoding"), encoding);
    const plain = encoding
      ? new Response(bytes).body!.pipeThrough(new DecompressionStream("gzip"))
      : bytes;
    assertEquals(new Uint8Array(await new Response(plain).arrayBuffer()), body);
  });
}

Deno.test("send() sends all as it is with compression none", async () => {
  const cluster = new ScriptedCluster([queryAnswer()], { compression: "none" });
  await send(cluster, { kind: "ingest", body: new Uint8Array(100_000) });
  assertEquals(cluster.asked[0]!.headers.get("content-encoding"), null);
});

Deno.test("send() reports each attempt", async () => {
  const cluster = new ScriptedCluster([unreachable, commandAnswer()]);
  const reports: RequestReport[] = [];
  const transport = new Transport(cluster.settings, {
    onRequest: (report) => reports.push(report),
  });
  await assertRejects(() => transport.send(request()), KustoProtocolError);
  assertEquals(
    reports.map(({ kind, attempt, status, bytesSent }) => [kind, attempt, status, bytesSent]),
    [["query", 1, undefined, BODY.length], ["query", 2, 200, BODY.length]],
  );
  assert(reports[1]!.bytesReceived > 0);
});
