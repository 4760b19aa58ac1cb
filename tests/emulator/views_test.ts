import { assertEquals, assertStringIncludes } from "@std/assert";
import { Service, streamable, TestClock } from "./service.ts";

const latest = ".create materialized-view V on table T { T | summarize arg_max(n, *) by k }";

async function service(clock = new TestClock()): Promise<Service> {
  const kusto = new Service({ now: clock.now });
  await kusto.run(...streamable("T", "k:string, n:long, s:string"));
  return kusto;
}

function rows(...values: readonly (readonly [string, number | null, string])[]): string {
  return values.map(([k, n, s]) => JSON.stringify({ k, n, s })).join("\n");
}

Deno.test("a view knows the rows that came after it, and is never behind them", async () => {
  const kusto = await service();
  await kusto.stream("T", rows(["early", 1, "unseen"]));
  await kusto.run(latest);
  assertEquals(await kusto.rows("V"), []);
  await kusto.stream("T", rows(["a", 1, "first"], ["b", 5, "only"]));
  await kusto.stream("T", rows(["a", 3, "newest"]));
  assertEquals(await kusto.rows("V | order by k asc"), [["a", 3, "newest"], ["b", 5, "only"]]);
  await kusto.stream("T", rows(["a", 2, "late"], ["b", 6, "newer"]));
  assertEquals(await kusto.rows("V | order by k asc"), [["a", 3, "newest"], ["b", 6, "newer"]]);
});

Deno.test("a view with backfill knows the rows from before, and needs async", async () => {
  const kusto = await service();
  await kusto.stream("T", rows(["a", 1, "early"]));
  const backfilled = latest.replace("-view V", "-view with (backfill=true) V");
  assertEquals((await kusto.command(backfilled)).status, 400);
  const [started] = await kusto.show(backfilled.replace(".create", ".create async"));
  const [operation] = await kusto.show(`.show operations ${started!["OperationId"]}`);
  assertEquals(operation!["State"], "Completed");
  assertEquals(await kusto.rows("V"), [["a", 1, "early"]]);
});

Deno.test("rows deleted from the source stay in the view until they are deleted there", async () => {
  const kusto = await service();
  await kusto.run(latest);
  await kusto.stream("T", rows(["a", 1, "x"], ["b", 1, "y"]));
  await kusto.run(".delete table T records <| T | where k == 'a'");
  assertEquals(await kusto.rows("V | count"), [[2]]);
  await kusto.run(".clear table T data");
  assertEquals(await kusto.rows("V | count"), [[2]]);
  await kusto.run(".delete materialized-view V records <| V | where k == 'a'");
  assertEquals(await kusto.rows("V"), [["b", 1, "y"]]);
  await kusto.run(".clear materialized-view V data");
  assertEquals(await kusto.rows("V"), []);
});

Deno.test("a key of the view is found by a look-up, before and after it changed", async () => {
  const kusto = await service();
  await kusto.run(latest);
  await kusto.stream("T", rows(["a", 1, "x"], ["b", 1, "y"]));
  assertEquals(await kusto.rows("V | where k == 'a'"), [["a", 1, "x"]]);
  await kusto.stream("T", rows(["a", 2, "z"], ["c", 1, "w"]));
  assertEquals(await kusto.rows("V | where k in ('a', 'c') | order by k asc"), [
    ["a", 2, "z"],
    ["c", 1, "w"],
  ]);
});

const aggregates: readonly (readonly [string, unknown])[] = [
  ["arg_max(n, s)", [3, "c"]],
  ["arg_min(n, s)", [1, "a"]],
  ["max(n), min(n)", [3, 1]],
  ["count(), total = sum(n)", [4, 6]],
  ["countif(n > 1)", [2]],
  ["arg_max(s, n), count()", ["d", null, 4]],
];

for (const [aggregate, expected] of aggregates) {
  Deno.test(`a view of ${aggregate} over several batches is that over all rows`, async () => {
    const kusto = await service();
    await kusto.run(
      `.create materialized-view V on table T { T | where s != '' | summarize ${aggregate} by k }`,
    );
    for (
      const row of [["k", 2, "b"], ["k", 1, "a"], ["k", 9, ""], ["k", 3, "c"], ["k", null, "d"]]
    ) {
      await kusto.stream("T", rows(row as [string, number, string]));
      await kusto.rows("V");
    }
    assertEquals(await kusto.rows("V"), [["k", ...expected as unknown[]]]);
    const whole = await kusto.rows(`T | where s != '' | summarize ${aggregate} by k`);
    assertEquals(await kusto.rows("V"), whole);
  });
}

