import { inspect } from "node:util";
import { metrics, trace } from "@opentelemetry/api";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Application, type Credential } from "../src/service/credential.ts";
import { type KustoSaverOptions, settingsFrom } from "../src/config.ts";
import { KustoOptionsError } from "../src/errors.ts";
import { KustoSaver } from "../src/saver.ts";

const URI = "https://c.westeurope.kusto.windows.net";

function settings(options: Partial<KustoSaverOptions> = {}) {
  return settingsFrom({ connection: `${URI}/agents`, ...options });
}

Deno.test("settingsFrom() fills in the defaults", () => {
  const { fetch: _fetch, now: _now, sleep: _sleep, random: _random, ...values } = settings();
  assertEquals(values, {
    origin: URI,
    database: "agents",
    credential: undefined,
    durability: "acknowledged",
    batchSize: 100,
    flushIntervalMs: 30_000,
    maxPendingBytes: 67_108_864,
    queryTimeoutMs: 30_000,
    maxRetries: 3,
    retryBackoffMs: 1_000,
    deadlineMs: 30_000,
    deleteTimeoutMs: 60_000,
    visibilityTimeoutMs: 0,
    tablePrefix: "",
    trustedHosts: [],
    ingestion: "streaming",
    compression: "none",
    searchKeys: [],
    logger: undefined,
    meter: undefined,
    tracer: undefined,
  });
});

Deno.test("settingsFrom() freezes what it gives, lists included", () => {
  const list = ["a.example"];
  const found = settings({ trustedHosts: list });
  list.push("evil.example");
  assertEquals(found.trustedHosts, ["a.example"]);
  assert(Object.isFrozen(found) && Object.isFrozen(found.trustedHosts));
});

Deno.test("settingsFrom() takes the option database over the connection string's", () => {
  assertEquals(settings({ database: "other" }).database, "other");
});

Deno.test("settingsFrom() checks the cluster's host with the trusted ones", () => {
  const connection = "https://kusto.example.com/agents";
  assertThrows(() => settings({ connection }), KustoOptionsError, "trustedHosts");
  const found = settings({ connection, trustedHosts: [".example.com"] });
  assertEquals(found.origin, "https://kusto.example.com");
});

Deno.test("settingsFrom() passes on the functions that it is given", () => {
  const functions = {
    fetch: () => Promise.resolve(new Response()),
    now: () => 1,
    sleep: () => Promise.resolve(),
    random: () => 0,
  };
  const found = settings(functions);
  for (const name of ["fetch", "now", "sleep", "random"] as const) {
    assertStrictEquals(found[name], functions[name]);
  }
});

Deno.test("settingsFrom() passes on who watches", () => {
  const watchers = {
    logger: console,
    meter: metrics.getMeter("m"),
    tracer: trace.getTracer("t"),
  };
  const found = settings(watchers);
  for (const name of ["logger", "meter", "tracer"] as const) {
    assertStrictEquals<unknown>(found[name], watchers[name]);
  }
});

const CREDENTIALS: [title: string, credential: Credential][] = [
  ["no sign-in", "none"],
  ["a token function", () => Promise.resolve("token")],
  ["a credential object", { getToken: () => Promise.resolve(null) }],
];

for (const [title, credential] of CREDENTIALS) {
  Deno.test(`settingsFrom() takes ${title} as credential`, () => {
    assertStrictEquals(settings({ credential }).credential, credential);
  });
}

const APPLICATIONS: [title: string, options: Partial<KustoSaverOptions>][] = [
  ["as credential", { credential: "app;k;y;tenant" }],
  ["from the connection string", {
    connection: `${URI}/db;AppClientId=app;AppKey="k;y";Tenant=tenant`,
  }],
];

for (const [title, options] of APPLICATIONS) {
  Deno.test(`settingsFrom() takes an application ${title}, whose key may hold semicolons`, () => {
    const { credential } = settings(options);
    assert(credential instanceof Application);
    assertEquals([credential.id, credential.key, credential.tenant], ["app", "k;y", "tenant"]);
  });
}

Deno.test("settingsFrom() takes a token from the connection string", async () => {
  const { credential } = settings({ connection: `${URI}/db;UsrToken=abc` });
  assert(typeof credential === "function");
  assertEquals(await credential(), "abc");
});

Deno.test("settingsFrom() takes the option credential over the connection string's", () => {
  const connection = `${URI}/db;UsrToken=abc`;
  assertEquals(settings({ connection, credential: "none" }).credential, "none");
});

const ACCEPTED: [options: Partial<KustoSaverOptions>][] = [
  [{ maxRetries: 0 }],
  [{ maxRetries: Infinity }],
  [{ batchSize: 1 }],
  [{ maxPendingBytes: 1 }],
  [{ retryBackoffMs: 0 }],
  [{ visibilityTimeoutMs: 0 }],
  [{ deadlineMs: 2 ** 31 - 1 }],
  [{ tablePrefix: "Test_1_" }],
  [{ tablePrefix: "_x" }],
  [{ tablePrefix: "x".repeat(100) }],
  [{ trustedHosts: ["kusto.example.com", ".example.com", "[fd00::1]"] }],
  [{ searchKeys: ["user_id"] }],
  [{ durability: "buffered" }],
  [{ compression: "gzip" }],
];

