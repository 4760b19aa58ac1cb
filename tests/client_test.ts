import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { KustoClient } from "../src/client.ts";
import {
  type KustoError,
  KustoLimitError,
  KustoPermissionError,
  KustoProtocolError,
  KustoRequestError,
  KustoSchemaError,
  KustoUnavailableError,
} from "../src/errors.ts";
import { rowsOf } from "../src/frames.ts";
import {
  answer,
  commandAnswer,
  failure,
  ingested,
  queryAnswer,
  type Reply,
  ScriptedService,
} from "./scripted_service.ts";

const empty = queryAnswer({ a: "long" }, []);
const line = new TextEncoder().encode('{"thread_id":"s3cret"}');

Deno.test("query() sends the text as it is and every value as a literal", async () => {
  const service = new ScriptedService(queryAnswer({ a: "long", b: "string" }, [[1, "x"]]));
  const client = new KustoClient(service.settings());
  const text = "declare query_parameters(t:string, n:long);\nT | where a == t";
  const [table] = await client.query(text, { t: 'it"s', n: 5, ids: ["a"] });
  assertEquals(rowsOf(table), [{ a: 1, b: "x" }]);
  assertEquals(service.seen[0]!.url, "https://c.kusto.windows.net/v2/rest/query");
  assertEquals(service.bodies, [{
    db: "db",
    csl: text,
    properties: {
      Options: {
        servertimeout: "00:00:30.000",
        request_readonly: true,
        queryconsistency: "strongconsistency",
      },
      Parameters: { t: '"it\\u0022s"', n: "5", ids: 'dynamic(["a"])' },
    },
  }]);
});

const TIMEOUTS: [ms: number, timespan: string][] = [
  [1, "00:00:00.001"],
  [90_061, "00:01:30.061"],
  [3_600_000, "01:00:00.000"],
  [90_000_000, "01:00:00.000"],
];

for (const [timeoutMs, timespan] of TIMEOUTS) {
  Deno.test(`query() asks the service to stop after ${timeoutMs} ms as ${timespan}`, async () => {
    const service = new ScriptedService(empty);
    await new KustoClient(service.settings()).query("T", {}, { timeoutMs });
    const { Options } = service.bodies[0]!.properties as { Options: Record<string, unknown> };
    assertEquals(Options.servertimeout, timespan);
  });
}

Deno.test("query() leaves the consistency out once the service does not know it", async () => {
  const service = new ScriptedService(
    failure(400, "BadRequest", "The option 'queryconsistency' is not supported", {
      "@permanent": true,
    }),
    empty,
  );
  const client = new KustoClient(service.settings());
  await client.query("T", {});
  await client.query("T", {});
  const asked = service.bodies.map(({ properties }) =>
    "queryconsistency" in (properties as { Options: object }).Options
  );
  assertEquals(asked, [true, false, false]);
});

Deno.test("query() refuses a result with a failure in it, and tries again where that may pass", async () => {
  const failed = (code: string, message: string) =>
    queryAnswer({ a: "long" }, [[1], {
      OneApiErrors: [{ error: { code, "@message": message, "@permanent": false } }],
    }]);
  const passing = new ScriptedService(failed("LowMemoryCondition", "E_LOW_MEMORY"), empty);
  assertEquals((await new KustoClient(passing.settings()).query("T", {})).length, 1);
  assertEquals(passing.seen.length, 2);
  const lasting = new ScriptedService(
    failed("LimitsExceeded", "exceed the set limit (E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003)"),
  );
  const error = await assertRejects(
    () => new KustoClient(lasting.settings()).query("T", {}),
    KustoLimitError,
  );
  assertEquals([error.status, error.serviceCode, lasting.seen.length], [200, "LimitsExceeded", 1]);
});

Deno.test("query() names the failure that goes on inside of answers with status 200", async () => {
  const failed = queryAnswer({}, [{
    OneApiErrors: [{ error: { code: "LowMemoryCondition", "@permanent": false } }],
  }]);
  await assertRejects(
    () => new KustoClient(new ScriptedService(failed).settings()).query("T", {}),
    KustoUnavailableError,
    "the cluster failed with LowMemoryCondition in all 4 attempts",
  );
});

Deno.test("command() sends the text to the management endpoint", async () => {
  const service = new ScriptedService(commandAnswer({ Name: "string" }, [["T"]]));
  const [table] = await new KustoClient(service.settings()).command(".show tables");
  assertEquals(rowsOf(table), [{ Name: "T" }]);
  assertEquals(service.seen[0]!.url, "https://c.kusto.windows.net/v1/rest/mgmt");
  assertEquals(service.bodies, [{
    db: "db",
    csl: ".show tables",
    properties: { Options: { servertimeout: "00:00:30.000" } },
  }]);
});

Deno.test("ingest() sends a line a row, encoded names and the mapping", async () => {
  const service = new ScriptedService(ingested);
  const client = new KustoClient(service.settings({ database: "my db/é" }));
  await client.ingest("T 1", [line, line]);
  const [seen] = service.seen;
  assertEquals(
    seen!.url,
    "https://c.kusto.windows.net/v1/rest/ingest/my%20db%2F%C3%A9/T%201?streamFormat=MultiJSON&mappingName=kusto_checkpoint",
  );
  assertEquals(
    new TextDecoder().decode(seen!.body),
    '{"thread_id":"s3cret"}\n{"thread_id":"s3cret"}\n',
  );
});

type Call = "query" | "command" | "ingest";
type ErrorClass = new (message: string) => KustoError;

