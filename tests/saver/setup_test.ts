import { assert, assertEquals, assertRejects } from "@std/assert";
import { KustoInputError, type KustoSaver, KustoSchemaError, type SetupReport } from "../../mod.ts";
import {
  FUNCTION_NAMES,
  SCHEMA_VERSION,
  VERSION_FUNCTION,
} from "../../src/setup/stored_functions.ts";
import { at, checkpointOf, LOOP } from "./kit.ts";
import { EmptyLab } from "./setup_kit.ts";

const TABLES = [
  "Checkpoints",
  "CheckpointWrites",
  "CheckpointBlobs",
  "ThreadDeletions",
  "CheckpointDeletions",
];

/** What `setup()` says is wrong: kind and entity of each problem. */
async function problemsOf(saver: KustoSaver): Promise<string[]> {
  const report = await saver.setup().catch((error) => {
    if (error instanceof KustoSchemaError) return error;
    throw error;
  });
  return report.problems.map(({ kind, entity }) => `${kind} ${entity}`);
}

/** Fails unless a setup found nothing amiss. */
async function assertReady(setup: Promise<SetupReport>): Promise<void> {
  const { ready, problems, schemaVersion } = await setup;
  assertEquals([ready, problems, schemaVersion], [true, [], SCHEMA_VERSION]);
}

Deno.test("setup() of an empty database names every table, mapping, view, function and streaming policy", async () => {
  await using lab = new EmptyLab();
  assertEquals(
    (await problemsOf(lab.saver())).sort(),
    [
      ...TABLES.flatMap((table) => [`table ${table}`, `mapping ${table}`, `streaming ${table}`]),
      "view LatestCheckpoints",
      ...FUNCTION_NAMES.map((name) =>
        name === VERSION_FUNCTION ? `version ${name}` : `function ${name}`
      ),
    ].sort(),
  );
  assertEquals(await lab.command(".show tables"), []);
});

Deno.test("setup({ provision: true }) makes everything, and can be run again", async () => {
  await using lab = new EmptyLab();
  const saver = lab.saver();
  await assertReady(saver.setup({ provision: true }));
  await saver.put(at("t"), checkpointOf("1", { a: 1 }), LOOP, { a: 1 });
  await assertReady(saver.setup({ provision: true }));
  await assertReady(saver.setup());
  assertEquals((await lab.saver().getTuple(at("t")))?.checkpoint.channel_values, { a: 1 });
});

const DAMAGES: readonly (readonly [damage: string, problem: string])[] = [
  [".drop table CheckpointBlobs", "table CheckpointBlobs"],
  [".drop column CheckpointWrites.task_path", "column CheckpointWrites.task_path"],
  [
    `.drop table Checkpoints ingestion json mapping "kusto_checkpoint"`,
    "mapping Checkpoints",
  ],
  [".drop materialized-view LatestCheckpoints", "view LatestCheckpoints"],
  [".disable materialized-view LatestCheckpoints", "view LatestCheckpoints"],
  [".alter table Checkpoints policy streamingingestion disable", "streaming Checkpoints"],
  [".delete table CheckpointWrites policy retention", "policy CheckpointWrites"],
  [".delete table Checkpoints policy roworder", "policy Checkpoints"],
  [".delete table Checkpoints policy caching", "policy Checkpoints"],
  ...[
    ["table CheckpointBlobs", "119d"],
    ["table CheckpointWrites", "99d"],
    ["table ThreadDeletions", "36499d"],
    ["table CheckpointDeletions", "99d"],
    ["materialized-view LatestCheckpoints", "89d"],
    ["table CheckpointBlobs", "23h"],
  ].map(([entity, period]) =>
    [
      `.alter-merge ${entity} policy retention softdelete = ${period}`,
      `policy ${entity!.split(" ")[1]}`,
    ] as const
  ),
];

for (const [damage, problem] of DAMAGES) {
  Deno.test(`setup() finds what ${damage} does, and its mend puts it right`, async () => {
    await using lab = new EmptyLab();
    const saver = lab.saver();
    await saver.setup({ provision: true });
    await lab.command(damage);
    const error = await saver.setup().catch((error) => error);
    const found = error.problems.filter((p: { kind: string; entity: string }) =>
      `${p.kind} ${p.entity}` === problem
    );
    assertEquals(found.length, 1, `found ${JSON.stringify(error.problems)}`);
    await lab.command(found[0].mend);
    const left = await problemsOf(saver);
    assert(!left.includes(problem), `left ${left}`);
  });
}

