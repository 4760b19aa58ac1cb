import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { KustoSaver } from "../../mod.ts";
import { assertFinding, diagnose, provisioned } from "./doctor_kit.ts";
import { CliLab } from "./kit.ts";

const TOKENS = {
  admin: ["admin"],
  reader: ["viewer"],
  app: ["viewer", "ingestor"],
} as const;

function cluster(token: keyof typeof TOKENS): string {
  return `Data Source=http://localhost;User Token=${token}`;
}

Deno.test("doctor measures after how long queries show what was written", async () => {
  await using lab = await provisioned(new CliLab());
  const { visibility, writing } = await diagnose(lab);
  assertEquals([writing!.measuredMs, visibility!.measuredMs], [null as unknown as undefined, 0]);
  lab.emulator.trouble.visibilityDelayMs = 5_000;
  const { code, output, errors } = await lab.cli(["doctor"]);
  assertEquals([code, errors], [0, "waiting until queries show what was written\n"]);
  const measured = Number(/queries show the rows after (\d+) ms/.exec(output)?.[1]);
  assert(measured >= 5_000 && measured <= 7_000, String(measured));
});

Deno.test("doctor leaves no thread behind, whatever it finds", async () => {
  await using lab = await provisioned(new CliLab());
  await using saver = new KustoSaver({
    connection: "http://localhost",
    database: "NetDefaultDB",
    ...lab.saverOptions,
  });
  const threads = async () => (await Array.fromAsync(saver.listThreads())).length;
  await lab.cli(["doctor"]);
  assertEquals(await threads(), 0);
  lab.emulator.trouble.visibilityDelayMs = 120_000;
  assertEquals((await diagnose(lab, ["--wait", "1"])).visibility!.outcome, "failed");
  lab.time += 120_000;
  assertEquals(await threads(), 0);
});

Deno.test("doctor finds that rows are acknowledged and not seen in time", async () => {
  await using lab = await provisioned(new CliLab());
  lab.emulator.trouble.visibilityDelayMs = 120_000;
  assertFinding(await diagnose(lab, ["--wait", "30"]), {
    check: "visibility",
    outcome: "failed",
    message:
      "30 s after rows of Checkpoints, CheckpointWrites, CheckpointBlobs were acknowledged no query shows them",
    mend: "longer --wait",
    skipped: ["deleting"],
  });
});

Deno.test("doctor finds that the role Ingestor is missing", async () => {
  await using lab = new CliLab({ tokens: TOKENS });
  await lab.cli(["setup", "--provision", "--cluster", cluster("admin")]);
  assertFinding(await diagnose(lab, ["--cluster", cluster("reader")]), {
    check: "writing",
    outcome: "failed",
    message: "the role Database Ingestor is missing",
    mend: ".add database [\"NetDefaultDB\"] ingestors ('aadapp=<app-id>;<tenant-id>')",
    skipped: ["visibility", "deleting"],
  });
  // An application's savers need no more.
  assertEquals((await lab.cli(["doctor", "--cluster", cluster("app")])).code, 0);
});

/** Policies that hide what a saver writes, by what the doctor finds. */
const secured: readonly (readonly [string, string, readonly string[], readonly string[]])[] = [
  ["visibility", "Checkpoints", [
    '.alter materialized-view LatestCheckpoints policy row_level_security enable "LatestCheckpoints"',
    ".alter table Checkpoints policy row_level_security enable \"Checkpoints | where thread_id startswith 'tenant-'\"",
  ], ["deleting"]],
  ["visibility", "CheckpointBlobs", [
    '.alter table CheckpointBlobs policy row_level_security enable "CheckpointBlobs | where false"',
  ], ["deleting"]],
  ["deleting", "CheckpointDeletions", [
    '.alter table CheckpointDeletions policy row_level_security enable "CheckpointDeletions | where false"',
  ], []],
  ["deleting", "ThreadDeletions", [
    '.alter table ThreadDeletions policy row_level_security enable "ThreadDeletions | where false"',
  ], []],
];

for (const [check, table, commands, skipped] of secured) {
  Deno.test(`doctor finds row-level security of ${table} that hides the saver's own row`, async () => {
    await using lab = await provisioned(new CliLab());
    for (const command of commands) await lab.command(command);
    assertFinding(await diagnose(lab), {
      check,
      outcome: "failed",
      message: `row-level security of ${table} hides what this identity writes`,
      mend: `.delete table ["${table}"] policy row_level_security`,
      skipped,
    });
  });
}

Deno.test("doctor finds row-level security that changes what a saver reads", async () => {
  await using lab = await provisioned(new CliLab());
  await lab.command(
    ".alter table CheckpointBlobs policy row_level_security enable \"CheckpointBlobs | extend data = '***' | project thread_id, incarnation, blob_id, chunk, chunks, encoding, data, created_at\"",
  );
  assertFinding(await diagnose(lab), {
    check: "visibility",
    outcome: "failed",
    message: "row-level security of CheckpointBlobs changes what a saver reads",
    mend: "current_principal_is_member_of",
    skipped: ["deleting"],
  });
});

Deno.test("doctor lets row-level security pass that lets the rows pass", async () => {
  await using lab = await provisioned(new CliLab());
  await lab.command(
    '.alter table CheckpointWrites policy row_level_security enable "CheckpointWrites | where true"',
  );
  const { code, output } = await lab.cli(["doctor"]);
  assertEquals(code, 0);
  assertStringIncludes(output, "row-level security of CheckpointWrites lets them through");
});

Deno.test("doctor finds streaming switched off for the cluster after its policies were set", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await using before = await provisioned(new CliLab({ folder }));
    await before.emulator.close();
    await using lab = new CliLab({ folder, streaming: false });
    assertFinding(await diagnose(lab), {
      check: "writing",
      outcome: "failed",
      message: "streaming ingestion is switched off for the cluster",
      mend: "Configurations, Streaming ingestion: On",
      skipped: ["visibility", "deleting"],
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("doctor finds that streaming does not know a table yet", async () => {
  await using lab = new CliLab();
  const script = await Deno.readTextFile(new URL("../../provision.kql", import.meta.url));
  await lab.command(`.execute database script with (ThrowOnErrors=true) <|\n${script}`);
  assertFinding(await diagnose(lab), {
    check: "writing",
    outcome: "failed",
    message: "streaming ingestion does not know the table",
    mend: "run .clear database cache streamingingestion schema",
    skipped: ["visibility", "deleting"],
  });
  lab.time += 5 * 60_000;
  assertEquals((await lab.cli(["doctor"])).code, 0);
});
