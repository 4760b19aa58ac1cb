import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { KustoClient } from "../src/service/client.ts";
import type { KustoSaverOptions } from "../src/config.ts";
import {
  KustoError,
  KustoLimitError,
  KustoPermissionError,
  KustoRequestError,
  KustoSchemaError,
  KustoSignInError,
  KustoUnavailableError,
} from "../src/errors.ts";
import { MAPPING_NAME } from "../src/schema.ts";
import {
  commandAnswer,
  json,
  queryAnswer,
  refusal,
  type Scripted,
  ScriptedCluster,
  throttled,
} from "./client_kit.ts";

/** Stands for what must never be shown: a stored value, a part of a query, a token. */
const SECRET = "hunter2";
const QUERY = `declare query_parameters(thread:string); T | where id == '${SECRET}'`;
const LINE = new TextEncoder().encode(JSON.stringify({ thread_id: SECRET }));

type Call = (client: KustoClient) => Promise<unknown>;
const CALLS: Record<"query" | "command" | "ingest", Call> = {
  query: (client) => client.query(QUERY, { thread: SECRET }),
  command: (client) => client.command(`.show table ['${SECRET}'] policy retention`),
  ingest: (client) => client.ingest("Checkpoints", [LINE]),
};

function open(script: Scripted[], options: Partial<KustoSaverOptions> = {}) {
  const cluster = new ScriptedCluster(script, {
    credential: () => Promise.resolve(`token-${SECRET}`),
    maxRetries: 0,
    ...options,
  });
  return { cluster, client: new KustoClient(cluster.settings) };
}

function bodyOf(cluster: ScriptedCluster, at = 0) {
  return JSON.parse(new TextDecoder().decode(cluster.asked[at]!.bytes));
}

Deno.test("query() sends text, parameters as literals, and options", async () => {
  const { cluster, client } = open([queryAnswer(7)]);
  const tables = await client.query("print n", { s: 'a"b', n: 5, yes: true, list: ["x"] });
  assertEquals(tables.map(({ rows }) => rows), [[[7]]]);
  assertEquals(cluster.asked[0]!.url, "http://localhost:8080/v2/rest/query");
  assertEquals(bodyOf(cluster), {
    db: "agents",
    csl: "print n",
    properties: {
      Options: {
        servertimeout: "00:00:30.000",
        request_readonly: true,
        queryconsistency: "strongconsistency",
      },
      Parameters: { s: '"a\\u0022b"', n: "5", yes: "bool(true)", list: 'dynamic(["x"])' },
    },
  });
});

const TIMEOUTS: [ms: number, servertimeout: string][] = [
  [1, "00:00:00.001"],
  [1_500, "00:00:01.500"],
  [90_000, "00:01:30.000"],
  [3_600_000, "01:00:00.000"],
  [3_600_001, "01:00:00.000"],
  [86_400_000, "01:00:00.000"],
];

for (const [ms, servertimeout] of TIMEOUTS) {
  Deno.test(`query() and command() send ${ms} ms as servertimeout ${servertimeout}`, async () => {
    const { cluster, client } = open([queryAnswer(), commandAnswer()]);
    await client.query("print 1", {}, { timeoutMs: ms });
    await client.command(".show version", { timeoutMs: ms });
    const sent = [0, 1].map((at) => bodyOf(cluster, at).properties.Options.servertimeout);
    assertEquals(sent, [servertimeout, servertimeout]);
  });
}

Deno.test("query() takes queryTimeoutMs where the call says nothing", async () => {
  const { cluster, client } = open([queryAnswer()], { queryTimeoutMs: 7_000 });
  await client.query("print 1", {});
  assertEquals(bodyOf(cluster).properties.Options.servertimeout, "00:00:07.000");
});

const NO_CONSISTENCY = () =>
  refusal(400, {
    code: "General_BadRequest",
    message: "Request property 'queryconsistency' is not supported",
    permanent: true,
  });

