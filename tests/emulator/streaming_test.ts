import { assertEquals, assertStringIncludes } from "@std/assert";
import { Service, streamable, TestClock } from "./service.ts";

const columns = "a:string, n:long, d:dynamic, t:datetime, i:int";

async function service(clock = new TestClock()): Promise<Service> {
  const made = new Service({ now: clock.now });
  await made.run(...streamable("T", columns));
  return made;
}

function consumed(text: string): unknown {
  return JSON.parse(text).Tables[0].Rows[0];
}

Deno.test("streamed rows are there at once and the answer counts them", async () => {
  const kusto = await service();
  const { text } = await kusto.stream("T", '{"a":"x","n":1}\n{"a":"y","t":"2026-01-02"}\n');
  assertEquals(consumed(text), [2, "Inactive", "Unknown", null]);
  assertEquals(await kusto.rows("T"), [
    ["x", 1, null, null, null],
    ["y", null, null, "2026-01-02T00:00:00.0000000Z", null],
  ]);
});

const refusals: readonly (readonly [string, string, string, string, string])[] = [
  ["a table that is missing", "Missing", "{}", "streamFormat=Json", "BadRequest_EntityNotFound"],
  ["a table without the policy", "Off", "{}", "streamFormat=Json", "PolicyNotEnabled"],
  [
    "a mapping that is missing",
    "T",
    "{}",
    "streamFormat=Json&mappingName=M",
    "Entity ID 'M' of kind 'MappingPersistent' was not found",
  ],
  ["a bad record of MultiJSON", "T", '{"a":"x"}\n{"a":', "streamFormat=MultiJSON", "InvalidBlob"],
  ["an empty body", "T", "", "streamFormat=MultiJSON", "NoRecords"],
  ["a format it does not know", "T", "{}", "streamFormat=Avro", "NotSupported"],
  ["a parameter it does not know", "T", "{}", "streamFormat=Json&sourceKind=uri", "NotSupported"],
  ["a parameter that comes twice", "T", "{}", "streamFormat=Json&streamformat=csv", "BadRequest"],
  ["a request without a format", "T", "x", "", "BadRequest"],
  ["Json that is an array", "T", '[{"a":"x"}]', "streamFormat=Json", "NoRecords"],
];

Deno.test("where the cluster's switch is off no table can be streamed to, all else works", async () => {
  const kusto = new Service({ streaming: false });
  await kusto.run(".create table T (a:string)", ".ingest inline into table T <| x");
  for (
    const command of [
      ".alter table T policy streamingingestion enable",
      `.alter-merge table T policy streamingingestion '{"IsEnabled":true}'`,
      ".alter database NetDefaultDB policy streamingingestion enable",
    ]
  ) {
    const { status, error } = await kusto.command(command);
    assertEquals(status, 400);
    assertStringIncludes(error?.["@message"] ?? "", "streaming ingestion is not enabled");
  }
  const { status, text } = await kusto.stream("T", "y", "streamFormat=Csv");
  assertEquals([status, text], [404, ""]);
  assertEquals(await kusto.rows("T"), [["x"]]);
});

for (const [what, table, body, parameters, said] of refusals) {
  Deno.test(`streaming refuses ${what} and takes nothing`, async () => {
    const kusto = await service();
    await kusto.run(
      ".create table Off (a:string)",
      ".clear database cache streamingingestion schema",
    );
    const { status, error } = await kusto.stream(table, body, parameters);
    assertEquals(status, 400);
    assertStringIncludes(`${error?.code} ${error?.innererror?.code} ${error?.["@message"]}`, said);
    assertEquals(await kusto.rows("T | count"), [[0]]);
  });
}

Deno.test("format Json drops bad lines silently, MultiJSON takes arrays and any white space", async () => {
  const kusto = await service();
  await kusto.stream("T", '{"a":"1"}\nnonsense\n{"a":\n{"a":"2"}', "streamFormat=Json");
  await kusto.stream("T", '[ {"a":"3"},\n {"a":\n"4"} ]\n{"a":"5"} {"a":"}6"}');
  assertEquals((await kusto.rows("T | order by a asc | project a")).flat(), [
    "1",
    "2",
    "3",
    "4",
    "5",
    "}6",
  ]);
});

