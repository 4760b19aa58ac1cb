import { assertEquals, assertStringIncludes } from "@std/assert";
import { Service, streamable } from "./service.ts";

async function kusto(): Promise<Service> {
  const service = new Service();
  await service.run(...streamable("T", "a:string, n:long"));
  for (const a of ["x", "y"]) await service.stream("T", JSON.stringify({ a, n: 1 }));
  return service;
}

const POLICY = `.alter table T policy row_level_security enable "T | where a == 'x'"`;

Deno.test("row-level security hides rows from every query, and takes in those it hides", async () => {
  const service = await kusto();
  await service.run(POLICY);
  assertEquals(await service.rows("T | project a"), [["x"]]);
  assertEquals(await service.rows("T | where a == 'y' | count"), [[0]]);
  assertEquals(await service.rows("table('T') | project a"), [["x"]]);
  assertEquals((await service.stream("T", '{"a":"z"}')).status, 200);
  assertEquals(await service.rows("T | count"), [[1]]);
  await service.run(".create function F() { T | project a }", ".set Copy <| T");
  assertEquals(await service.rows("F"), [["x"]]);
  assertEquals(await service.rows("Copy | count"), [[1]]);
  await service.run(".delete table T policy row_level_security");
  assertEquals(await service.rows("T | count"), [[3]]);
});

Deno.test("a policy is shown as JSON, and one that is disabled hides nothing", async () => {
  const service = await kusto();
  const show = async () => {
    const [row] = await service.show(".show table T policy row_level_security");
    return [row!.PolicyName, JSON.parse(String(row!.Policy))];
  };
  assertEquals(await show(), ["RowLevelSecurityPolicy", null]);
  await service.run(POLICY);
  assertEquals(await show(), [
    "RowLevelSecurityPolicy",
    { IsEnabled: true, Query: "T | where a == 'x'" },
  ]);
  await service.run(POLICY.replace("enable", "disable"));
  assertEquals(await service.rows("T | count"), [[2]]);
});

Deno.test("a view hides rows by a policy of its own, and its table's policy demands one", async () => {
  const service = await kusto();
  await service.run(
    ".create async materialized-view with (backfill=true) V on table T { T | summarize n = sum(n) by a }",
  );
  assertStringIncludes((await service.command(POLICY)).text, "materialized view 'V'");
  await service.run(
    POLICY.replace('"', 'with (allowMaterializedViewsWithoutRowLevelSecurity=true) "'),
  );
  assertEquals(await service.rows("V | count"), [[2]]);
  await service.run(
    `.alter materialized-view V policy row_level_security enable "V | where a == 'y'"`,
    POLICY,
  );
  assertEquals(await service.rows("V | project a"), [["y"]]);
  assertEquals(await service.rows("materialized_view('V') | project a"), [["y"]]);
  await service.stream("T", '{"a":"y","n":41}');
  // Materialization goes past the policies.
  assertEquals(await service.rows("V | project n"), [[42]]);
});

const refused: readonly (readonly [string, string])[] = [
  [POLICY.replace(" | where a == 'x'", " | project a"), "columns of 'T'"],
  [POLICY.replace('"T ', '"U '), "'U'"],
  [POLICY.replace('"', 'with (folder="F") "'), "'folder'"],
  [POLICY.replace("table T", "table U"), "'U'"],
];

for (const [command, said] of refused) {
  Deno.test(`the command ${command} is refused`, async () => {
    const service = await kusto();
    await service.run(".create table U2 (a:string, n:long)");
    const answer = await service.command(command);
    assertEquals(answer.status, 400);
    assertStringIncludes(answer.text, said);
  });
}

Deno.test("no view is made over a table with row-level security", async () => {
  const service = await kusto();
  await service.run(POLICY);
  const answer = await service.command(
    ".create materialized-view V on table T { T | summarize n = sum(n) by a }",
  );
  assertEquals(answer.status, 400);
});
