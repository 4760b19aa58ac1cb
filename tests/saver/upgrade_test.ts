import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type KustoSaver, KustoSchemaError } from "../../mod.ts";
import { splitScript } from "../../src/setup/script.ts";
import { SCHEMA_VERSION, VERSION_FUNCTION } from "../../src/setup/stored_functions.ts";
import { at, checkpointOf, LOOP } from "./kit.ts";
import { EmptyLab } from "./setup_kit.ts";

const FIXTURES = new URL("../fixtures/schemas/", import.meta.url);
const script = await Deno.readTextFile(new URL("../../provision.kql", import.meta.url));
/** `provision.kql` as each version was released, by the version. */
const released = new Map<number, string>();
for await (const { name } of Deno.readDir(FIXTURES)) {
  released.set(parseInt(name), await Deno.readTextFile(new URL(name, FIXTURES)));
}

/** The commands of the script that lead from a version to the next ones. */
function stepsFrom(version: number): string[] {
  return splitScript(script.slice(script.indexOf(`// Version ${version + 1}\n`)));
}

/** Everything of a database that commands can change, but for the rows. */
async function schemaOf(lab: EmptyLab): Promise<unknown> {
  const entities = ["Checkpoints", "CheckpointWrites", "CheckpointBlobs", "ThreadDeletions"]
    .concat("CheckpointDeletions").map((name) => ["table", name] as const);
  const policies = [...entities, ["materialized-view", "LatestCheckpoints"] as const]
    .flatMap(([of, name]) => {
      const kinds = of === "table" ? ["roworder", "streamingingestion"] : [];
      return [...kinds, "retention", "caching"].map((kind) => `.show ${of} ${name} policy ${kind}`);
    });
  const commands = [
    ".show database schema as json",
    ".show ingestion mappings",
    ".show materialized-views | project Name, Query",
    ".show functions",
    ...policies,
  ];
  const parts = [];
  for (const command of commands) parts.push([command, await lab.command(command)]);
  return JSON.parse(JSON.stringify(parts));
}

async function freshSchema(): Promise<unknown> {
  await using lab = new EmptyLab();
  await lab.saver().setup({ provision: true });
  return await schemaOf(lab);
}

async function makeVersion(lab: EmptyLab, version: number): Promise<void> {
  const text = released.get(version)!;
  await lab.command(`.execute database script with (ThrowOnErrors=true) <|\n${text}`);
  await lab.command(".clear database cache streamingingestion schema");
}

/** All rows of all tables, as they are. */
async function rowsOf(lab: EmptyLab): Promise<unknown> {
  const tables = ["Checkpoints", "CheckpointWrites", "CheckpointBlobs", "ThreadDeletions"];
  const rows = tables.map(async (table) => await lab.query(table));
  return await Promise.all(rows);
}

/** State of every kind; gives what a reader sees of it. */
async function fill(saver: KustoSaver): Promise<void> {
  const values = { small: 1, large: "x".repeat(100_000) };
  await saver.getTuple(at("kept"));
  const config = await saver.put(at("kept"), checkpointOf("1", values), LOOP, values);
  await saver.putWrites(config, [["small", 2]], "task");
  await saver.put(at("gone"), checkpointOf("1", values), LOOP, values);
  await saver.deleteThread("gone");
}

async function seen(saver: KustoSaver): Promise<unknown> {
  return [
    await saver.getTuple(at("kept")),
    await saver.getTuple(at("gone")),
    await Array.fromAsync(saver.list({})),
  ];
}

Deno.test("provision.kql has a part for each version, and every older version is at hand as released", () => {
  const parts = [...script.matchAll(/^\/\/ Version (\d+)$/gm)].map(([, version]) =>
    Number(version)
  );
  const versions = Array.from({ length: SCHEMA_VERSION }, (_, index) => index + 1);
  assertEquals(parts, versions);
  assertEquals([...released.keys()].sort(), versions.slice(0, -1));
  const told = splitScript(script).filter((command) => command.includes(VERSION_FUNCTION));
  assertEquals(told.length, 1);
  assertMatch(told[0]!, RegExp(`${VERSION_FUNCTION}\\(\\) \\{ ${SCHEMA_VERSION} \\}$`));
  // Nothing that a version brings may come after it was told, or a script that broke off would lie.
  const after = splitScript(script.slice(script.indexOf(told[0]!) + told[0]!.length));
  assert(after.every((command) => command.includes(" policy streamingingestion ")));
});