Deno.test("query() leaves queryconsistency out from then on where the service refuses it", async () => {
  const { cluster, client } = open([NO_CONSISTENCY(), queryAnswer(1), queryAnswer(2)]);
  const first = await client.query("print 1", {});
  const second = await client.query("print 1", {});
  assertEquals([first, second].map(([table]) => table!.rows), [[[1]], [[2]]]);
  assertEquals(
    [0, 1, 2].map((at) => "queryconsistency" in bodyOf(cluster, at).properties.Options),
    [true, false, false],
  );
});

Deno.test("query() does not go on asking when the service refuses it without the option", async () => {
  const { cluster, client } = open([NO_CONSISTENCY(), NO_CONSISTENCY()]);
  await assertRejects(() => client.query("print 1", {}), KustoRequestError);
  assertEquals(cluster.left, 0);
});

Deno.test("command() sends a command to the management endpoint", async () => {
  const { cluster, client } = open([commandAnswer(["TableName"], [["T"]])]);
  const [table] = await client.command(".show tables");
  assertEquals(table?.rows, [["T"]]);
  assertEquals(cluster.asked[0]!.url, "http://localhost:8080/v1/rest/mgmt");
  assertEquals(bodyOf(cluster), {
    db: "agents",
    csl: ".show tables",
    properties: { Options: { servertimeout: "00:00:30.000" } },
  });
});

Deno.test("ingest() sends one line for each row, with the mapping, names encoded", async () => {
  const { cluster, client } = open([commandAnswer(["ConsumedRecordsCount"], [[2]])], {
    database: "my db/é?",
  });
  await client.ingest("A&B#", ['{"a":1}', '{"a":2}'].map((line) => new TextEncoder().encode(line)));
  const [asked] = cluster.asked;
  assertEquals(
    asked?.url,
    "http://localhost:8080/v1/rest/ingest/my%20db%2F%C3%A9%3F/A%26B%23" +
      `?streamFormat=MultiJSON&mappingName=${MAPPING_NAME}`,
  );
  assertEquals(new TextDecoder().decode(asked!.bytes), '{"a":1}\n{"a":2}\n');
});

Deno.test("ingest() does not take rows for stored when the answer breaks off", async () => {
  const { client } = open([new Response('{"Tables":[')]);
  await assertRejects(() => CALLS.ingest(client), KustoUnavailableError, "broke off");
});

for (const [name, call] of Object.entries(CALLS)) {
  Deno.test(`${name}() says that the cluster could not be reached`, async () => {
    const { client } = open([new TypeError("connection refused")]);
    await assertRejects(() => call(client), KustoUnavailableError, "could not be reached");
  });
}

Deno.test("query() and ingest() are given up with their signal", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  const { cluster, client } = open([]);
  await assertRejects(() => client.query("print 1", {}, { signal }), Error, "enough");
  await assertRejects(() => client.ingest("T", [LINE], { signal }), Error, "enough");
  assertEquals(cluster.asked, []);
});

const STREAMING = "Kusto.DataNode.Exceptions.StreamingIngestionRequestException";

interface Refusal {
  readonly title: string;
  readonly call: Call;
  readonly answer: () => Response;
  readonly ErrorClass: abstract new (...args: never[]) => KustoError;
  readonly says: string;
  readonly serviceCode?: string;
}

