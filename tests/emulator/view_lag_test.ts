import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { KustoEmulatorOptions } from "../../src/emulator/mod.ts";
import { Service, streamable, TestClock } from "./service.ts";

const minute = 60_000;
const view =
  ".create materialized-view V on table T { T | summarize arg_max(n, s), rows = count() by k }";
const whole = "T | summarize arg_max(n, s), rows = count() by k";

async function lagging(options: KustoEmulatorOptions = {}): Promise<[Service, TestClock]> {
  const clock = new TestClock();
  const kusto = new Service({ now: clock.now, viewLagMs: minute, ...options });
  await kusto.run(...streamable("T", "k:string, n:long, s:string"), view);
  return [kusto, clock];
}

function stream(kusto: Service, k: string, n: number): Promise<unknown> {
  return kusto.stream("T", JSON.stringify({ k, n, s: `${k}${n}` }));
}

const sorted = " | order by k asc";

Deno.test("a view is never behind its source, its materialized part is by the lag", async () => {
  const [kusto, clock] = await lagging();
  await stream(kusto, "a", 1);
  clock.minutes(1);
  await stream(kusto, "a", 2);
  await stream(kusto, "b", 1);
  assertEquals(await kusto.rows(`V${sorted}`), [["a", 2, "a2", 2], ["b", 1, "b1", 1]]);
  assertEquals(await kusto.rows("materialized_view('V')"), [["a", 1, "a1", 1]]);
  assertEquals(await kusto.rows("V | where k == 'a'"), [["a", 2, "a2", 2]]);
  assertEquals(await kusto.rows("materialized_view('V') | where k == 'a'"), [["a", 1, "a1", 1]]);
  clock.minutes(1);
  assertEquals(
    await kusto.rows(`materialized_view('V')${sorted}`),
    await kusto.rows(`V${sorted}`),
  );
});

Deno.test("materialized_view() with an age gives the whole view where the part is older", async () => {
  const [kusto] = await lagging();
  await stream(kusto, "a", 1);
  assertEquals(await kusto.rows("materialized_view('V', 59s)"), [["a", 1, "a1", 1]]);
  assertEquals(await kusto.rows("materialized_view('V', 1m)"), []);
});

Deno.test("rows deleted before they are materialized never come into the view, others stay", async () => {
  const [kusto, clock] = await lagging();
  await stream(kusto, "a", 1);
  clock.minutes(1);
  await stream(kusto, "a", 2);
  await stream(kusto, "b", 1);
  assertEquals(await kusto.rows("V | count"), [[2]]);
  await kusto.run(".delete table T records <| T | where n == 2 or k == 'b'");
  assertEquals(await kusto.rows("V"), [["a", 1, "a1", 1]]);
  await stream(kusto, "b", 3);
  await kusto.run(".clear table T data");
  clock.minutes(1);
  assertEquals(await kusto.rows("V"), [["a", 1, "a1", 1]]);
});

Deno.test("rows deleted from a view are gone, fresh ones too", async () => {
  const [kusto, clock] = await lagging();
  await stream(kusto, "a", 1);
  clock.minutes(1);
  await stream(kusto, "a", 2);
  await stream(kusto, "b", 1);
  await kusto.run(".delete materialized-view V records <| V | where k == 'a'");
  assertEquals(await kusto.rows("V"), [["b", 1, "b1", 1]]);
});

Deno.test(".show materialized-view tells how far behind a view is, and since when it is unhealthy", async () => {
  const [kusto, clock] = await lagging();
  const state = async () => {
    const [row] = await kusto.show(".show materialized-view V");
    return [row!["MaterializedTo"], row!["IsHealthy"], row!["LastRunResult"]];
  };
  clock.minutes(5);
  assertEquals(await state(), ["2026-01-01T00:04:00.0000000Z", true, "Completed"]);
  kusto.emulator.trouble.viewLagMs = 61 * minute;
  assertEquals((await state())[1], false);
});

Deno.test("the columns of the source may change while rows wait to be materialized", async () => {
  const [kusto, clock] = await lagging();
  await stream(kusto, "a", 1);
  await kusto.run(".alter table T (s:string, n:long, k:string)");
  await kusto.run(".clear database cache streamingingestion schema");
  await stream(kusto, "a", 2);
  assertEquals(await kusto.rows("V"), [["a", 2, "a2", 2]]);
  clock.minutes(1);
  assertEquals(await kusto.rows("materialized_view('V')"), [["a", 2, "a2", 2]]);
});

Deno.test("rows that were ingested before a view and seen after it was made are not in it", async () => {
  const clock = new TestClock();
  const kusto = new Service({ now: clock.now, visibilityDelayMs: minute });
  await kusto.run(...streamable("T", "k:string, n:long, s:string"));
  await stream(kusto, "a", 1);
  clock.ms++;
  await kusto.run(view);
  clock.minutes(1);
  assertEquals(await kusto.rows("T | count"), [[1]]);
  assertEquals(await kusto.rows("V"), []);
});

const step = fc.oneof(
  fc.record({
    kind: fc.constant("stream" as const),
    k: fc.constantFrom("a", "b", "c"),
    n: fc.nat(20),
    delayMs: fc.constantFrom(0, 0, minute, 3 * minute),
  }),
  fc.record({ kind: fc.constant("wait" as const), minutes: fc.nat(2) }),
  fc.record({ kind: fc.constant("lag" as const), lagMs: fc.constantFrom(0, minute, 2 * minute) }),
  fc.constant({ kind: "switch" as const }),
  fc.constant({ kind: "restart" as const }),
);

Deno.test("whatever comes late, a view is what its query gives over its source, across restarts", async () => {
  const folder = await Deno.makeTempDir();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const options = { folder: `${folder}/${run++}` };
      let [kusto, clock] = await lagging(options);
      let isEnabled = true;
      let n = 0;
      for (const each of steps) {
        if (each.kind === "stream") {
          kusto.emulator.trouble.visibilityDelayMs = each.delayMs;
          // Equal numbers would leave open which row wins.
          await stream(kusto, each.k, each.n * 100 + n++);
        } else if (each.kind === "wait") clock.minutes(each.minutes);
        else if (each.kind === "lag") kusto.emulator.trouble.viewLagMs = each.lagMs;
        else if (each.kind === "switch") {
          await kusto.run(`.${isEnabled ? "disable" : "enable"} materialized-view V`);
          isEnabled = !isEnabled;
        } else {
          await kusto.emulator.close();
          kusto = new Service({ now: clock.now, viewLagMs: minute, ...options });
        }
        assertEquals(await kusto.rows(`V${sorted}`), await kusto.rows(`${whole}${sorted}`));
      }
      await kusto.emulator.close();
    }),
    { seed: 20260101, numRuns: 60 },
  );
  await Deno.remove(folder, { recursive: true });
});