Deno.test("values that do not fit their column become null, and fields match by exact name", async () => {
  const kusto = await service();
  await kusto.stream("T", '{"A":"no","a":7,"n":1.5,"t":"never","i":3000000000,"d":null}');
  assertEquals(await kusto.rows("T"), [["7", null, null, null, null]]);
});

Deno.test("whole numbers keep every digit beyond 2^53, in columns of any type", async () => {
  const kusto = await service();
  const long = 9223372036854775807n;
  await kusto.stream("T", `{"n":${long},"a":${long},"d":{"k":[${long}]}}\n{"a":{"k":[-${long}]}}`);
  assertStringIncludes(
    (await kusto.query("T | project n, a, d")).text,
    `"Rows":[[${long},"${long}",{"k":[${long}]}],[null,"{\\"k\\":[-${long}]}",null]]`,
  );
});

Deno.test("the names of a streaming request's parameters are read in any case", async () => {
  const kusto = await service();
  await kusto.run(
    `.create table T ingestion json mapping "M" '[{"column":"a","path":"$.x"}]'`,
    ".clear table T cache streamingingestion schema",
  );
  await kusto.stream("T", '{"x":"mapped"}', "STREAMFORMAT=json&mappingname=M");
  assertEquals(await kusto.rows("T | project a"), [["mapped"]]);
});

Deno.test("a read-only request brings no rows", async () => {
  const kusto = await service();
  const { status, error } = await kusto.stream("T", "{}", "streamFormat=Json", {
    "x-ms-readonly": "true",
  });
  assertEquals([status, error?.code], [403, "Forbidden"]);
  assertEquals(await kusto.rows("T | count"), [[0]]);
});

Deno.test("a mapping takes paths, constants and the table's own before the database's", async () => {
  const kusto = await service();
  const mapping =
    '[{"column":"a","Properties":{"Path":"$.x[\'y z\'][1]"}},{"column":"n","path":"$.n"}]';
  await kusto.run(
    `.create-or-alter database NetDefaultDB ingestion json mapping "M" '[{"column":"a","path":"$.db"}]'`,
    `.create-or-alter table T ingestion json mapping "M" \`\`\`${mapping}\`\`\``,
    `.create-or-alter table T ingestion json mapping "C" '[{"column":"a","path":"fixed"}]'`,
    ".clear table T cache streamingingestion schema",
  );
  await kusto.stream("T", '{"x":{"y z":[0,"deep"]},"n":2}', "streamFormat=Json&mappingName=M");
  await kusto.stream("T", '{"n":3}', "streamFormat=Json&mappingName=C");
  assertEquals(await kusto.rows("T | project a, n"), [["deep", 2], ["fixed", null]]);
});

Deno.test("CSV rows are taken by position, quotes and line breaks inside them kept", async () => {
  const kusto = await service();
  await kusto.stream("T", 'x,1,"{""k"":1}"\r\n"two\nlines ""q""",2\n', "streamFormat=csv");
  await kusto.stream("T", "p\t3", "streamFormat=TSV");
  assertEquals(await kusto.rows("T | project a, n, d"), [
    ["x", 1, { k: 1 }],
    ['two\nlines "q"', 2, null],
    ["p", 3, null],
  ]);
});

for (
  const [what, size, status] of [["just under", -1, 200], ["at", 0, 200], ["over", 1, 413]] as const
) {
  Deno.test(`a body ${what} 4 MiB unpacked is answered with ${status}, packed or not`, async () => {
    const kusto = await service();
    const start = '{"a":"x","d":"';
    const body = `${start}${"y".repeat(4 * 1_048_576 + size - start.length - 2)}"}`;
    assertEquals((await kusto.stream("T", body)).status, status);
    const packed = await new Response(
      new Blob([body]).stream().pipeThrough(new CompressionStream("gzip")),
    ).arrayBuffer();
    const headers = { "content-encoding": "gzip" };
    assertEquals(
      (await kusto.stream("T", packed, "streamFormat=MultiJSON", headers)).status,
      status,
    );
  });
}

Deno.test("a body that is not the gzip it claims to be is refused", async () => {
  const kusto = await service();
  const headers = { "content-encoding": "gzip" };
  assertEquals((await kusto.stream("T", "{}", "streamFormat=Json", headers)).status, 400);
});