const REFUSALS: Refusal[] = [
  {
    title: "a missing right to read",
    call: CALLS.query,
    answer: () =>
      refusal(403, {
        code: "Forbidden",
        type: "Kusto.DataNode.Exceptions.UnauthorizedDatabaseAccessException",
        message: "Principal 'aadapp=1;2' is not authorized to read database 'agents'.",
        permanent: true,
      }),
    ErrorClass: KustoPermissionError,
    says: "Database Viewer",
    serviceCode: "Forbidden",
  },
  {
    title: "a missing right to ingest",
    call: CALLS.ingest,
    answer: () => refusal(403, { code: "Forbidden" }),
    ErrorClass: KustoPermissionError,
    says: "Database Ingestor",
    serviceCode: "Forbidden",
  },
  {
    title: "a missing right without a body",
    call: CALLS.query,
    answer: () => new Response("", { status: 403 }),
    ErrorClass: KustoPermissionError,
    says: "Database Viewer",
  },
  {
    title: "a missing right within another error",
    call: CALLS.query,
    answer: () =>
      refusal(400, {
        code: "General_BadRequest",
        message: '{"error":{"@message":"Caller is not authorized to perform this action"}}',
      }),
    ErrorClass: KustoPermissionError,
    says: "Database Viewer",
    serviceCode: "General_BadRequest",
  },
  {
    title: "a missing table in a query",
    call: CALLS.query,
    answer: () =>
      refusal(400, {
        code: "General_BadRequest",
        message: `Semantic error in ${SECRET}`,
        permanent: true,
        inner: {
          code: "SEM0100",
          type: "Kusto.Data.Exceptions.SemanticException",
          message: "'table' operator: Failed to resolve table expression named 'Checkpoints'",
        },
      }),
    ErrorClass: KustoSchemaError,
    says: '"Checkpoints"',
    serviceCode: "SEM0100",
  },
  {
    title: "a missing table or column in a query",
    call: CALLS.query,
    answer: () =>
      refusal(400, {
        code: "General_BadRequest",
        message: "Failed to resolve table or column expression named 'My-View'",
      }),
    ErrorClass: KustoSchemaError,
    says: "run provision.kql or setup({ provision: true })",
    serviceCode: "General_BadRequest",
  },
  {
    title: "a missing column in a query",
    call: CALLS.query,
    answer: () =>
      refusal(400, {
        code: "General_BadRequest",
        inner: { code: "SEM0100", message: "Failed to resolve scalar expression named 'revision'" },
      }),
    ErrorClass: KustoSchemaError,
    says: '"revision"',
    serviceCode: "SEM0100",
  },
  {
    title: "a missing database",
    call: CALLS.query,
    answer: () => refusal(400, { code: "BadRequest_DatabaseNotExist", permanent: true }),
    ErrorClass: KustoSchemaError,
    says: '"database"',
    serviceCode: "BadRequest_DatabaseNotExist",
  },
  {
    title: "a missing database, as queries are told of it",
    call: CALLS.query,
    answer: () =>
      refusal(400, {
        code: "BadRequest_EntityNotFound",
        message: "Entity ID 'agents' of kind 'Database' was not found.",
      }),
    ErrorClass: KustoSchemaError,
    says: '"database"',
    serviceCode: "BadRequest_EntityNotFound",
  },
  {
    title: "a missing database, as commands are told of it",
    call: CALLS.command,
    answer: () =>
      refusal(404, {
        code: "NotFound",
        type: "Kusto.Common.Svc.Exceptions.EntityNameDoesNotExistException",
      }),
    ErrorClass: KustoSchemaError,
    says: '"database"',
    serviceCode: "NotFound",
  },
  {
    title: "a missing database, told by the text alone",
    call: CALLS.ingest,
    answer: () =>
      refusal(404, {
        code: "NotFound",
        message: "Entity name 'agents' of kind 'Database' does not exist.",
      }),
    ErrorClass: KustoSchemaError,
    says: "does not exist (NotFound",
    serviceCode: "NotFound",
  },
  {
    title: "a database that it may not use, with another status than 403",
    call: CALLS.command,
    answer: () => refusal(400, { code: "BadRequest_DatabaseAccessDenied", permanent: true }),
    ErrorClass: KustoPermissionError,
    says: "give it the role",
    serviceCode: "BadRequest_DatabaseAccessDenied",
  },
  {
    title: "a missing entity in a command",
    call: CALLS.command,
    answer: () =>
      refusal(400, {
        code: "General_BadRequest",
        type: "Kusto.Data.Exceptions.EntityNotFoundInContainerException",
      }),
    ErrorClass: KustoSchemaError,
    says: "setup({ provision: true })",
    serviceCode: "General_BadRequest",
  },
  {
    title: "streaming that is off for the cluster",
    call: CALLS.ingest,
    answer: () => new Response("", { status: 404 }),
    ErrorClass: KustoSchemaError,
    says: "streaming ingestion is off",
  },
  {
    title: "streaming that is off for the cluster, with its code",
    call: CALLS.ingest,
    answer: () => refusal(404, { code: "StreamingIngestionFunctionalityDisabled" }),
    ErrorClass: KustoSchemaError,
    says: "streaming ingestion is off",
    serviceCode: "StreamingIngestionFunctionalityDisabled",
  },
  {
    title: "streaming that is off for the table",
    call: CALLS.ingest,
    answer: () =>
      refusal(400, {
        code: "BadRequest",
        type: STREAMING,
        message: "Bad streaming ingestion request: streaming ingestion policy is not enabled",
        permanent: true,
      }),
    ErrorClass: KustoSchemaError,
    says: "setup()",
    serviceCode: "BadRequest",
  },
  {
    title: "streaming that is off for the table, told by the type alone",
    call: CALLS.ingest,
    answer: () =>
      refusal(400, {
        code: "BadRequest",
        type: "Kusto.Common.Svc.Exceptions.StreamingIngestionPolicyNotEnabledException",
      }),
    ErrorClass: KustoSchemaError,
    says: "streaming ingestion is off",
    serviceCode: "BadRequest",
  },
  {
    title: "a table that streaming does not know yet",
    call: CALLS.ingest,
    answer: () =>
      refusal(400, {
        code: "BadRequest_EntityNotFound",
        message: "Entity ID 'Checkpoints' of kind 'Table' was not found.",
      }),
    ErrorClass: KustoSchemaError,
    says: "after five minutes",
    serviceCode: "BadRequest_EntityNotFound",
  },
  {
    title: "a table that streaming does not know",
    call: CALLS.ingest,
    answer: () => refusal(400, { code: "BadRequest_TableNotExist", type: STREAMING }),
    ErrorClass: KustoSchemaError,
    says: "setup({ provision: true })",
    serviceCode: "BadRequest_TableNotExist",
  },
  {
    title: "a mapping that streaming does not know",
    call: CALLS.ingest,
    answer: () => refusal(400, { code: "BadRequest_MappingReferenceWasNotFound", type: STREAMING }),
    ErrorClass: KustoSchemaError,
    says: "setup({ provision: true })",
    serviceCode: "BadRequest_MappingReferenceWasNotFound",
  },
  {
    title: "a bad record",
    call: CALLS.ingest,
    answer: () =>
      refusal(400, {
        code: "BadRequest_InvalidBlob",
        type: STREAMING,
        message: `Bad streaming ingestion request: malformed record ${SECRET}`,
        permanent: true,
      }),
    ErrorClass: KustoRequestError,
    says: "400 BadRequest_InvalidBlob",
    serviceCode: "BadRequest_InvalidBlob",
  },
  {
    title: "a request that is too large",
    call: CALLS.ingest,
    answer: () => new Response("Request Entity Too Large", { status: 413 }),
    ErrorClass: KustoLimitError,
    says: "larger than the service takes",
  },
  {
    title: "a result that is too large",
    call: CALLS.query,
    answer: () =>
      json([{
        FrameType: "DataSetCompletion",
        HasErrors: true,
        Cancelled: false,
        OneApiErrors: [{
          error: {
            code: "LimitsExceeded",
            message: "Request is invalid and cannot be executed.",
            "@message": `Query ${SECRET} has exceeded (E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003)`,
            "@permanent": false,
          },
        }],
      }]),
    ErrorClass: KustoLimitError,
    says: "larger than the service takes",
    serviceCode: "LimitsExceeded",
  },
  {
    title: "a query that takes too much memory",
    call: CALLS.query,
    answer: () => refusal(400, { code: "X", message: "E_RUNAWAY_QUERY", permanent: false }),
    ErrorClass: KustoLimitError,
    says: "larger than the service takes",
    serviceCode: "X",
  },
  {
    title: "a syntax error, which quotes the query",
    call: CALLS.query,
    answer: () =>
      refusal(400, {
        code: "General_BadRequest",
        inner: { code: "SYN0002", message: `Query could not be parsed: ${QUERY}` },
      }),
    ErrorClass: KustoRequestError,
    says: "400 SYN0002",
    serviceCode: "SYN0002",
  },
  {
    title: "a plain text in place of an error",
    call: CALLS.query,
    answer: () => new Response(`Bad request: ${QUERY}`, { status: 400 }),
    ErrorClass: KustoRequestError,
    says: "the service refused it (400,",
  },
  {
    title: "an address that is not the query endpoint's",
    call: CALLS.query,
    answer: () => new Response("<html>", { status: 404 }),
    ErrorClass: KustoRequestError,
    says: "query endpoint",
  },
  {
    title: "throttling that does not end",
    call: CALLS.ingest,
    answer: () => throttled(),
    ErrorClass: KustoUnavailableError,
    says:
      'Cannot append 1 row to table "Checkpoints": the cluster answered 429 to the only attempt',
    serviceCode: "TooManyRequests",
  },
  {
    title: "a sign-in that is not accepted",
    call: CALLS.query,
    answer: () => json({ Message: `Authorization has been denied for ${SECRET}.` }, 401),
    ErrorClass: KustoSignInError,
    says: '"credential"',
  },
];

