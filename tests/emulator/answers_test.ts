import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Frame, framesOf, Service } from "./service.ts";

function primary(frames: readonly Frame[]): Frame[] {
  return frames.filter(({ TableKind }) => TableKind === "PrimaryResult");
}

Deno.test("a v2 answer has its frames in the service's order, one result for each statement", async () => {
  const service = new Service();
  const frames = framesOf(await service.query("print a = 1; print b = 'x' | as Named"));
  assertEquals(frames.map(({ FrameType, TableKind }) => [FrameType, TableKind]), [
    ["DataSetHeader", undefined],
    ["DataTable", "QueryProperties"],
    ["DataTable", "PrimaryResult"],
    ["DataTable", "PrimaryResult"],
    ["DataTable", "QueryCompletionInformation"],
    ["DataSetCompletion", undefined],
  ]);
  assertEquals(primary(frames).map(({ TableName, TableId }) => [TableName, TableId]), [
    ["PrimaryResult", 1],
    ["Named", 2],
  ]);
  assertEquals(frames.at(-1), {
    FrameType: "DataSetCompletion",
    HasErrors: false,
    Cancelled: false,
  });
});

const cells: readonly (readonly [string, string])[] = [
  ["long(9223372036854775807)", "9223372036854775807"],
  ["int(-5)", "-5"],
  ["real(nan)", '"NaN"'],
  ["real(-inf)", '"-Infinity"'],
  ["decimal(1.10)", '"1.1'],
  ["true", "true"],
  ["datetime(2024-01-02T03:04:05.1234567Z)", '"2024-01-02T03:04:05.1234567Z"'],
  ["1d + 2h + 3ms", '"1.02:00:00.0030000"'],
  ["guid(74be27de-1e4e-49d9-b579-fe0b331d3642)", '"74be27de-1e4e-49d9-b579-fe0b331d3642"'],
  ["dynamic({'a':[1,null,'x']})", '{"a":[1,null,"x"]}'],
  ["parse_json('\"123\"')", '"123"'],
  ["long(null)", "null"],
  ["'a\\n\\u00e9'", '"a\\né"'],
];

for (const [expression, json] of cells) {
  Deno.test(`the cell ${expression} is answered as ${json}`, async () => {
    const service = new Service();
    assertStringIncludes((await service.query(`print ${expression}`)).text, `"Rows":[[${json}`);
  });
}

