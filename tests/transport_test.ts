import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { KustoSaverOptions } from "../src/config.ts";
import { KustoProtocolError, KustoSignInError, KustoUnavailableError } from "../src/errors.ts";
import { readCommandAnswer } from "../src/frames.ts";
import { type RequestReport, Transport, type TransportRequest } from "../src/transport.ts";
import {
  answer,
  failure,
  ingested,
  type Reply,
  ScriptedService,
  silent,
  unreachable,
} from "./scripted_service.ts";

function request(more: Partial<TransportRequest> = {}): TransportRequest {
  return {
    kind: "ingest",
    action: 'append 3 rows to table "Checkpoints"',
    table: "Checkpoints",
    path: "/v1/rest/ingest/db/Checkpoints",
    body: new TextEncoder().encode("{}"),
    read: readCommandAnswer,
    timeoutMs: 30_000,
    ...more,
  };
}

function open(service: ScriptedService, options: Partial<KustoSaverOptions> = {}): Transport {
  return new Transport(service.settings(options));
}

Deno.test("send() sends a body once to the checked origin, with ids and without a token", async () => {
  const service = new ScriptedService(ingested);
  const reply = await open(service).send(request());
  assertEquals([reply.status, reply.attempts, reply.activityId], [200, 1, "activity"]);
  const [seen] = service.seen;
  assertEquals(seen!.url, "https://c.kusto.windows.net/v1/rest/ingest/db/Checkpoints");
  assertEquals(seen!.headers.get("accept"), "application/json");
  assertEquals(seen!.headers.get("authorization"), null);
  assertEquals(seen!.redirect, "manual");
  assertMatch(seen!.headers.get("x-ms-client-request-id")!, /^KSC\.ingest;[\da-f-]{36}$/);
  assertEquals(reply.clientRequestId, seen!.headers.get("x-ms-client-request-id"));
});

const PASSING: [title: string, reply: Reply][] = [
  ["throttling", failure(429, "TooManyRequests", "aborted due to throttling")],
  ["a service error", failure(520, "ServiceError", "Oops", { "@permanent": false })],
  ["a gateway's page", answer(503, "<html>Service Unavailable</html>")],
  ["a time-out of the service", failure(504, "Timeout", "timed out")],
  ["a bad request that is not permanent", failure(400, "X", "busy", { "@permanent": false })],
  ["a broken connection", unreachable],
  ["an answer that breaks off", answer(200, '{"Tables":[{"TableName":"Ta')],
  ["an empty answer", answer(200, "")],
];

for (const [title, reply] of PASSING) {
  Deno.test(`send() tries again after ${title}, with an id of its own each time`, async () => {
    const service = new ScriptedService(reply, reply, ingested);
    const { attempts } = await open(service).send(request());
    assertEquals([attempts, service.seen.length], [3, 3]);
    assertEquals(service.waits, [500, 1_000]);
    const ids = service.seen.map(({ headers }) => headers.get("x-ms-client-request-id"));
    assertEquals(new Set(ids).size, 3);
  });
}

const LASTING: [title: string, reply: Reply, status: number][] = [
  ["a refusal", failure(400, "BadRequest", "no", { "@permanent": true }), 400],
  ["a missing right", failure(403, "Forbidden", "not authorized", { "@permanent": false }), 403],
  ["a request too large", failure(413, "PayloadTooLarge", "", { "@permanent": false }), 413],
  [
    "a result too large",
    failure(400, "LimitsExceeded", "(E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003)", {
      "@permanent": false,
    }),
    400,
  ],
];

for (const [title, reply, status] of LASTING) {
  Deno.test(`send() gives ${title} back at once`, async () => {
    const service = new ScriptedService(reply);
    const got = await open(service).send(request());
    assertEquals([got.status, got.attempts, service.seen.length], [status, 1, 1]);
    assertEquals(got.tables, undefined);
  });
}

Deno.test("send() gives up after the last retry and says what happened", async () => {
  const service = new ScriptedService(failure(429, "TooManyRequests", "throttled"));
  const error = await assertRejects(() => open(service).send(request()), KustoUnavailableError);
  const id = service.seen.at(-1)!.headers.get("x-ms-client-request-id");
  assertEquals(
    error.message,
    `Cannot append 3 rows to table "Checkpoints": the cluster answered 429 to all 4 attempts (request ${id}), try again later`,
  );
  assertEquals(
    [error.status, error.attempts, error.serviceCode, error.activityId, error.table],
    [429, 4, "TooManyRequests", "activity", "Checkpoints"],
  );
  assertEquals(service.waits, [500, 1_000, 2_000]);
});

