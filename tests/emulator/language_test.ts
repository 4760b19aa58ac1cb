import { assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { ServiceError } from "../../src/emulator/errors.ts";
import { ask, catalogOf, CountedTable } from "./language_kit.ts";

async function failure(text: string, parameters: Record<string, unknown> = {}) {
  const error = await assertRejects(() => ask(text, catalogOf(), parameters));
  assertInstanceOf(error, ServiceError);
  return error;
}

Deno.test("query errors: a missing table is a semantic error that names its reader", async () => {
  const error = await failure("Missing | take 5");
  assertEquals([error.status, error.code, error.inner?.code], [
    400,
    "General_BadRequest",
    "SEM0100",
  ]);
  assertStringIncludes(
    error.message,
    "'take' operator: Failed to resolve table expression named 'Missing'",
  );
});

Deno.test("query errors: a missing column is a semantic error that names its operator", async () => {
  const error = await failure("print a = 1 | extend b = zz");
  assertStringIncludes(
    error.message,
    "'extend' operator: Failed to resolve scalar expression named 'zz'",
  );
});

Deno.test("query errors: a broken text is a syntax error with its place", async () => {
  const error = await failure("print 1\n| where (");
  assertEquals([error.code, error.inner?.type], [
    "BadRequest_SyntaxError",
    "Kusto.Data.Exceptions.SyntaxException",
  ]);
  assertStringIncludes(error.message, "[line:position=2:");
});

Deno.test("query errors: strings have no order", async () => {
  const error = await failure("print 'a' < 'b'");
  assertEquals(error.inner?.type, "Kusto.Data.Exceptions.SemanticException");
});

for (
  const [what, query] of [
    ["'facet'", "print a = 1 | facet by a"],
    [
      "'row_number' over rows whose order is not serialized",
      "datatable(a:int)[1] | extend row_number()",
    ],
    ["a comparison of bool with long", "print true == 1"],
    ["'MMM' in the format of a date", "print format_datetime(now(), 'MMM')"],
    ["a percentile of string", "print s = 'a' | summarize percentile(s, 50)"],
    ["'geo_angle'", "print geo_angle(1, 1, 2, 2, 3, 3)"],
    ["'set' here", "set notruncation; print 1"],
    ["the literal 'decimal(1e9000)'", "print decimal(1e9000)"],
    [
      "'x' in toscalar(), as it depends on a row outside of it",
      "let T = range y from 1 to 3 step 1; let f = (x:long) { toscalar(T | where y == x) }; T | extend f(y)",
    ],
    [
      "'r' in toscalar(), as it depends on a row outside of it",
      "let T = range y from 1 to 3 step 1; let f = (x:long) { let r = T | where y == x; toscalar(r) }; T | extend f(y)",
    ],
    [
      "the column 'y' here",
      "let T = range y from 1 to 3 step 1; let f = (x:long) { T | where y == x }; T | where y in (f(y))",
    ],
  ] as const
) {
  Deno.test(`query errors: what is not supported is refused by name: ${what}`, async () => {
    const error = await failure(query);
    assertEquals(error.status, 400);
    assertStringIncludes(error.message, what);
    assertStringIncludes(error.message, "[line:position=1:");
  });
}

/** Types, raw values of a request and what they stand for. */
const parameters: readonly (readonly [string, unknown, string])[] = [
  ["string", "Flash Flood", '"Flash Flood"'],
  ["string", '"a \\"b\\" \\n \\u00e9"', '"a \\"b\\" \\n é"'],
  ["string", "'single'", '"single"'],
  ["long", 5, "5"],
  ["long", "9007199254740993", "9007199254740993"],
  ["long", "long(-3)", "-3"],
  ["int", "int(7)", "7"],
  ["real", 0.5, "0.5"],
  ["bool", "bool(true)", "true"],
  ["bool", false, "false"],
  ["datetime", "datetime(2024-01-02T03:04:05.1234567Z)", '"2024-01-02T03:04:05.1234567Z"'],
  ["timespan", "timespan(1.02:03:04)", '"1.02:03:04"'],
  ["decimal", "decimal(1.1)", '"1.1"'],
  ["guid", "guid(74BE27DE-1E4E-49D9-B579-FE0B331D3642)", '"74be27de-1e4e-49d9-b579-fe0b331d3642"'],
  ["dynamic", 'dynamic(["a",{"b":1}])', '["a",{"b":1}]'],
  ["dynamic", ["a"], '["a"]'],
  ["long", "long(null)", "null"],
];

for (const [type, raw, expected] of parameters) {
  Deno.test(`query parameters: ${type} from ${JSON.stringify(raw)}`, async () => {
    const [table] = await ask(`declare query_parameters(p:${type}); print v = p`, catalogOf(), {
      p: raw,
    });
    assertEquals(table!.columns, `v:${type}`);
    assertEquals(table!.rows, [[expected]]);
  });
}

Deno.test("query parameters: defaults stand in, undeclared ones are tolerated, missing ones fail", async () => {
  const [table] = await ask("declare query_parameters(a:long = 5); print a", catalogOf(), { x: 1 });
  assertEquals(table!.rows, [["5"]]);
  await failure("declare query_parameters(a:long); print a");
  await failure("declare query_parameters(a:long); print a", { a: "long(x)" });
});

Deno.test("stored functions: scalar and tabular ones are called with arguments", async () => {
  const catalog = catalogOf([new CountedTable([["a", 1n], ["b", 5n]])], [
    { name: "Twice", parameters: "(x:long)", body: "{ x * 2 }" },
    { name: "Older", parameters: "(than:long = 2)", body: "{ People | where age > than }" },
  ]);
  const tables = await ask(
    "Older() | extend t = Twice(age); Older(0) | count; Older | count",
    catalog,
  );
  assertEquals(tables.map(({ rows }) => rows), [[['"b"', "5", "10"]], [["2"]], [["1"]]]);
});

Deno.test("analysed texts follow the schema's version", async () => {
  const table = new CountedTable([["a", 1n]]);
  const catalog = { ...catalogOf([table]) };
  await ask("People | project id", catalog);
  const changed = Object.assign(catalog, { schemaVersion: 2, tables: new Map() });
  await assertRejects(() => ask("People | project id", changed), ServiceError);
});
