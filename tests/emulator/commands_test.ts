import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Service } from "./service.ts";

Deno.test("every command of provision.kql runs, a second time too, and is shown as set", async () => {
  const service = new Service();
  const text = await Deno.readTextFile(new URL("../../provision.kql", import.meta.url));
  const commands = text.split(/\n(?=\.)/).map((part) => part.replaceAll(/^\/\/.*$/gm, "").trim())
    .filter((part) => part.startsWith("."));
  await service.run(...commands, ...commands);
  const tables = await service.show(".show tables | project TableName | order by TableName asc");
  assertEquals(tables.map(({ TableName }) => TableName), [
    "CheckpointBlobs",
    "CheckpointDeletions",
    "CheckpointWrites",
    "Checkpoints",
    "ThreadDeletions",
  ]);
  const [retention] = await service.show(".show table Checkpoints policy retention");
  assertEquals(
    retention!["Policy"],
    '{"SoftDeletePeriod":"90.00:00:00","Recoverability":"Disabled"}',
  );
  const [encoding] = await service.show(".show column CheckpointBlobs.data policy encoding");
  assertEquals(encoding!["Policy"], '{"EncodingPolicyType":"BigObject"}');
  const [view] = await service.show(".show materialized-view LatestCheckpoints");
  assertEquals([view!["SourceTable"], view!["IsEnabled"]], ["Checkpoints", true]);
  await service.emulator.close();
});

const refused: readonly (readonly [string, number, string, string])[] = [
  [".foo", 400, "BadRequest_SyntaxError", "[line:position=1:1]"],
  [".show", 400, "BadRequest_SyntaxError", "line:position"],
  [".drop table A | count", 400, "BadRequest_NotSupported", "changes something"],
  [".show queries", 400, "BadRequest_SyntaxError", "queries"],
  [".create table T (a:nothing)", 400, "BadRequest_SyntaxError", "unknown type 'nothing'"],
  [".create table T (a:string", 400, "BadRequest_SyntaxError", "not closed"],
  [".create table T (a:string) extra", 400, "BadRequest_SyntaxError", "extra"],
  [".create table __t__ (a:string)", 400, "BadRequest_EntityNameIsNotValid", "__t__"],
  [".create table T (a:string, a:long)", 400, "General_BadRequest", "named twice"],
  [".drop table Missing", 400, "General_BadRequest", "Missing"],
  [".show table Missing policy caching", 400, "General_BadRequest", "Missing"],
  [".alter table A policy retention 'nonsense'", 400, "General_BadRequest", "not JSON"],
  [".alter table A policy retention '{\"Soft\":1}'", 400, "General_BadRequest", "'Soft'"],
  [".alter table A policy roworder (x asc)", 400, "General_BadRequest", "'x'"],
  [".alter column A.a policy encoding type='Odd'", 400, "General_BadRequest", "Odd"],
  [".create-merge table A (a:long)", 400, "General_BadRequest", "type 'string'"],
  [".alter table A policy update '[]'", 400, "BadRequest_SyntaxError", "update"],
  [".execute database script <| nothing", 400, "General_BadRequest", "no commands"],
  ["print 1", 400, "General_BadRequest", "begin with a dot"],
];

for (const [command, status, code, said] of refused) {
  Deno.test(`the command ${command} is refused with ${code}`, async () => {
    const service = new Service();
    await service.run(".create table A (a:string)");
    const { status: actual, error } = await service.command(command);
    assertEquals([actual, error?.code, error?.["@permanent"]], [status, code, true]);
    assertStringIncludes(error!["@message"], said);
  });
}

Deno.test("commands are read in any case, with comments and names in brackets", async () => {
  const service = new Service();
  await service.run("// first\n.CREATE Table ['my table'] (['a b']:string, n:int32) // end");
  const [schema] = await service.show(".show table ['my table'] cslschema");
  assertEquals(schema!["Schema"], "['a b']:string,n:int");
});