const mebibyte = 1_048_576;

Deno.test("strings over 1 MiB are cut at the end of a character, dynamics over it become null", async () => {
  const kusto = await service();
  const long = `${"x".repeat(mebibyte - 1)}é`;
  await kusto.stream("T", JSON.stringify({ a: long, d: { k: "x".repeat(mebibyte) } }));
  await kusto.stream("T", JSON.stringify({ a: "x".repeat(mebibyte), d: "x".repeat(mebibyte - 2) }));
  assertEquals(await kusto.rows("T | project strlen(a), isnull(d)"), [
    [mebibyte - 1, true],
    [mebibyte, false],
  ]);
});

Deno.test("BigObject gives a column room for 2 MiB, for rows ingested afterwards", async () => {
  const kusto = await service();
  await kusto.run(
    ".alter column T.a policy encoding type='BigObject'",
    ".clear table T cache streamingingestion schema",
  );
  await kusto.stream("T", JSON.stringify({ a: "x".repeat(2 * mebibyte + 5) }));
  assertEquals(await kusto.rows("T | project strlen(a)"), [[2 * mebibyte]]);
});

Deno.test("strings inside dynamics that look like dates, guids or numbers change their type", async () => {
  const kusto = await service();
  await kusto.stream("T", '{"d":{"z":"2024-01-01","b":"12.50","a":"plain","j":"j:12"}}');
  const { text } = await kusto.query("T | project d");
  assertStringIncludes(
    text,
    '{"a":"plain","b":12.5,"j":"j:12","z":"2024-01-01T00:00:00.0000000Z"}',
  );
});

Deno.test("a new table is known to streaming after five minutes or a cleared cache", async () => {
  const clock = new TestClock();
  const kusto = new Service({ now: clock.now });
  await kusto.run(".create table T (a:string)", ".alter table T policy streamingingestion enable");
  assertEquals((await kusto.stream("T", '{"a":"x"}')).status, 400);
  clock.minutes(4);
  assertEquals((await kusto.stream("T", '{"a":"x"}')).status, 400);
  clock.minutes(1);
  assertEquals((await kusto.stream("T", '{"a":"x"}')).status, 200);
  await kusto.run(".alter-merge table T (b:string)");
  await kusto.stream("T", '{"a":"x","b":"lost"}');
  await kusto.run(".clear table T cache streamingingestion schema");
  await kusto.stream("T", '{"a":"x","b":"kept"}');
  assertEquals(await kusto.rows("T | project b"), [[""], [""], ["kept"]]);
});

Deno.test("without the cache's lag a new table is known at once", async () => {
  const kusto = new Service({ schemaCacheLag: false });
  await kusto.run(".create table T (a:string)", ".alter table T policy streamingingestion enable");
  assertEquals((await kusto.stream("T", '{"a":"x"}')).status, 200);
});

Deno.test("rows of a table that was dropped and made again are not lost silently", async () => {
  const kusto = await service();
  await kusto.run(".drop table T", `.create table T (${columns})`);
  assertEquals((await kusto.stream("T", '{"a":"x"}')).status, 400);
});

Deno.test("the database's streaming policy holds for tables that have none", async () => {
  const kusto = new Service();
  await kusto.run(
    ".create table T (a:string)",
    ".create table Off (a:string)",
    ".alter database NetDefaultDB policy streamingingestion '{\"IsEnabled\":true}'",
    ".alter table Off policy streamingingestion disable",
    ".clear database cache streamingingestion schema",
  );
  assertEquals((await kusto.stream("T", '{"a":"x"}')).status, 200);
  assertEquals((await kusto.stream("Off", '{"a":"x"}')).status, 400);
});

Deno.test("rows leave a table when its retention ends, never before", async () => {
  const clock = new TestClock();
  const kusto = await service(clock);
  await kusto.run(
    ".alter-merge table T policy retention softdelete = 10d recoverability = disabled",
  );
  await kusto.stream("T", '{"a":"old"}');
  clock.days(6);
  await kusto.stream("T", '{"a":"new"}');
  clock.days(3.99);
  assertEquals(await kusto.rows("T | count"), [[2]]);
  clock.days(0.01);
  assertEquals(await kusto.rows("T | project a"), [["new"]]);
});