for (const { title, call, answer, ErrorClass, says, serviceCode } of REFUSALS) {
  Deno.test(`A call that meets ${title} fails with what to do, its ids and no secret`, async () => {
    // A second answer, for the sign-in, which is tried twice.
    const { cluster, client } = open([answer(), answer()]);
    const error = await assertRejects(() => call(client), KustoError, says);
    assertInstanceOf(error, ErrorClass);
    assertEquals(error.serviceCode, serviceCode);
    const last = cluster.asked.at(-1)!.headers.get("x-ms-client-request-id");
    assertEquals([error.clientRequestId, error.attempts], [last!, cluster.asked.length]);
    assert(error.message.includes(`request ${last}`), error.message);
    const shown = [error.message, Deno.inspect(error), JSON.stringify(error), error.stack ?? ""];
    assert(!shown.some((text) => text.includes(SECRET)), error.message);
  });
}

Deno.test("ingest() sends nobody to wait for streaming where the database is missing", async () => {
  const message = "Entity ID 'agents' of kind 'Database' was not found.";
  const { client } = open([refusal(400, { code: "BadRequest_EntityNotFound", message })]);
  const error = await assertRejects(() => CALLS.ingest(client), KustoSchemaError);
  assert(!error.message.includes("five minutes"), error.message);
});