for (const version of released.keys()) {
  Deno.test(`setup() of a schema of version ${version} says that it is older than the code, and how to go on`, async () => {
    await using lab = new EmptyLab();
    await makeVersion(lab, version);
    const before = await schemaOf(lab);
    const error = await assertRejects(
      () => lab.saver().setup(),
      KustoSchemaError,
      `the schema has version ${version}, older than the code, which needs ${SCHEMA_VERSION}`,
    );
    const errors = error.problems.filter(({ severity }) => severity === "error");
    assertEquals(errors.map(({ kind }) => kind), ["version"]);
    assert(script.includes(/"(\/\/ Version \d+)"/.exec(errors[0]!.mend)![1]!));
    assertEquals(await schemaOf(lab), before);
  });

  Deno.test(`setup({ provision: true }) makes version ${version} what a new database is, and keeps its rows`, async () => {
    await using lab = new EmptyLab();
    await makeVersion(lab, version);
    const saver = lab.saver();
    await fill(saver);
    const [rows, state] = [await rowsOf(lab), await seen(lab.saver())];
    const { problems, schemaVersion } = await lab.saver().setup({ provision: true });
    assertEquals([problems, schemaVersion], [[], SCHEMA_VERSION]);
    assertEquals(await schemaOf(lab), await freshSchema());
    assertEquals(await rowsOf(lab), rows);
    assertEquals(await seen(lab.saver()), state);
    assertEquals((await lab.saver().setup()).problems, []);
  });

  Deno.test(`The commands below version ${version} lead on from it, run twice too`, async () => {
    await using lab = new EmptyLab();
    await makeVersion(lab, version);
    const fresh = await freshSchema();
    for (let time = 0; time < 2; time++) {
      for (const command of stepsFrom(version)) await lab.command(command);
      assertEquals(await schemaOf(lab), fresh);
    }
  });

  Deno.test(`An upgrade of version ${version} that breaks off anywhere can be run again`, async () => {
    await using lab = new EmptyLab();
    await makeVersion(lab, version);
    await fill(lab.saver());
    const state = await seen(lab.saver());
    for (const command of stepsFrom(version)) {
      const told = command.includes(VERSION_FUNCTION);
      const saver = lab.saver({ fetch: breakingAt(lab, command), maxRetries: 0 });
      await assertRejects(() => saver.setup({ provision: true }));
      assertEquals(await seen(lab.saver()), state);
      const later = lab.saver().setup();
      await assertRejects(() => later, KustoSchemaError, "older than the code");
      if (told) break;
    }
    assertEquals((await lab.saver().setup({ provision: true })).problems, []);
    assertEquals(await schemaOf(lab), await freshSchema());
  });
}

/** The embedded Kusto, where the connection is lost when a command is sent. */
function breakingAt(lab: EmptyLab, command: string): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const body = request.clone().body;
    const packed = request.headers.get("Content-Encoding") === "gzip";
    const text = await new Response(
      packed ? body!.pipeThrough(new DecompressionStream("gzip")) : body,
    )
      .text();
    if (text.includes(JSON.stringify(command).slice(1, -1))) throw new TypeError("connection lost");
    return await lab.emulator.fetch(request);
  };
}

Deno.test("setup() warns of a schema newer than the code, and { provision: true } leaves it alone", async () => {
  await using lab = new EmptyLab();
  const saver = lab.saver();
  await saver.setup({ provision: true });
  const newer = SCHEMA_VERSION + 1;
  await lab.command(
    `.create-or-alter function with (folder="kusto-checkpoint") ${VERSION_FUNCTION}() { ${newer} }`,
  );
  await lab.command('.drop table Checkpoints ingestion json mapping "kusto_checkpoint"');
  const before = await schemaOf(lab);
  const error = await assertRejects(
    () => saver.setup({ provision: true }),
    KustoSchemaError,
    `its schema has version ${newer}, newer than this code, which knows ${SCHEMA_VERSION}, so nothing was changed`,
  );
  assertEquals(error.problems.map(({ kind }) => kind), ["version"]);
  assertEquals(await schemaOf(lab), before);
  const mapping = splitScript(script).find((command) => command.includes("Checkpoints ingestion"));
  await lab.command(mapping!);
  const { ready, problems, schemaVersion } = await saver.setup();
  assertEquals([ready, schemaVersion], [true, newer]);
  assertEquals(problems.map(({ kind, severity }) => `${severity} ${kind}`), ["warning version"]);
});