Deno.test(".create table on a table that exists changes nothing, .create-merge adds columns", async () => {
  const service = new Service();
  await service.run(
    ".create table T (a:string)",
    ".create table T (b:long)",
    ".ingest inline into table T <| x",
    ".create-merge table T (b:long, c:dynamic)",
  );
  assertEquals(await service.rows("T"), [["x", null, null]]);
});

Deno.test("dropping a column, changing its type and dropping the table take the data along", async () => {
  const service = new Service();
  await service.run(
    ".create table T (a:string, b:long, c:string)",
    ".ingest inline into table T <| x,1,y",
    ".drop column T.a",
    ".alter column T.c type=long",
  );
  assertEquals(await service.rows("T"), [[1, null]]);
  await service.run(".drop table T", ".drop table T ifexists", ".create table T (b:long)");
  assertEquals(await service.rows("T | count"), [[0]]);
});

Deno.test("a script succeeds by default though a command of it failed, and says so in its rows", async () => {
  const service = new Service();
  const script =
    "<|\n.create table A (a:string)\n\n.drop table Missing\n.create table B (a:string)";
  const rows = await service.show(`.execute database script ${script}`);
  assertEquals(rows.map(({ Result }) => Result), ["Completed", "Failed"]);
  assertMatch(String(rows[1]!["Reason"]), /Missing/);
  const all = await service.show(`.execute database script with (ContinueOnErrors=true) ${script}`);
  assertEquals(all.map(({ Result }) => Result), ["Completed", "Failed", "Completed"]);
  const thrown = await service.command(
    `.execute database script with (ThrowOnErrors=true) ${script}`,
  );
  assertEquals(thrown.status, 400);
});

Deno.test("a script's .show commands are skipped and its strings may hold lines with dots", async () => {
  const service = new Service();
  const rows = await service.show(
    ".execute database script <|\n.show tables\n.create table T (a:string) with (docstring=```x\n.drop table T```)",
  );
  assertEquals(rows.map(({ Result }) => Result), ["Skipped", "Completed"]);
  const [table] = await service.show(".show tables");
  assertEquals(table!["DocString"], "x\n.drop table T");
});

Deno.test("rows of a command may be piped into a query, and come with a table of contents", async () => {
  const service = new Service();
  await service.run(".create table A (a:string)", ".create table B (a:string)");
  const { text } = await service.command(".show tables | where TableName == 'B' | count");
  const tables = JSON.parse(text).Tables;
  assertEquals(tables.length, 4);
  assertEquals(tables[0].Rows, [[1]]);
  assertEquals(tables[3].Rows.map((row: unknown[]) => row[1]), [
    "QueryResult",
    "QueryProperties",
    "QueryStatus",
  ]);
});

Deno.test("stored functions are bound when made, listed, used by queries, and dropped", async () => {
  const service = new Service();
  await service.run(
    ".create table T (a:string, n:long)",
    ".ingest inline into table T <| x,1\ny,2",
    '.create-or-alter function with (docstring="least") Above(least:long = 1) { T | where n > least }',
  );
  assertEquals(await service.rows("Above()"), [["y", 2]]);
  assertEquals(await service.rows("Above(0) | count"), [[2]]);
  const [shown] = await service.show(".show function Above");
  assertEquals([shown!["Parameters"], shown!["DocString"]], ["(least:long = 1)", "least"]);
  const wrong = await service.command(".create function Wrong() { Missing | count }");
  assertEquals(wrong.error?.innererror?.code, "SEM0100");
  await service.run(
    ".create function with (skipvalidation='true') Wrong() { Missing | count }",
    ".drop function Above",
    ".drop function Above ifexists",
  );
  assertEquals((await service.query("Above()")).status, 400);
});