const ROLES: [command: string, role: string, named: string][] = [
  [".show tables", "Database Viewer", ".show tables"],
  [".create-merge table T (a:string)", "Database Admin", ".create-merge table"],
  [
    ".clear table ['T'] cache streamingingestion schema",
    "Database Ingestor",
    ".clear table",
  ],
  [".alter table T policy streamingingestion enable", "Database Admin", ".alter table"],
  [".delete table T records <| T | where a == 'hunter2'", "Database Admin", ".delete table"],
];

for (const [command, role, named] of ROLES) {
  Deno.test(`command() names the role ${role} when ${named} is refused`, async () => {
    const { client } = open([refusal(403, { code: "Forbidden" })]);
    const error = await assertRejects(() => client.command(command), KustoPermissionError, role);
    assert(error.message.startsWith(`Cannot run "${named}": `), error.message);
    assert(!error.message.includes(SECRET));
  });
}

Deno.test("query() passes on who may not do what, in the service's words, cut short", async () => {
  const message = `Principal 'aadapp=1;2' is not authorized to read. ${"x".repeat(10_000)}`;
  const { client } = open([refusal(403, { code: "Forbidden", message })]);
  const error = await assertRejects(
    () => CALLS.query(client),
    KustoPermissionError,
    "Principal 'aadapp=1;2' is not authorized to read",
  );
  assert(error.message.length < 1_000);
});

Deno.test("ingest() says how many rows it could not append, and to which table", async () => {
  const { client } = open([throttled(), throttled()], { maxRetries: 1 });
  const error = await assertRejects(
    () => client.ingest("Checkpoints", [LINE, LINE, LINE]),
    KustoUnavailableError,
    'Cannot append 3 rows to table "Checkpoints": the cluster answered 429 to all 2 attempts',
  );
  assertEquals([error.table, error.action], [
    "Checkpoints",
    'append 3 rows to table "Checkpoints"',
  ]);
});