Deno.test("send() names only the last of attempts that failed in different ways", async () => {
  const service = new ScriptedService(unreachable, answer(503, ""));
  const error = await assertRejects(() => open(service).send(request()), KustoUnavailableError);
  assertMatch(error.message, /answered 503 to the last of 4 attempts/);
});

Deno.test("send() to a cluster that cannot be reached keeps the last cause", async () => {
  const service = new ScriptedService(unreachable);
  const error = await assertRejects(
    () => open(service, { maxRetries: 1 }).send(request()),
    KustoUnavailableError,
    "could not be reached in all 2 attempts",
  );
  assert(error.cause instanceof TypeError);
  assertEquals([error.status, error.attempts], [undefined, 2]);
});

Deno.test("send() waits as long as the service asks for", async () => {
  const service = new ScriptedService(answer(429, "", { "Retry-After": "7" }), ingested);
  await open(service).send(request());
  assertEquals(service.waits, [7_000]);
});

Deno.test("send() gives up at once when the service asks for more time than is left", async () => {
  const service = new ScriptedService(answer(429, "", { "Retry-After": "31" }));
  const error = await assertRejects(() => open(service).send(request()), KustoUnavailableError);
  assertEquals([error.attempts, error.retryAfterMs, service.waits.length], [1, 31_000, 0]);
});

Deno.test("send() with endless retries stops at the deadline", async () => {
  const service = new ScriptedService(answer(503, ""));
  const start = service.time;
  const transport = open(service, { maxRetries: Infinity, deadlineMs: 120_000 });
  await assertRejects(() => transport.send(request()), KustoUnavailableError);
  assert(service.time - start < 120_000);
  assert(service.seen.length < 20, `${service.seen.length} requests`);
});

const ENDLESS: [title: string, reply: Reply][] = [
  ["that never comes", silent],
  ["whose body never ends", () => new Response(new ReadableStream({ start() {} }))],
];

for (const [title, reply] of ENDLESS) {
  Deno.test(`send() cuts off an answer ${title}`, async () => {
    const service = new ScriptedService(reply);
    const error = await assertRejects(
      () => open(service, { maxRetries: 0 }).send(request({ timeoutMs: 5 })),
      KustoUnavailableError,
      "gave no answer in time to the only attempt",
    );
    assertEquals((error.cause as Error).name, "TimeoutError");
  });
}

Deno.test("send() does not begin for a caller who has given up", async () => {
  const service = new ScriptedService(ingested);
  const signal = AbortSignal.abort(new RangeError("enough"));
  await assertRejects(() => open(service).send(request({ signal })), RangeError, "enough");
  assertEquals(service.seen.length, 0);
});

Deno.test("send() ends with the caller's reason when given up during a request", async () => {
  const controller = new AbortController();
  const service = new ScriptedService(() => {
    controller.abort(new RangeError("enough"));
    return new Promise(() => {});
  });
  await assertRejects(
    () => open(service).send(request({ signal: controller.signal })),
    RangeError,
    "enough",
  );
  assertEquals(service.seen.length, 1);
});

Deno.test("send() ends with the caller's reason when given up during a wait", async () => {
  const controller = new AbortController();
  const service = new ScriptedService(answer(503, ""));
  const transport = open(service, {
    sleep: (_ms, { signal }) => {
      controller.abort(new RangeError("enough"));
      return Promise.reject(signal?.reason);
    },
  });
  await assertRejects(
    () => transport.send(request({ signal: controller.signal })),
    RangeError,
    "enough",
  );
});

const REDIRECTS: [title: string, reply: Reply][] = [
  ["a redirect", answer(302, "", { Location: "https://evil.example" })],
  ["a redirect whose status is hidden", () => {
    const response = new Response(null, { status: 200 });
    Object.defineProperties(response, { type: { value: "opaqueredirect" }, status: { value: 0 } });
    return response;
  }],
];

for (const [title, reply] of REDIRECTS) {
  Deno.test(`send() neither follows nor repeats ${title}`, async () => {
    const service = new ScriptedService(reply);
    await assertRejects(
      () => open(service).send(request()),
      KustoProtocolError,
      "redirects to another address",
    );
    assertEquals(service.seen.length, 1);
  });
}