Deno.test("setup() tells how healthy the view is, and how the tables are set", async () => {
  await using lab = new EmptyLab();
  const saver = lab.saver();
  const { view, tables } = await saver.setup({ provision: true, retentionDays: 7 });
  const { materializedTo, ...rest } = view;
  assertEquals(rest, {
    name: "LatestCheckpoints",
    retentionDays: 7,
    hotDays: 7,
    enabled: true,
    healthy: true,
    complete: true,
  });
  assertEquals(materializedTo, new Date(lab.now()));
  assertEquals(
    tables.map(({ name, ...set }) => [name, set]),
    [
      ["Checkpoints", { retentionDays: 7, hotDays: 7, streaming: true }],
      ["CheckpointWrites", { retentionDays: 17, hotDays: 17, streaming: true }],
      ["CheckpointBlobs", { retentionDays: 97, hotDays: 97, streaming: true }],
      ["ThreadDeletions", { retentionDays: 36_500, hotDays: 36_500, streaming: true }],
      ["CheckpointDeletions", { retentionDays: 36_500, hotDays: 36_500, streaming: true }],
    ],
  );
  await lab.command(".delete table ThreadDeletions policy retention");
  await lab.command(".delete table ThreadDeletions policy caching");
  await lab.command(".disable materialized-view LatestCheckpoints");
  const later = await saver.setup();
  assertEquals(later.view.enabled, false);
  assertEquals(later.tables[3], {
    name: "ThreadDeletions",
    retentionDays: undefined,
    hotDays: undefined,
    streaming: true,
  });
});

Deno.test("setup() notices a view that was not materialized for more than an hour", async () => {
  await using lab = new EmptyLab({ viewLagMs: 61 * 60_000 });
  const saver = lab.saver();
  const { ready, problems, view } = await saver.setup({ provision: true });
  assertEquals([ready, view.enabled, view.healthy], [true, true, false]);
  assertEquals(problems.map(({ severity, entity }) => `${severity} ${entity}`), [
    "warning LatestCheckpoints",
  ]);
  assert(problems[0]!.mend.startsWith(".show materialized-view LatestCheckpoints failures"));
});

Deno.test("setup() notices a view that is younger than its rows; its mend fills the view", async () => {
  await using lab = new EmptyLab();
  const saver = lab.saver();
  await saver.setup({ provision: true });
  await saver.getTuple(at("old"));
  await lab.command(".drop materialized-view LatestCheckpoints");
  await saver.put(at("old"), checkpointOf("1", { a: 1 }), LOOP, { a: 1 });
  await saver.setup({ provision: true });
  const { ready, problems, view } = await saver.setup();
  assertEquals([ready, view.complete], [true, false]);
  assertEquals(problems.map(({ kind, severity }) => `${severity} ${kind}`), ["warning view"]);
  // Reading falls back to the table meanwhile.
  assertEquals((await lab.saver().getTuple(at("old")))?.checkpoint.channel_values, { a: 1 });
  for (const command of problems[0]!.mend.split(", then ")) await lab.command(command);
  assertEquals((await saver.setup()).problems, []);
  assertEquals((await lab.saver().getTuple(at("old")))?.checkpoint.channel_values, { a: 1 });
});

Deno.test("setup() minds the retention of the database where a table has none of its own", async () => {
  await using lab = new EmptyLab();
  const saver = lab.saver();
  await saver.setup({ provision: true });
  await lab.command(".alter-merge database NetDefaultDB policy retention softdelete = 365d");
  await lab.command(".delete table ThreadDeletions policy retention");
  const { problems } = await saver.setup().catch((error) => error);
  assertEquals(
    problems.map(({ severity, entity }: { severity: string; entity: string }) =>
      `${severity} ${entity}`
    ),
    ["warning ThreadDeletions", "error ThreadDeletions"],
  );
});

Deno.test("setup() minds the streaming policy of the database where a table has none of its own", async () => {
  await using lab = new EmptyLab();
  const saver = lab.saver();
  await saver.setup({ provision: true });
  await lab.command(".delete table Checkpoints policy streamingingestion");
  await lab.command(".alter database NetDefaultDB policy streamingingestion enable");
  await lab.command(".clear database cache streamingingestion schema");
  const { ready, problems, tables } = await saver.setup();
  assertEquals([ready, problems, tables[0]!.streaming], [true, [], true]);
  await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  await lab.command(".alter table Checkpoints policy streamingingestion disable");
  assertEquals(await problemsOf(saver), ["streaming Checkpoints"]);
});

