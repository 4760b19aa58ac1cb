/** Requests that would take all memory or time are refused, and the emulator goes on. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Service, streamable } from "./service.ts";

/** `let`s that each double what the one before holds. */
function doubled(first: string, next: (name: string) => string, last: string): string {
  const steps = Array.from({ length: 40 }, (_, at) => `let a${at + 1} = ${next(`a${at}`)};`);
  return `let a0 = ${first};${steps.join("")}${last.replaceAll("LAST", "a40")}`;
}

const bombs: readonly (readonly [string, string])[] = [
  ["a range without end", "range x from 1 to 1000000000000 step 1 | count"],
  ["a range whose step is lost in rounding", "range x from 1e300 to 1e301 step 1.0 | count"],
  ["an array of 10^12 elements", "print repeat(1, 1000000000000)"],
  [
    "expansions of expansions",
    "range a from 1 to 1000 step 1 | extend l = range(1, 1000) | mv-expand l | extend m = range(1, 1000) | mv-expand m | count",
  ],
  [
    "a join of all with all",
    "range a from 1 to 9000 step 1 | extend k = 1 | join kind=inner (range b from 1 to 9000 step 1 | extend k = 1) on k | count",
  ],
  [
    "a subquery for each row",
    "range a from 1 to 9000 step 1 | mv-apply y = range(1, 9000) on (where y > a) | count",
  ],
  ["texts that double", doubled("'0123456789'", (a) => `strcat(${a}, ${a})`, "print strlen(LAST)")],
  [
    "arrays that double",
    doubled("dynamic([1, 2])", (a) => `array_concat(${a}, ${a})`, "print array_length(LAST)"),
  ],
  [
    "bags that hold bags twice",
    doubled("dynamic({})", (a) => `bag_pack('l', ${a}, 'r', ${a})`, "print tostring(LAST)"),
  ],
  [
    "functions that call functions twice",
    `let f0 = (x:long) { x + 1 };${
      Array.from({ length: 16 }, (_, n) => `let f${n + 1} = (x:long) { f${n}(x) + f${n}(x) };`)
        .join("")
    } print f16(1)`,
  ],
  ["brackets in brackets", `print ${"(".repeat(5_000)}1${")".repeat(5_000)}`],
  ["a text of very many words", `print x = 'a' in (${"'a',".repeat(60_000)}'b')`],
];

for (const [what, query] of bombs) {
  Deno.test(`a query of ${what} is refused, and the next one is answered`, async () => {
    const service = new Service();
    const { status, error } = await service.query(query);
    assertEquals([status, error?.code], [400, "LimitsExceeded"]);
    assertStringIncludes(error!["@message"], "E_RUNAWAY_QUERY");
    assertEquals(await service.rows("print 1"), [[1]]);
  });
}

Deno.test("what is large, but not too large, is answered", async () => {
  const service = new Service();
  assertEquals(await service.rows("range x from 1 to 1500000 step 1 | count"), [[1_500_000]]);
  assertEquals(await service.rows("print array_length(repeat(1, 1048576))"), [[1_048_576]]);
  const nested = `${"(".repeat(300)}1${")".repeat(300)}`;
  assertEquals(await service.rows(`print ${nested}`), [[1]]);
  assertEquals(await service.rows(`print strlen('${"(".repeat(5_000)}')`), [[5_000]]);
});

Deno.test("the time that a request is given ends it while it runs", async () => {
  const service = new Service();
  const query = "range x from 1 to 1000000000 step 1 | count";
  // The text is known the second time, so that the time is up while rows are made.
  for (const [servertimeout, expected] of [["01:00:00", 400], ["00:00:00.001", 504]] as const) {
    const { status } = await service.query(query, { Options: { servertimeout } });
    assertEquals([servertimeout, status], [servertimeout, expected]);
  }
});

Deno.test("a command whose time is over has changed nothing", async () => {
  const service = new Service();
  await service.run(".create table T (x:long)", ".set-or-append T <| range x from 1 to 5 step 1");
  const late = { Options: { servertimeout: "00:00:00.001" } };
  for (
    const command of [
      ".set-or-append T <| range x from 1 to 400000 step 1",
      ".set-or-replace T <| range x from 1 to 400000 step 1",
      ".set U <| range x from 1 to 400000 step 1",
    ]
  ) {
    const { status } = await service.post("/v1/rest/mgmt", {
      db: "NetDefaultDB",
      csl: command,
      properties: late,
    });
    assertEquals([command, status], [command, 504]);
  }
  assertEquals(await service.rows("T | count"), [[5]]);
  assertEquals((await service.query("U")).status, 400);
});

Deno.test("JSON that is nested very deeply is refused or taken, whatever takes it", async () => {
  const service = new Service({ schemaCacheLag: false });
  await service.run(...streamable("T", "d:dynamic"));
  const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  const answers = [
    await service.stream("T", `{"d":${deep}}`),
    await service.query("declare query_parameters(d:dynamic); print d", {
      Parameters: { d: deep },
    }),
    await service.post("/v2/rest/query", { db: "NetDefaultDB", csl: "print 1", properties: deep }),
    await service.command(`.ingest inline into table T with (format='json') <| {"d":${deep}}`),
  ];
  for (const { status } of answers) assertEquals(status, 400);
  assertEquals(await service.rows("T | count"), [[0]]);
});