Deno.test("send() asks for one new token after a 401, which is no failed attempt", async () => {
  const service = new ScriptedService(answer(401, ""), ingested);
  let count = 0;
  const credential = () => Promise.resolve(`token${++count}`);
  const { attempts } = await open(service, { credential }).send(request());
  assertEquals(attempts, 1);
  assertEquals(
    service.seen.map(({ headers }) => headers.get("authorization")),
    ["Bearer token1", "Bearer token2"],
  );
  assertEquals(service.waits, []);
});

Deno.test("send() fails when the new token is refused too, and shows neither", async () => {
  const service = new ScriptedService(
    answer(401, { Message: "Authorization has been denied for this request." }),
  );
  const credential = () => Promise.resolve("hunter2");
  const error = await assertRejects(
    () => open(service, { credential }).send(request()),
    KustoSignInError,
    "does not accept the sign-in (401",
  );
  assertEquals([error.status, service.seen.length], [401, 2]);
  assert(!Deno.inspect(error).includes("hunter2"));
});

Deno.test("send() without a token does not ask twice after a 401", async () => {
  const service = new ScriptedService(answer(401, ""));
  await assertRejects(() => open(service).send(request()), KustoSignInError, "credential");
  assertEquals(service.seen.length, 1);
});

Deno.test("send() does not wait longer for a token than for an answer", async () => {
  const service = new ScriptedService(ingested);
  const credential = () => new Promise<string>(() => {});
  await assertRejects(
    () => open(service, { credential, maxRetries: 0 }).send(request({ timeoutMs: 5 })),
    KustoUnavailableError,
    "in time",
  );
  assertEquals(service.seen.length, 0);
});

Deno.test("send() reports an answer that is no answer, with its ids and without its text", async () => {
  const service = new ScriptedService(answer(200, "<html>s3cret</html>"));
  const error = await assertRejects(
    () => open(service).send(request()),
    KustoProtocolError,
    "please report it",
  );
  assertEquals([error.activityId, service.seen.length], ["activity", 1]);
  assert(error.clientRequestId !== undefined);
  assert(!Deno.inspect(error).includes("s3cret"));
});

const large = new TextEncoder().encode(`{"a":"${"x".repeat(5_000)}"}`);

Deno.test("send() compresses large rows, and each attempt sends the same bytes", async () => {
  const service = new ScriptedService(answer(503, ""), ingested);
  await open(service).send(request({ body: large }));
  const [first, second] = service.seen;
  assertEquals(first!.headers.get("content-encoding"), "gzip");
  const unpacked = new Response(first!.body).body!.pipeThrough(new DecompressionStream("gzip"));
  assertEquals(new Uint8Array(await new Response(unpacked).arrayBuffer()), large);
  assertEquals(second!.body, first!.body);
});

const PLAIN: [
  title: string,
  more: Partial<TransportRequest>,
  options: Partial<KustoSaverOptions>,
][] = [
  ["small rows", {}, {}],
  ["queries, large ones too", { kind: "query", body: large }, {}],
  ["anything when told not to", { body: large }, { compression: "none" }],
];

for (const [title, more, options] of PLAIN) {
  Deno.test(`send() does not compress ${title}`, async () => {
    const service = new ScriptedService(ingested);
    await open(service, options).send(request(more));
    assertEquals(service.seen[0]!.headers.get("content-encoding"), null);
  });
}

Deno.test("send() tells a listener of each attempt, with its size and its time", async () => {
  const reports: RequestReport[] = [];
  const slow: Reply = (...arriving) => {
    service.time += 20;
    return answer(503, "é")(...arriving);
  };
  const service: ScriptedService = new ScriptedService(unreachable, slow, ingested);
  const transport = new Transport(service.settings(), { onRequest: (r) => void reports.push(r) });
  await transport.send(request());
  assertEquals(
    reports.map((
      { attempt, status, durationMs, bytesSent },
    ) => [attempt, status, durationMs, bytesSent]),
    [[1, undefined, 0, 2], [2, 503, 20, 2], [3, 200, 0, 2]],
  );
  assertEquals(reports[1]!.bytesReceived, 2);
  assertEquals(reports[2]!.activityId, "activity");
});