for (const [options] of ACCEPTED) {
  const [[name, value]] = Object.entries(options) as [[keyof KustoSaverOptions, unknown]];
  Deno.test(`settingsFrom() takes ${name} ${value}`, () => {
    assertEquals(settings(options)[name as "batchSize"] as unknown, value);
  });
}

// What types forbid, plain JavaScript still passes.
const REFUSED: [name: string, value: unknown][] = [
  ["connection", undefined],
  ["connection", 7],
  ["connection", ""],
  ["database", ""],
  ["database", 7],
  ["credential", ""],
  ["credential", "hunter2"],
  ["credential", "app;hunter2"],
  ["credential", ";hunter2;tenant"],
  ["credential", "app;hunter2;"],
  ["credential", {}],
  ["credential", null],
  ["credential", 7],
  ["durability", "hunter2"],
  ["batchSize", 0],
  ["batchSize", 1.5],
  ["batchSize", "100"],
  ["flushIntervalMs", 0],
  ["maxPendingBytes", 0],
  ["maxPendingBytes", Infinity],
  ["queryTimeoutMs", 0],
  ["queryTimeoutMs", NaN],
  ["queryTimeoutMs", Infinity],
  ["queryTimeoutMs", 2 ** 31],
  ["maxRetries", -1],
  ["maxRetries", -Infinity],
  ["maxRetries", NaN],
  ["retryBackoffMs", -1],
  ["deadlineMs", 2 ** 31],
  ["deleteTimeoutMs", 0],
  ["visibilityTimeoutMs", -1],
  ["tablePrefix", "1x"],
  ["tablePrefix", "a-b"],
  ["tablePrefix", "a b"],
  ["tablePrefix", "a']"],
  ["tablePrefix", "__x"],
  ["tablePrefix", "x".repeat(101)],
  ["trustedHosts", "example.com"],
  ["trustedHosts", [7]],
  ["trustedHosts", ["https://example.com"]],
  ["trustedHosts", ["example.com:8080"]],
  ["trustedHosts", ["example.com/"]],
  ["trustedHosts", ["."]],
  ["trustedHosts", [""]],
  ["compression", "zip"],
  ["searchKeys", "user_id"],
  ["fetch", "fetch"],
  ["now", 7],
  ["sleep", {}],
  ["random", 0.5],
  ["logger", null],
  ["logger", "console"],
  ["logger", { debug() {}, info() {}, warn() {} }],
  ["meter", {}],
  ["meter", { createHistogram() {}, createCounter() {} }],
  ["tracer", () => {}],
  ["tracer", { startSpan() {} }],
  ["serde", {}],
  ["serde", "json"],
  ["serde", { dumpsTyped() {} }],
];

for (const [name, value] of REFUSED) {
  Deno.test(`settingsFrom() refuses ${name} ${Deno.inspect(value)}`, () => {
    const options = { connection: `${URI}/agents`, [name]: value } as unknown as KustoSaverOptions;
    const { message } = assertThrows(() => settingsFrom(options), KustoOptionsError);
    // An empty connection string is refused by its own reader, in other words.
    if (value !== "" || name !== "connection") assert(message.includes(`"${name}"`), message);
    assert(!message.includes("hunter2"), message);
  });
}

Deno.test("settingsFrom() says of a number in text that it is text, as a variable's value is", () => {
  const options = { connection: `${URI}/agents`, batchSize: "100" as never };
  assertThrows(
    () => settingsFrom(options),
    KustoOptionsError,
    "it is of type string, it must be a",
  );
});

Deno.test("settingsFrom() names the database where none is given", () => {
  for (const connection of [URI, `${URI}/`, `Data Source=${URI};Initial Catalog=`]) {
    const create = () => settingsFrom({ connection });
    const { message } = assertThrows(create, KustoOptionsError, '"database"');
    assert(message.includes('"Initial Catalog"'));
  }
});

const SECRETS: [title: string, options: Partial<KustoSaverOptions>][] = [
  ["a credential text", { credential: "app;hunter2;tenant" }],
  ["an application key", { connection: `${URI}/db;AppClientId=a;AppKey=hunter2;Tid=t` }],
  ["a token", { connection: `${URI}/db;UsrToken=hunter2` }],
];

/** All that printing a value can show: by Deno's console, by Node's and Bun's, and as JSON. */
function shown(value: unknown): string {
  const all = { depth: 20, showHidden: true };
  return [Deno.inspect(value, all), inspect(value, all), JSON.stringify(value), String(value)]
    .join();
}

for (const [title, options] of SECRETS) {
  Deno.test(`A saver and its settings do not show ${title}, printed or as JSON`, async () => {
    const saver = new KustoSaver({ connection: `${URI}/db`, ...options });
    await saver.close();
    const found = settings(options);
    for (const value of [saver, found, { ...found }, found.credential]) {
      assert(!shown(value).includes("hunter2"));
    }
  });
}

Deno.test("settingsFrom() refuses options that it does not know, and none at all", () => {
  const misspelt = { connection: "https://c.kusto.windows.net/db", querytimeoutMs: 1 };
  assertThrows(() => settingsFrom(misspelt), KustoOptionsError, `"querytimeoutMs"`);
  assertThrows(() => settingsFrom({ ...misspelt, origin: "x" } as never), KustoOptionsError);
  assertThrows(() => settingsFrom(undefined as never), KustoOptionsError, "options are missing");
});