Deno.test("every answer carries the request's id and a new activity id", async () => {
  const service = new Service();
  const headers = { "x-ms-client-request-id": "app;1" };
  const body = { db: "NetDefaultDB", csl: "print 1" };
  const first = await service.post("/v2/rest/query", body, headers);
  const second = await service.post("/v2/rest/query", { ...body, csl: "bad bad" }, headers);
  assertEquals(first.headers.get("x-ms-client-request-id"), "app;1");
  assertEquals(second.headers.get("x-ms-client-request-id"), "app;1");
  const ids = [first, second].map(({ headers }) => headers.get("x-ms-activity-id") ?? "");
  assert(ids[0] !== ids[1]);
  assertMatch(ids[0]!, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

const limits: readonly (readonly [string, object, number])[] = [
  ["500 000 rows", {}, 500_000],
  ["truncationmaxrecords", { truncationmaxrecords: 3 }, 3],
  ["truncationmaxrecords beside notruncation", { truncationmaxrecords: 3, notruncation: true }, 3],
  ["truncationmaxsize", { truncationmaxsize: 30 }, 6],
];

Deno.test("a limit in bytes counts those of UTF-8", async () => {
  const service = new Service();
  const text = "range x from 1 to 9 step 1 | project t = '\u6f22\u5b57'";
  const answer = await service.query(text, { Options: { truncationmaxsize: 30 } });
  // Each row is ["漢字"], which takes ten bytes; the last one is the error.
  assertEquals(primary(framesOf(answer))[0]!.Rows!.length, 3 + 1);
});

for (const [limit, Options, kept] of limits) {
  Deno.test(`a result over ${limit} ends in an error among its rows, inside a 200`, async () => {
    const service = new Service();
    const answer = await service.query("range x from 100 to 500100 step 1", { Options });
    assertEquals(answer.status, 200);
    const frames = framesOf(answer);
    const found = primary(frames)[0]!.Rows!;
    assertEquals(found.length, kept + 1);
    const { error } =
      (found[kept] as unknown as { OneApiErrors: { error: Record<string, unknown> }[] })
        .OneApiErrors[0]!;
    assertEquals([error["code"], error["@permanent"]], ["LimitsExceeded", false]);
    assertStringIncludes(String(error["@message"]), "E_QUERY_RESULT_SET_TOO_LARGE");
    assertEquals(frames.at(-1)!.HasErrors, true);
    assertEquals(frames.some(({ TableKind }) => TableKind === "QueryCompletionInformation"), false);
  });
}

Deno.test("the limits end where they say: no error at 500 000 rows, none with notruncation", async () => {
  const service = new Service();
  const count = async (query: string, Options: object): Promise<unknown> => {
    const frames = framesOf(await service.query(query, { Options }));
    return [primary(frames)[0]!.Rows!.length, frames.at(-1)!.HasErrors];
  };
  assertEquals(await count("range x from 1 to 500000 step 1", {}), [500_000, false]);
  assertEquals(await count("range x from 1 to 500001 step 1", { notruncation: true }), [
    500_001,
    false,
  ]);
  assertEquals(await count("range x from 1 to 9 step 1", { query_take_max_records: 2 }), [
    2,
    false,
  ]);
});

Deno.test("an error may be placed at the end of its table, or only told as information", async () => {
  const service = new Service();
  const query = "range x from 1 to 9 step 1";
  const atEnd = framesOf(
    await service.query(query, {
      Options: { truncationmaxrecords: 2, results_error_reporting_placement: "end_of_table" },
    }),
  );
  const completion = atEnd.find(({ FrameType }) => FrameType === "TableCompletion")!;
  assertEquals([completion["RowCount"], atEnd.at(-1)!.HasErrors], [2, true]);
  assert(completion["OneApiErrors"] !== undefined);
  const deferred = framesOf(
    await service.query(query, {
      Options: { truncationmaxrecords: 2, deferpartialqueryfailures: true },
    }),
  );
  assertEquals(primary(deferred)[0]!.Rows, [[1], [2]]);
  assertEquals(deferred.at(-1)!.HasErrors, false);
  const told = deferred.find(({ TableKind }) => TableKind === "QueryCompletionInformation")!;
  assertEquals([told.Rows![0]![5], told.Rows![0]![10]], [2, "QueryLimitsExceeded"]);
});

Deno.test("progressive results come in parts, and frames on lines of their own when asked", async () => {
  const service = new Service();
  const { text } = await service.query("range x from 1 to 3 step 1", {
    Options: { results_progressive_enabled: true, results_v2_newlines_between_frames: true },
  });
  const types = (JSON.parse(text) as Frame[]).map(({ FrameType }) => FrameType);
  assertEquals(types, [
    "DataSetHeader",
    "DataTable",
    "TableHeader",
    "TableFragment",
    "TableProgress",
    "TableCompletion",
    "DataTable",
    "DataSetCompletion",
  ]);
  assertEquals(text.split("\n").map((line) => line[0]), [
    "[",
    ",",
    ",",
    ",",
    ",",
    ",",
    ",",
    ",",
    "]",
  ]);
});

const refusedOptions: readonly (readonly [string, unknown])[] = [
  ["no_such_option", true],
  ["servertimeout", "02:00:00"],
  ["servertimeout", "soon"],
  ["queryconsistency", "someconsistency"],
  ["truncationmaxrecords", -1],
  ["results_error_reporting_placement", "nowhere"],
  ["validatepermissions", true],
  ["query_now", "late"],
];

for (const [name, value] of refusedOptions) {
  Deno.test(`the option ${name} = ${value} is refused, not ignored`, async () => {
    const service = new Service();
    const { status, error } = await service.query("print 1", { Options: { [name]: value } });
    assertEquals(status, 400);
    assertStringIncludes(error!["@message"], name);
  });
}

Deno.test("options are refused on endpoints where they would have no effect", async () => {
  const service = new Service();
  const refused = async (path: string, csl: string, Options: object): Promise<number> =>
    (await service.post(path, { db: "NetDefaultDB", csl, properties: { Options } })).status;
  assertEquals(await refused("/v1/rest/mgmt", ".show tables", { query_now: "2024-01-01" }), 400);
  assertEquals(
    await refused("/v1/rest/query", "print 1", { results_progressive_enabled: true }),
    400,
  );
});

Deno.test("a dynamic parameter keeps whole numbers beyond 2^53", async () => {
  const service = new Service();
  const body =
    '{"db":"NetDefaultDB","csl":"declare query_parameters(p:dynamic); print tostring(p)",' +
    '"properties":{"Parameters":{"p":[-9007199254740993]}}}';
  const { status, text } = await service.send("/v2/rest/query", { method: "POST", body });
  assertEquals(status, 200);
  assertStringIncludes(text, "[-9007199254740993]");
});

Deno.test("options and parameters are read from an object or from its JSON text", async () => {
  const service = new Service();
  const properties = {
    Options: {
      query_now: "datetime(2020-02-03)",
      servertimeout: "00:01:00",
      queryconsistency: "strongconsistency",
    },
    Parameters: { n: 3, s: '"a\'b"' },
  };
  const query = "declare query_parameters(n:long, s:string); print n, s, now()";
  const expected = [[3, "a'b", "2020-02-03T00:00:00.0000000Z"]];
  assertEquals(await service.rows(query, properties), expected);
  assertEquals(await service.rows(query, JSON.stringify(properties)), expected);
});

Deno.test("a read-only request may show and query, and change nothing", async () => {
  const service = new Service();
  const properties = { Options: { request_readonly: true } };
  assertEquals((await service.command(".show tables", properties)).status, 200);
  assertEquals((await service.command(".create table T (a:string)", properties)).status, 403);
  assertEquals(await service.show(".show tables"), []);
});

const failures: readonly (readonly [string, string, string])[] = [
  ["Missing | take 1", "General_BadRequest", "SEM0100"],
  ["print (1", "BadRequest_SyntaxError", "SYN"],
  ["print nope(1)", "General_BadRequest", "SEM0100"],
  [".show tables", "General_BadRequest", "api_version=v2"],
];

for (const [query, code, said] of failures) {
  Deno.test(`the query ${query} fails with ${code}`, async () => {
    const service = new Service();
    const answer = await service.query(query);
    assertEquals([answer.status, answer.error?.code], [400, code]);
    assertStringIncludes(answer.text, said);
    assertEquals(answer.error?.["@permanent"], true);
  });
}

Deno.test("requests to other databases and to unknown endpoints are refused", async () => {
  const service = new Service();
  const other = await service.post("/v2/rest/query", { db: "Other", csl: "print 1" });
  assertEquals([other.status, other.error?.code], [400, "BadRequest_EntityNotFound"]);
  for (
    const [csl, status, code] of [
      [".show tables", 400, "BadRequest_EntityNotFound"],
      [".create table T (a:string)", 404, "NotFound"],
    ]
  ) {
    const { status: got, error } = await service.post("/v1/rest/mgmt", { db: "Other", csl });
    assertEquals([got, error?.code], [status, code]);
    assertStringIncludes(error?.["@message"] ?? "", "'Other' of kind 'Database'");
  }
  assertEquals(
    (await service.post("/v2/rest/query", { db: "netdefaultdb", csl: "print 1" })).status,
    200,
  );
  assertEquals((await service.post("/v1/rest/mgmt", { csl: ".show cluster" })).status, 200);
  assertEquals((await service.post("/v1/rest/mgmt", { csl: ".show tables" })).status, 400);
  assertEquals((await service.post("/v3/rest/query", {})).status, 404);
  assertEquals((await service.send("/v1/rest/mgmt", { method: "GET" })).status, 405);
  assertEquals((await service.send("/v2/rest/query", { method: "POST", body: "[" })).status, 400);
});

Deno.test("the v1 query endpoint answers tables with a status and a table of contents", async () => {
  const service = new Service();
  const { text } = await service.post("/v1/rest/query", { db: "NetDefaultDB", csl: "print a = 1" });
  const { Tables } = JSON.parse(text);
  assertEquals(Tables.length, 4);
  assertEquals(Tables[0].Columns, [{ ColumnName: "a", DataType: "Int64", ColumnType: "long" }]);
  assertEquals(Tables[3].Rows[0].slice(0, 3), [0, "QueryResult", "PrimaryResult"]);
});

Deno.test("the metadata of sign-in is open to all", async () => {
  const service = new Service({ tokens: { secret: ["admin"] } });
  const { status, text } = await service.send("/v1/rest/auth/metadata", {});
  assertEquals([status, JSON.parse(text).AzureAD.LoginMfaRequired], [200, false]);
});