const refusals: readonly (readonly [string, string])[] = [
  ["T | where n > 1", "summarize"],
  ["T | summarize count() by k | take 1", "summarize"],
  ["T | sort by n | summarize count() by k", "sort"],
  ["T | summarize dcount(n) by k", "dcount"],
  ["T | where n > 1 | summarize count() by bin(now(), 1h)", "current time"],
  ["Other | summarize count() by k", "source table"],
  ["T | summarize arg_max(missing, *) by k", "missing"],
];

for (const [query, said] of refusals) {
  Deno.test(`a view of ${query} is refused`, async () => {
    const kusto = await service();
    const { status, error } = await kusto.command(
      `.create materialized-view V on table T { ${query} }`,
    );
    assertEquals(status, 400);
    assertStringIncludes(error!["@message"], said);
    assertEquals(await kusto.show(".show materialized-views"), []);
  });
}

Deno.test(".create of a view that exists fails, ifnotexists leaves it as it is", async () => {
  const kusto = await service();
  await kusto.run(latest);
  assertEquals((await kusto.command(latest)).status, 400);
  await kusto.run(latest.replace(".create", ".create ifnotexists").replace("arg_max", "arg_min"));
  const [view] = await kusto.show(".show materialized-view V");
  assertStringIncludes(String(view!["Query"]), "arg_max");
});

Deno.test("a disabled view still answers, but nothing is materialized, and enabling it twice fails", async () => {
  const clock = new TestClock();
  const kusto = await service(clock);
  await kusto.run(latest, ".disable materialized-view V");
  clock.minutes(60);
  await kusto.stream("T", rows(["a", 1, "x"]));
  assertEquals(await kusto.rows("V"), [["a", 1, "x"]]);
  assertEquals(await kusto.rows("materialized_view('V')"), []);
  const [view] = await kusto.show(".show materialized-view V");
  assertEquals([view!["IsEnabled"], view!["IsHealthy"]], [false, false]);
  await kusto.run(".enable materialized-view V");
  assertEquals((await kusto.command(".enable materialized-view V")).status, 400);
});

Deno.test("a new column disables a view over all columns, or is taken up by autoUpdateSchema", async () => {
  const kusto = await service();
  await kusto.run(
    latest,
    latest.replace("-view V", "-view with (autoUpdateSchema=true) W"),
  );
  await kusto.stream("T", rows(["a", 1, "x"]));
  await kusto.run(
    ".create-merge table T (more:string)",
    ".clear database cache streamingingestion schema",
  );
  await kusto.stream("T", '{"k":"b","n":1,"s":"y","more":"m"}');
  assertEquals(await kusto.rows("V | order by k asc"), [["a", 1, "x"], ["b", 1, "y"]]);
  assertEquals(await kusto.rows("W | order by k asc"), [["a", 1, "x", ""], ["b", 1, "y", "m"]]);
  const views = await kusto.show(".show materialized-views | project Name, IsEnabled");
  assertEquals(views, [{ Name: "V", IsEnabled: false }, { Name: "W", IsEnabled: true }]);
});

Deno.test("a table that a view reads cannot be dropped, nor can its columns", async () => {
  const kusto = await service();
  await kusto.run(latest);
  assertEquals((await kusto.command(".drop table T")).status, 400);
  assertEquals((await kusto.command(".drop column T.s")).status, 400);
  await kusto.run(".drop materialized-view V", ".drop table T");
  assertEquals((await kusto.query("V")).error?.innererror?.code, "SEM0100");
});

Deno.test("a view keeps its rows by its own retention, not by its source's", async () => {
  const clock = new TestClock();
  const kusto = await service(clock);
  await kusto.run(
    latest,
    ".alter-merge table T policy retention softdelete = 1d recoverability = disabled",
    ".alter-merge materialized-view V policy retention softdelete = 10d recoverability = disabled",
  );
  await kusto.stream("T", rows(["a", 1, "x"]));
  clock.days(5);
  await kusto.stream("T", rows(["b", 1, "y"]));
  assertEquals(await kusto.rows("T | count; V | count"), [[1]]);
  assertEquals(await kusto.rows("V | count"), [[2]]);
  clock.days(5);
  assertEquals(await kusto.rows("V"), [["b", 1, "y"]]);
});

Deno.test("ingestion_time() is when a row came to a table, and null in a view", async () => {
  const clock = new TestClock();
  const kusto = await service(clock);
  await kusto.run(latest);
  await kusto.stream("T", rows(["a", 1, "x"]));
  clock.days(1);
  assertEquals(await kusto.rows("T | project ingestion_time()"), [[
    "2026-01-01T00:00:00.0000000Z",
  ]]);
  assertEquals(await kusto.rows("V | project ingestion_time()"), [[null]]);
});