const TAKEN = [
  [`.create table ${VERSION_FUNCTION} (a:string)`, ".show tables"],
  ...[
    `${VERSION_FUNCTION}() { 1 }`,
    `${VERSION_FUNCTION}() { ${SCHEMA_VERSION} }`,
    `${VERSION_FUNCTION}() { ${SCHEMA_VERSION + 1} }`,
    `${VERSION_FUNCTION}() { print 1 }`,
    `${VERSION_FUNCTION}(a:string) { a }`,
  ].map((made) => [`.create function with (folder="mine") ${made}`, ".show functions"]),
] as const;

for (const [command, show] of TAKEN) {
  Deno.test(`setup() says that the name of its version is taken after ${command}, and leaves that alone`, async () => {
    await using lab = new EmptyLab();
    await lab.command(command!);
    const theirs = (await lab.command(show!)).filter((row) => row[0] === VERSION_FUNCTION);
    for (const provision of [true, false]) {
      const error = await assertRejects(
        () => lab.saver().setup({ provision }),
        KustoSchemaError,
        `the name ${VERSION_FUNCTION} is taken by something that is not of this library`,
      );
      assertEquals(
        error.problems.map(({ kind, severity, entity }) => `${severity} ${kind} ${entity}`),
        [`error version ${VERSION_FUNCTION}`],
      );
    }
    const left = (await lab.command(show!)).filter((row) => row[0] === VERSION_FUNCTION);
    assertEquals(left, theirs);
  });
}

Deno.test("setup({ provision: true }) makes all but the functions that a name taken by others stands in the way of", async () => {
  const calling: Readonly<Record<string, readonly string[]>> = {
    VisibleCheckpoints: ["ThreadState", "Messages", "ThreadTimeline", "PendingInterrupts"]
      .concat("ActiveThreads", "StepDurations", "FailedTasks"),
    StoredTexts: ["ThreadState", "Messages", "PendingInterrupts", "FailedTasks"],
    ThreadState: ["Messages"],
    Messages: [],
  };
  for (const [name, callers] of Object.entries(calling)) {
    for (
      const command of [`.create table ${name} (a:string)`, `.create function ${name}() { 1 }`]
    ) {
      await using lab = new EmptyLab();
      await makeVersion(lab, 1);
      await lab.command(command);
      for (const provision of [true, false]) {
        const { ready, problems, schemaVersion } = await lab.saver().setup({ provision });
        assertEquals([ready, schemaVersion], [true, SCHEMA_VERSION]);
        assertEquals(
          problems.map(({ severity, kind, entity }) => `${severity} ${kind} ${entity}`).sort(),
          [name, ...callers].map((each) => `warning function ${each}`).sort(),
        );
        for (const { message, mend } of problems) {
          assertMatch(message, RegExp(`\\b${name}\\b.* taken by something that is not of this`));
          assertMatch(mend, /^rename that, .* then run setup\(\{ provision: true \}\)$/);
        }
      }
      await fill(lab.saver());
      await lab.command(`.drop ${command.split(" ")[1]} ${name}`);
      assertEquals((await lab.saver().setup({ provision: true })).problems, []);
    }
  }
});

Deno.test("setup() of an older schema with a prefix names provision.kql, which has none, for no mend", async () => {
  await using lab = new EmptyLab();
  const saver = lab.saver({ tablePrefix: "dev_" });
  await saver.setup({ provision: true });
  await lab.command(`.drop function dev_${VERSION_FUNCTION}`);
  const { message } = await assertRejects(
    () => saver.setup(),
    KustoSchemaError,
    "the schema has version 1, older than the code",
  );
  assertMatch(message, /run setup\(\{ provision: true \}\)/);
  assert(!message.includes("provision.kql"), message);
  await saver.setup({ provision: true });
});
