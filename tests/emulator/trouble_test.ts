import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import {
  EmulatorError,
  KustoEmulator,
  type KustoEmulatorOptions,
  type Trouble,
} from "../../src/emulator/mod.ts";
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

Deno.test("the name of a cluster that is stopped leads nowhere", async () => {
  const kusto = new Service();
  kusto.emulator.trouble.add({ kind: "stopped" });
  await assertRejects(() => kusto.query("print 1"), TypeError, "dns error");
  kusto.emulator.trouble.clear();
  assertEquals((await kusto.query("print 1")).status, 200);
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

for (const [kind, perCore] of [["query", 10], ["ingest", 6]] as const) {
  Deno.test(`${perCore} requests (${kind}) may be under way at once for each core, one more gets 429`, async () => {
    let goOn = (): void => {};
    const turn = new Promise<void>((resolve) => goOn = resolve);
    const kusto = await service({ cores: 2, sleep: () => turn });
    const path = kind === "query"
      ? "v2/rest/query"
      : "v1/rest/ingest/NetDefaultDB/T?streamFormat=csv";
    const body = kind === "query" ? '{"db":"NetDefaultDB","csl":"T"}' : "x";
    const send = () => kusto.emulator.fetch(`https://x/${path}`, { method: "POST", body });
    kusto.emulator.trouble.add({ kind: "slowBody", times: 2 * perCore });
    const under = await Promise.all(Array.from({ length: 2 * perCore }, send));
    const refused = await send();
    assertEquals(refused.status, 429);
    assertStringIncludes(await refused.text(), `Capacity: ${2 * perCore}, Origin: `);
    goOn();
    for (const answer of under) await answer.text();
    assertEquals((await send()).status, 200);
  });
}

Deno.test("requests that fail, or whose answer is lost or given up, are no longer under way", async () => {
  const kusto = await service({ cores: 1, sleep: () => new Promise(() => {}) });
  const { trouble } = kusto.emulator;
  for (const kind of ["lostReply", "serviceError", "cutBody", "reset", "expiredToken"] as const) {
    trouble.add({ kind, times: 20, on: "query" });
    for (let at = 0; at < 20; at++) await kusto.query("T").catch(() => undefined);
  }
  for (let at = 0; at < 20; at++) await kusto.query("no such query");
  trouble.add({ kind: "slowBody", times: 20 });
  for (let at = 0; at < 20; at++) {
    const body = JSON.stringify({ db: "NetDefaultDB", csl: "T" });
    const answer = await kusto.emulator.fetch("https://x/v2/rest/query", { method: "POST", body });
    assertEquals(answer.status, 200);
    await answer.body!.cancel();
  }
  assertEquals((await kusto.query("T")).status, 200);
});

Deno.test("conditions are set together or one by one, and clear() lifts them", async () => {
  const { trouble } = (await service({ cores: 4, visibilityDelayMs: 5, viewLagMs: 7 })).emulator;
  const state = () => [trouble.cores, trouble.visibilityDelayMs, trouble.viewLagMs];
  assertEquals(state(), [4, 5, 7]);
  trouble.set({ cores: 2, viewLagMs: undefined });
  assertEquals(state(), [2, 5, 0]);
  trouble.clear();
  assertEquals(state(), [undefined, 0, 0]);
});

const wrong: readonly (readonly [unknown, string])[] = [
  [{ kind: "throtle" }, "'kind' must be one of throttle"],
  [{}, "'kind' must be"],
  [{ kind: "reset", on: "queries" }, "'on' must be one of query"],
  [{ kind: "reset", times: 0 }, "'times' must be a whole number from 1 on"],
  [{ kind: "reset", rate: 1.5 }, "'rate' must be a number from 0 to 1"],
  [{ kind: "serviceError", status: 404 }, "'status' must be a status from 500"],
  [{ kind: "throttle", retryAfter: -1 }, "'retryAfter' must be a number from 0 on"],
  [{ kind: "slowBody", delayMs: NaN }, "'delayMs' must be a number from 0 on"],
  [{ kind: "slowBody", delay: 1 }, "'delay': there is none of that name"],
];

for (const [trouble, said] of wrong) {
  Deno.test(`trouble such as ${JSON.stringify(trouble)} is refused`, async () => {
    const { emulator } = await service();
    const error = assertThrows(() => emulator.trouble.add(trouble as Trouble), EmulatorError, said);
    assertEquals(error.code, "WRONG_OPTION");
    assertThrows(() => new Service({ trouble: [trouble as Trouble] }), EmulatorError, said);
  });
}

const wrongOptions: readonly (readonly [unknown, string])[] = [
  [{ folders: "/tmp" }, "'folders': there is none of that name, only "],
  [{ folder: "" }, "'folder' must be a text that is not empty"],
  [{ cores: 1.5 }, "'cores' must be a whole number from 1 on"],
  [{ viewLagMs: -1 }, "'viewLagMs' must be a number from 0 on"],
  [{ visibilityDelayMs: Infinity }, "'visibilityDelayMs' must be a number"],
  [{ tokens: { t: ["owner"] } }, "'tokens' must be an object of roles by token"],
  [{ trouble: { kind: "reset" } }, "'trouble' must be a list"],
  [{ now: 5 }, "'now' must be a function"],
];

for (const [options, said] of wrongOptions) {
  Deno.test(`options such as ${JSON.stringify(options)} are refused`, () => {
    const error = assertThrows(() => new Service(options as object), EmulatorError, said);
    assertEquals(error.code, "WRONG_OPTION");
  });
}

for (const options of [null, "/tmp"]) {
  Deno.test(`options that are ${JSON.stringify(options)} are refused`, () => {
    const make = () => new KustoEmulator(options as never);
    const error = assertThrows(make, EmulatorError, "Cannot take the options: they are no object");
    assertEquals(error.code, "WRONG_OPTION");
  });
}
