import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { KustoEmulator } from "../../src/emulator/mod.ts";
import { type Outcome, run } from "./kit.ts";

const FOLDER = new URL("../../examples/", import.meta.url);

async function example(name: string, environment: Record<string, string> = {}): Promise<Outcome> {
  return await run(new URL(name, FOLDER), [], { environment });
}

/** What each example prints, line by line. */
const printed: Readonly<Record<string, readonly RegExp[]>> = {
  "quickstart.ts": [
    /^first run {3}step 1$/,
    /^second run {2}step 1, step 2$/,
    /^third run {3}step 1, step 2, step 3$/,
    /^checkpoints 5$/,
  ],
  "human_in_the_loop.ts": [
    /^first process$/,
    /looking up order 4711$/,
    /asks: Refund 40 € for order 4711\?$/,
    /^second process$/,
    /answered "yes": refunded 40 €$/,
  ],
  "time_travel.ts": [
    /^first way: {2}O the sea, /,
    /step 2: the sea, then the end$/,
    /step 1: the sea, then write$/,
    /step 0: -, then choose$/,
    /step -1: -, then __start__$/,
    /^second way: O the sky, /,
    /^the thread goes on from: the sky$/,
    /^the first way is still: {2}the sea$/,
  ],
  "subgraphs.ts": [
    /^the writer asks: How long may it be\?$/,
    /^found so far: 3 sources on rye bread$/,
    /^article: one page from 3 sources on rye bread$/,
    /^4 checkpoints: researcher$/,
    /^7 checkpoints: supervisor$/,
    /^4 checkpoints: writer$/,
  ],
  "custom_serializer.ts": [
    /^JsonPlusSerializer: \[unable to serialize.*\], "1970-01-01T00:00:00.000Z"$/,
    /^ExactSerializer: 18446744073709551617, 1970-01-01T00:00:00.000Z$/,
  ],
  "encryption.ts": [
    /^with both keys: my account is 4711, I heard 1, and my code is 0815, I heard 3$/,
    /^with the new key: 4 values of the newest checkpoint$/,
    /^its history: unknown-key 2026-03$/,
    /^without a key: .*aes-gcm.*"serde"/,
  ],
  "high_throughput.ts": [
    /^acknowledged: \d+ requests with rows$/,
    /another process reads 2$/,
    /^buffered: \d requests with rows$/,
    /another process reads 2$/,
  ],
  "low_latency.ts": [
    /^sync: \d+ requests, .*; 6 steps kept$/,
    /^async: \d+ requests, .*; 6 steps kept$/,
    /^exit: 2 requests, .*; 6 steps kept$/,
  ],
  "batch.ts": [
    /^1000 threads, 5500 words, 10\d\d requests$/,
    /^1000 of them are seen by another process$/,
  ],
  "managed_identity.ts": [
    /a token for https:\/\/kusto\.kusto\.windows\.net is asked for$/,
    /^signed in as the machine$/,
    /^a stranger is refused: true$/,
  ],
};

for (const name of Object.keys(printed)) {
  Deno.test(`the example ${name} runs as it is and prints what it says`, async () => {
    assertPrints(name, await example(name));
  });
}

function assertPrints(name: string, { code, output, errors }: Outcome): void {
  assertEquals(code, 0, errors);
  const found = output.trimEnd().split("\n");
  const lines = printed[name]!;
  for (const [at, line] of lines.entries()) assertMatch(found[at] ?? "", line, output);
  assertEquals(found.length, lines.length, output);
}

Deno.test("examples use the cluster that the environment names, which shows rows some time after it took them", async () => {
  for (const name of ["human_in_the_loop.ts", "encryption.ts", "high_throughput.ts", "batch.ts"]) {
    await using emulator = new KustoEmulator({ visibilityDelayMs: 2_000 });
    const { url } = await emulator.listen();
    assertPrints(name, await example(name, { KUSTO_CLUSTER_URI: `${url}/NetDefaultDB` }));
    assert(emulator.requests.records.some(({ kind }) => kind === "ingest"), name);
  }
});

Deno.test("the remote example keeps its thread in the cluster that the environment names", async () => {
  await using emulator = new KustoEmulator({ database: "agents" });
  const { url } = await emulator.listen({ port: 0 });
  const named = { KUSTO_CLUSTER_URI: url, KUSTO_DATABASE: "agents" };
  assertEquals((await example("remote.ts", named)).output, "run 1\n");
  const within = { KUSTO_CLUSTER_URI: `${url}/agents` };
  assertEquals((await example("remote.ts", within)).output, "run 1, run 2\n");
});

Deno.test("the remote example says what it needs when no cluster is named", async () => {
  const { code, errors } = await example("remote.ts");
  assertEquals(code, 2);
  assertStringIncludes(errors, "KUSTO_CLUSTER_URI is not set");
});

const page = await Deno.readTextFile(new URL("README.md", FOLDER));
const { tasks } = JSON.parse(await Deno.readTextFile(new URL("../deno.json", FOLDER)));

Deno.test("the list of examples is complete, and each has a task that runs it", async () => {
  const rows = [
    ...page.matchAll(/^\| \[([\w.]+)\]\(\1\) +\|.*\| `deno (?:task ([\w:-]+)|.*)` *\|$/gm),
  ];
  const names = rows.map(([, name]) => name!);
  const files = (await Array.fromAsync(Deno.readDir(FOLDER))).map(({ name }) => name);
  const beside = ["README.md", "kusto.ts"];
  assertEquals(names.toSorted(), files.filter((name) => !beside.includes(name)).sort());
  for (const [, name, task] of rows) {
    if (task !== undefined) assertStringIncludes(tasks[task] ?? "", `examples/${name}`);
  }
  const called = rows.map(([, , task]) => task);
  const named = Object.keys(tasks).filter((task) => task.startsWith("example:"));
  assertEquals(named.filter((task) => !called.includes(task)), []);
});

Deno.test("each example is short, and its first lines say how it is run", async () => {
  const scripts = Object.keys(printed).concat("remote.ts");
  for (const name of scripts) {
    const text = await Deno.readTextFile(new URL(name, FOLDER));
    assert(text.split("\n").length < 80, `${name} is long`);
    const task = `deno task example:${name.slice(0, -".ts".length).replaceAll("_", "-")}`;
    assertStringIncludes(text.slice(0, text.indexOf("*/")), task);
  }
  const listed = [...page.matchAll(/^\| \[(\w+\.ts)\]/gm)].map(([, name]) => name!);
  assertEquals(scripts.toSorted(), listed.sort());
});
