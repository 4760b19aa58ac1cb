import { assertEquals, assertStringIncludes } from "@std/assert";
import { framesOf, Service } from "./service.ts";

Deno.test("set: a limit on rows holds as if the request had brought it", async () => {
  const service = new Service();
  const answer = await service.query(
    "set truncationmaxrecords = 2; range x from 1 to 5 step 1",
  );
  const completion = framesOf(answer).at(-1)!;
  assertEquals([answer.status, completion.HasErrors], [200, true]);
  assertStringIncludes(answer.text, "LimitsExceeded");
});

Deno.test("set: of two limits the lower wins, and a limit keeps notruncation from working", async () => {
  const service = new Service();
  const failed = async (csl: string, Options: object) =>
    framesOf(await service.query(csl, { Options })).at(-1)!.HasErrors;
  const rows = "range x from 1 to 5 step 1";
  assertEquals(
    await failed(`set truncationmaxrecords=9; ${rows}`, { truncationmaxrecords: 2 }),
    true,
  );
  assertEquals(
    await failed(`set truncationmaxrecords=2; ${rows}`, { truncationmaxrecords: 9 }),
    true,
  );
  assertEquals(await failed(`set notruncation; ${rows}`, { truncationmaxrecords: 2 }), true);
  assertEquals(await failed(`set notruncation; ${rows}`, {}), false);
});

Deno.test("set: query_now is the time of the queries behind it", async () => {
  const rows = await new Service().rows("set query_now=datetime(2020-01-02); print now()");
  assertEquals(rows, [["2020-01-02T00:00:00.0000000Z"]]);
});

for (
  const [query, said] of [
    ["print 1;\nset servertimeout=1m; print 2", "a 'set' statement behind a query"],
    [
      "set servertimeout=1m; print 1",
      "'servertimeout' cannot be set by a statement [line:position=1:0]",
    ],
    [
      "set notruncation;\nset queryconsistency='x'; print 1",
      "'queryconsistency' cannot be set by a statement [line:position=2:0]",
    ],
    ["set truncationmaxsize=5; print 1", "'truncationmaxsize' cannot be set by a statement"],
    [
      "set query_bin_auto_size=1d; print 1",
      "'query_bin_auto_size' [line:position=1:0] is not supported",
    ],
    ["set results_error_reporting_placement='odd'; print 1", "placement' cannot be"],
  ] as const
) {
  Deno.test(`set: what is not honoured is refused: ${query}`, async () => {
    const { status, error } = await new Service().query(query);
    assertEquals(status, 400);
    assertStringIncludes(error!["@message"], said);
  });
}

Deno.test("set: commands refuse it, for nobody there would honour it", async () => {
  const { status, error } = await new Service().command(
    ".show tables | count; set notruncation",
  );
  assertEquals(status, 400);
  assertStringIncludes(error!["@message"], "'set' here");
});