Deno.test("setup() notices a view that points at an older checkpoint; its mend puts it right", async () => {
  await using lab = new EmptyLab();
  const saver = lab.saver();
  await saver.setup({ provision: true });
  await saver.put(at("t"), checkpointOf("2"), LOOP, {});
  await lab.command(".drop materialized-view LatestCheckpoints");
  await saver.setup({ provision: true });
  await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  const { problems } = await saver.setup();
  assertEquals(problems.map(({ kind, entity }) => `${kind} ${entity}`), ["view LatestCheckpoints"]);
  for (const command of problems[0]!.mend.split(", then ")) await lab.command(command);
  assertEquals((await saver.setup()).problems, []);
  assertEquals((await lab.saver().getTuple(at("t")))?.checkpoint.id, "2");
});

Deno.test("A streaming policy that the cluster refuses is told with its mend, and nothing is thrown", async () => {
  await using lab = new EmptyLab();
  const refusal = JSON.stringify({
    error: {
      code: "BadRequest",
      message: "Request is invalid and cannot be executed.",
      "@type": "Kusto.Data.Exceptions.KustoBadRequestException",
      "@message": "Admin command cannot be executed as streaming ingestion is not enabled",
      "@permanent": true,
    },
  });
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    const encoded = request.headers.get("Content-Encoding") === "gzip";
    const text = encoded
      ? await new Response(request.clone().body!.pipeThrough(new DecompressionStream("gzip")))
        .text()
      : await request.clone().text();
    if (/"csl":"\.alter table \S+ policy streamingingestion/.test(text)) {
      return new Response(refusal, { status: 400 });
    }
    return lab.emulator.fetch(request);
  };
  const { ready, problems } = await lab.saver({ fetch }).setup({ provision: true });
  assertEquals(ready, false);
  assertEquals(problems.map(({ kind, entity, severity }) => `${severity} ${kind} ${entity}`), [
    ...TABLES.map((table) => `error streaming ${table}`),
  ]);
  assert(problems.every(({ mend }) => mend.includes("streaming ingestion")));
});

Deno.test("retentionDays goes for rows and view; blobs live longer, deletions for good", async () => {
  await using lab = new EmptyLab();
  await lab.saver().setup({ provision: true, retentionDays: 7 });
  const days = async (entity: string) => {
    const [row] = await lab.command(`.show ${entity} policy retention`);
    return JSON.parse(String(row?.[2])).SoftDeletePeriod.split(".")[0];
  };
  assertEquals(await days("table Checkpoints"), "7");
  assertEquals(await days("table CheckpointWrites"), "17");
  assertEquals(await days("materialized-view LatestCheckpoints"), "7");
  assertEquals(await days("table CheckpointBlobs"), "97");
  assertEquals(await days("table ThreadDeletions"), "36500");
  // What was decided once is not undone by a start that does not know of it.
  await lab.saver().setup({ provision: true });
  assertEquals(await days("table Checkpoints"), "7");
  assertEquals(await days("materialized-view LatestCheckpoints"), "7");
  await lab.saver().setup({ provision: true, retentionDays: 30 });
  assertEquals(await days("table Checkpoints"), "30");
  assertEquals(await days("table CheckpointBlobs"), "120");
  for (const retentionDays of [0, -1, 1.5, NaN, 40_000]) {
    await assertRejects(
      () => lab.saver().setup({ provision: true, retentionDays }),
      KustoInputError,
      "retentionDays",
    );
  }
});

Deno.test("Installations with prefixes of their own share a database", async () => {
  await using lab = new EmptyLab();
  const [a, b] = [lab.saver({ tablePrefix: "a_" }), lab.saver({ tablePrefix: "b_" })];
  await a.setup({ provision: true });
  await assertRejects(() => b.setup(), KustoSchemaError, "b_Checkpoints");
  await b.setup({ provision: true });
  await a.put(at("t"), checkpointOf("1", { of: "a" }), LOOP, { of: 1 });
  assertEquals(await b.getTuple(at("t")), undefined);
  assertEquals((await a.getTuple(at("t")))?.checkpoint.channel_values, { of: "a" });
});

Deno.test("provision.kql runs as one script too", async () => {
  await using lab = new EmptyLab();
  const script = await Deno.readTextFile(new URL("../../provision.kql", import.meta.url));
  const rows = await lab.command(
    `.execute database script with (ThrowOnErrors=true) <|\n${script}`,
  );
  assert(rows.length > 40 && rows.every((row) => row.includes("Completed")));
  await lab.command(".clear database cache streamingingestion schema");
  await assertReady(lab.saver().setup());
});