const streaming = { "@type": "Kusto.DataNode.Exceptions.StreamingIngestionRequestException" };
const semantic = (message: string) => ({
  innererror: {
    code: "SEM0100",
    "@type": "Kusto.Data.Exceptions.SemanticException",
    "@message": message,
  },
});

const REFUSALS: [title: string, call: Call, reply: Reply, kind: ErrorClass, says: string][] = [
  [
    "a table that is missing",
    "query",
    failure(
      400,
      "General_BadRequest",
      "Request is invalid",
      semantic("'where' operator: Failed to resolve table expression named 'Checkpoints'"),
    ),
    KustoSchemaError,
    'the database has nothing named "Checkpoints"',
  ],
  [
    "a column that is missing",
    "query",
    failure(
      400,
      "General_BadRequest",
      "Request is invalid",
      semantic("'project' operator: Failed to resolve column or scalar expression named 'v'"),
    ),
    KustoSchemaError,
    'the database has nothing named "v" (request ',
  ],
  [
    "a database that is missing",
    "query",
    failure(400, "BadRequest_DatabaseNotExist", "Database 'db' does not exist"),
    KustoSchemaError,
    'check the option "database"',
  ],
  [
    "a reader without a role",
    "query",
    failure(403, "Forbidden", "Principal 'aadapp=1' is not authorized to read database 'db'"),
    KustoPermissionError,
    "give it the role Database Viewer; the service says: Principal 'aadapp=1' is not authorized",
  ],
  [
    "a refusal that is wrapped in another failure",
    "command",
    failure(400, "General_BadRequest", '{"error":"caller is not authorized to perform this"}'),
    KustoPermissionError,
    "give it the role Database Admin",
  ],
  [
    "a writer without a role",
    "ingest",
    failure(403, "Forbidden", "Caller is not authorized to perform this action"),
    KustoPermissionError,
    "give it the role Database Ingestor",
  ],
  [
    "a cluster without streaming ingestion",
    "ingest",
    failure(404, "StreamingIngestionFunctionalityDisabled", "x", { "@permanent": true }),
    KustoSchemaError,
    "streaming ingestion is off",
  ],
  [
    "a cluster without streaming ingestion that says nothing",
    "ingest",
    answer(404, ""),
    KustoSchemaError,
    "setup({ provision: true })",
  ],
  [
    "a table without streaming ingestion",
    "ingest",
    failure(400, "BadRequest", "Streaming ingestion policy is not enabled for table 'T'", {
      ...streaming,
      "@permanent": true,
    }),
    KustoSchemaError,
    "streaming ingestion is off",
  ],
  [
    "a mapping that is missing",
    "ingest",
    failure(400, "BadRequest_MappingReferenceWasNotFound", "no mapping", { "@permanent": true }),
    KustoSchemaError,
    "run provision.kql",
  ],
  [
    "rows that are too large",
    "ingest",
    answer(413, "Payload Too Large"),
    KustoLimitError,
    "larger than the service takes (413",
  ],
  [
    "rows that cannot be read",
    "ingest",
    failure(400, "BadRequest_InvalidBlob", "cannot parse 's3cret'", { "@permanent": true }),
    KustoRequestError,
    "refused it (400 BadRequest_InvalidBlob, request ",
  ],
  [
    "a text that cannot be read",
    "query",
    failure(400, "General_BadRequest", "Syntax error: T | where a == 's3cret'", {
      innererror: { code: "SYN0002" },
    }),
    KustoRequestError,
    "refused it (400 SYN0002, request ",
  ],
  [
    "an address that has no such endpoint",
    "query",
    answer(404, "<html>not here</html>"),
    KustoRequestError,
    "check that the cluster's address is that of its query endpoint",
  ],
  [
    "a page instead of an answer",
    "query",
    answer(200, "<html>s3cret</html>"),
    KustoProtocolError,
    "is no JSON",
  ],
];

for (const [title, call, reply, kind, says] of REFUSALS) {
  Deno.test(`${call}() answered by ${title} fails with a ${kind.name}`, async () => {
    const client = new KustoClient(new ScriptedService(reply).settings());
    const error = await assertRejects(
      () => {
        if (call === "query") return client.query("T | where a == 's3cret'", { x: "s3cret" });
        if (call === "command") return client.command(".create-merge table T (a: s3cret)");
        return client.ingest("Checkpoints", [line]);
      },
      kind,
      says,
    );
    assertEquals([error.name, error.attempts, error.activityId], [kind.name, 1, "activity"]);
    assertEquals(error.table, call === "ingest" ? "Checkpoints" : undefined);
    assertStringIncludes(error.message, `Cannot ${error.action}: `);
    assert(!error.message.includes("\n"));
    assert(!Deno.inspect(error).includes("s3cret"), Deno.inspect(error));
  });
}

const ROLES: [command: string, role: string][] = [
  [".show database db schema", "Database Viewer"],
  [".clear table ['T'] cache streamingingestion schema", "Database Ingestor"],
  [".clear database cache streamingingestion schema", "Database Ingestor"],
  [".clear table T data", "Database Admin"],
  [".create-merge table T (a:string)", "Database Admin"],
  [".delete table T records <| T", "Database Admin"],
];

for (const [command, role] of ROLES) {
  Deno.test(`command() that is refused "${command}" names the role ${role}`, async () => {
    const service = new ScriptedService(failure(403, "Forbidden", "no"));
    await assertRejects(
      () => new KustoClient(service.settings()).command(command),
      KustoPermissionError,
      `give it the role ${role}`,
    );
  });
}
