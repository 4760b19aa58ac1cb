import { assertEquals, assertRejects } from "@std/assert";
import type { KustoEmulatorOptions } from "../../src/emulator/mod.ts";
import { Service, streamable, TestClock } from "./service.ts";

async function service(options: KustoEmulatorOptions = {}): Promise<Service> {
  const made = new Service(options);
  await made.run(...streamable("T", "a:string"));
  return made;
}

Deno.test("throttled requests get 429, with Retry-After where asked for, and are over after a while", async () => {
  const kusto = await service();
  kusto.emulator.trouble.add({ kind: "throttle", times: 1 });
  kusto.emulator.trouble.add({ kind: "throttle", on: "query", times: 1, retryAfter: 7 });
  const answers = [await kusto.query("T"), await kusto.query("T"), await kusto.query("T")];
  assertEquals(answers.map(({ status, headers }) => [status, headers.get("retry-after")]), [
    [429, null],
    [429, "7"],
    [200, null],
  ]);
  assertEquals([answers[0]!.error?.code, answers[0]!.error?.["@permanent"]], [
    "TooManyRequests",
    false,
  ]);
});

Deno.test("a service error befalls only the kind of request that it was made for", async () => {
  const kusto = await service();
  kusto.emulator.trouble.add({ kind: "serviceError", on: "ingest", times: 1, status: 520 });
  assertEquals((await kusto.query("T")).status, 200);
  assertEquals((await kusto.stream("T", '{"a":"x"}')).status, 520);
  assertEquals((await kusto.stream("T", '{"a":"x"}')).status, 200);
  assertEquals(await kusto.rows("T | count"), [[1]]);
});

Deno.test("a reset does nothing, a lost reply did everything, a duplicate did it twice", async () => {
  const kusto = await service();
  kusto.emulator.trouble.add({ kind: "reset", on: "ingest", times: 1 });
  await assertRejects(() => kusto.stream("T", '{"a":"reset"}'), TypeError);
  kusto.emulator.trouble.add({ kind: "lostReply", on: "ingest", times: 1 });
  await assertRejects(() => kusto.stream("T", '{"a":"lost"}'), TypeError);
  kusto.emulator.trouble.add({ kind: "duplicate", times: 1 });
  await kusto.stream("T", '{"a":"twice"}');
  assertEquals((await kusto.rows("T")).flat(), ["lost", "twice", "twice"]);
});

Deno.test("streamed rows are seen after the visibility delay, by queries and by views", async () => {
  const clock = new TestClock();
  const kusto = await service({ now: clock.now });
  await kusto.run(".create materialized-view V on table T { T | summarize count() by a }");
  kusto.emulator.trouble.visibilityDelayMs = 60_000;
  await kusto.stream("T", '{"a":"late"}');
  kusto.emulator.trouble.visibilityDelayMs = 0;
  await kusto.stream("T", '{"a":"now"}');
  assertEquals(await kusto.rows("T"), [["now"]]);
  assertEquals(await kusto.rows("V"), [["now", 1]]);
  clock.minutes(1);
  assertEquals(await kusto.rows("T | where a == 'late'"), [["late"]]);
  assertEquals(await kusto.rows("V | count"), [[2]]);
});

Deno.test("a slow body waits as told, a cut body breaks off", async () => {
  const waits: number[] = [];
  const kusto = await service({
    sleep: (milliseconds) => {
      waits.push(milliseconds);
      return Promise.resolve();
    },
  });
  kusto.emulator.trouble.add({ kind: "slowBody", times: 1, delayMs: 2_500 });
  assertEquals((await kusto.query("T")).status, 200);
  assertEquals(waits, [2_500]);
  kusto.emulator.trouble.add({ kind: "cutBody", times: 1 });
  await assertRejects(() => kusto.query("T"), TypeError);
});

Deno.test("a slow body ends when the request is given up", async () => {
  const kusto = await service({ sleep: () => new Promise(() => {}) });
  kusto.emulator.trouble.add({ kind: "slowBody", times: 1 });
  const stop = new AbortController();
  const body = JSON.stringify({ db: "NetDefaultDB", csl: "print 1" });
  const response = await kusto.emulator.fetch("https://x/v2/rest/query", {
    method: "POST",
    body,
    signal: stop.signal,
  });
  const reading = response.text();
  stop.abort(new TypeError("given up"));
  await assertRejects(() => reading, TypeError, "given up");
});

Deno.test("an expired token gets 401 once", async () => {
  const kusto = await service();
  kusto.emulator.trouble.add({ kind: "expiredToken", times: 1 });
  assertEquals([(await kusto.query("T")).status, (await kusto.query("T")).status], [401, 200]);
});

Deno.test("trouble with a rate is drawn from the random numbers given, and so repeats", async () => {
  const statuses = async (): Promise<number[]> => {
    let seed = 7;
    const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    const kusto = new Service({ random, trouble: [{ kind: "serviceError", rate: 0.5 }] });
    const found: number[] = [];
    for (let at = 0; at < 20; at++) found.push((await kusto.query("print 1")).status);
    return found;
  };
  const first = await statuses();
  assertEquals(first, await statuses());
  assertEquals(new Set(first), new Set([200, 503]));
});

Deno.test("requests are counted by kind, with their bytes and rows, and bodies are not kept", async () => {
  const seen: string[] = [];
  const kusto = await service({ onRequest: ({ kind }) => seen.push(kind) });
  kusto.emulator.requests.clear();
  await kusto.stream("T", '{"a":"x"}\n{"a":"y"}');
  await kusto.query("T | count");
  const [ingest, query] = kusto.emulator.requests.records;
  assertEquals([ingest!.kind, ingest!.requestBytes, ingest!.rows, ingest!.subject], [
    "ingest",
    19,
    2,
    "T",
  ]);
  assertEquals([query!.kind, query!.status, query!.subject], ["query", 200, "T | count"]);
  assertEquals(seen, ["command", "command", "command", "ingest", "query"]);
});