Deno.test(".delete removes what its predicate picks; whatif only counts it", async () => {
  const service = new Service();
  await service.run(
    ".create table T (a:string, n:long)",
    ".create table Other (a:string)",
    ".ingest inline into table T <| x,1\ny,2\nx,3",
  );
  const [counted] = await service.show(
    ".delete table T records with (whatif=true) <| T | where a == 'x' | where n > 1",
  );
  assertEquals(counted!["RecordsMatchPredicate"], 1);
  assertEquals(await service.rows("T | count"), [[3]]);
  await service.run(".delete table T records <| T | where a == 'x'");
  assertEquals(await service.rows("T"), [["y", 2]]);
  for (
    const predicate of [
      "T | where a in ((Other | project a))",
      "Other | where a == 'y'",
      "T",
      "T | take 1",
    ]
  ) {
    assertEquals((await service.command(`.delete table T records <| ${predicate}`)).status, 400);
  }
  assertEquals(await service.rows("T | count"), [[1]]);
});

Deno.test("rows that went are not found by a text that found them before, rows that came are", async () => {
  const service = new Service();
  await service.run(
    ".create table T (a:string, n:long)",
    ".ingest inline into table T <| x,1\ny,2",
    ".create materialized-view V on table T { T | summarize n = max(n) by a }",
    ".ingest inline into table T <| x,3\ny,4",
  );
  const found = async () => [
    await service.rows("T | where a == 'x' | project n | order by n asc"),
    await service.rows("V | where a == 'x' | project n"),
  ];
  assertEquals(await found(), [[[1], [3]], [[3]]]);
  await service.run(
    ".delete table T records <| T | where a == 'x'",
    ".delete materialized-view V records <| V | where a == 'x'",
  );
  assertEquals(await found(), [[], []]);
  await service.run(".ingest inline into table T <| x,5");
  assertEquals(await found(), [[[5]], [[5]]]);
});

Deno.test(".set-or-append takes the rows of a query, with its types", async () => {
  const service = new Service();
  await service.run(
    ".set-or-append T <| range n from 1 to 3 step 1 | extend d = dynamic({'a':1})",
    ".set-or-append T <| print n = 4, d = dynamic(null)",
    ".clear table T data",
    ".append T <| print n = 5, d = dynamic([1])",
  );
  assertEquals(await service.rows("T"), [[5, [1]]]);
  const other = await service.command(".append T <| print n = 'x', d = 1");
  assertStringIncludes(other.error!["@message"], "schema");
});

Deno.test("the database's schema is shown as rows, as JSON and for one table", async () => {
  const service = new Service();
  await service.run(".create table T (a:string, n:int) with (folder='F')");
  const rows = await service.show(".show database NetDefaultDB schema");
  assertEquals(
    rows.map(({ TableName, ColumnName, ColumnType }) => [TableName, ColumnName, ColumnType]),
    [
      ["", "", ""],
      ["T", "", ""],
      ["T", "a", "System.String"],
      ["T", "n", "System.Int32"],
    ],
  );
  const [json] = await service.show(".show database schema as json");
  const { Tables } = JSON.parse(Object.values(json!)[0] as string).Databases.NetDefaultDB;
  assertEquals(Tables.T.OrderedColumns[1], { Name: "n", Type: "System.Int32", CslType: "int" });
  const [table] = await service.show(".show table T schema as json");
  assertEquals([table!["TableName"], table!["Folder"]], ["T", "F"]);
});

Deno.test("a script tells of a command that is no more than a dot, as of any that fails", async () => {
  const service = new Service();
  const rows = await service.show(
    ".execute database script with (ContinueOnErrors=true) <|\n.\n.create table A (a:string)",
  );
  assertEquals(rows.map(({ CommandType, Result }) => [CommandType, Result]), [
    ["", "Failed"],
    ["CreateTable", "Completed"],
  ]);
});

Deno.test("a table whose columns cannot be merged keeps its columns, folder and text", async () => {
  const service = new Service();
  await service.run(".create table T (a:string) with (folder='f')");
  const before = await service.show(".show tables");
  for (const verb of [".create-merge", ".alter-merge", ".alter"]) {
    const command = `${verb} table T (b:long, a:long) with (folder='g', docstring='d')`;
    assertEquals((await service.command(command)).status, 400);
  }
  assertEquals(await service.show(".show tables"), before);
  assertEquals((await service.show(".show table T cslschema"))[0]!["Schema"], "a:string");
});
