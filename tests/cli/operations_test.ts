import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { KustoSaver, type ThreadSummary } from "../../mod.ts";
import { at, checkpointOf, LOOP } from "../saver/kit.ts";
import { type Around, CliLab } from "./kit.ts";

const DAY_MS = 86_400_000;

/** A database with threads: `old` of 3 checkpoints, idle for 40 days, and `new` of 2 and a subgraph's. */
async function withThreads(): Promise<{ lab: CliLab; ids: () => Promise<string[]> }> {
  const lab = new CliLab();
  const open = () =>
    new KustoSaver({
      connection: "http://localhost",
      database: "NetDefaultDB",
      ...lab.saverOptions,
    });
  const saver = open();
  await saver.setup({ provision: true });
  const put = (thread: string, id: string, parent?: string, namespace = "") =>
    saver.put(at(thread, parent, namespace), checkpointOf(id, { n: id }), LOOP);
  await put("old", "1");
  await put("old", "2", "1");
  await put("old", "3", "2");
  lab.time += 40 * DAY_MS;
  await put("new", "1");
  await saver.putWrites(at("new", "1"), [["n", 2]], "task");
  await put("new", "2", "1");
  await put("new", "1", undefined, "child");
  await saver.close();
  // Each look is another saver's: what a command did is seen by all.
  const ids = async () => {
    await using reader = open();
    const tuples = await Array.fromAsync(reader.list({}));
    return tuples.map(({ config }) => {
      const { thread_id, checkpoint_ns, checkpoint_id } = config.configurable!;
      return [thread_id, checkpoint_ns, checkpoint_id].filter((part) => part !== "").join(" ");
    }).sort();
  };
  return { lab, ids };
}

const OLD = ["old 1", "old 2", "old 3"];
const NEW = ["new 1", "new 2", "new child 1"];

Deno.test("threads lists those that were active last first", async () => {
  const { lab } = await withThreads();
  await using _ = lab;
  const { code, output, errors } = await lab.cli(["threads"]);
  assertEquals([code, errors], [0, ""]);
  assertEquals(
    output,
    `LAST ACTIVE           CREATED               CHECKPOINTS  NAMESPACES  THREAD
2026-02-10T00:00:00Z  2026-02-10T00:00:00Z  3            2           new
2026-01-01T00:00:00Z  2026-01-01T00:00:00Z  3            1           old
`,
  );
  type Listed = { threads: ThreadSummary[]; isWhole: boolean };
  const names = async (...args: string[]) => {
    const { value } = await lab.json<Listed>(["threads", ...args]);
    return [...value.threads.map(({ threadId }) => threadId), value.isWhole];
  };
  assertEquals(await names(), ["new", "old", true]);
  assertEquals(await names("--limit", "1"), ["new", false]);
  assertEquals(await names("--active-since", "30d"), ["new", true]);
  assertEquals(await names("--active-since", "2026-01-01"), ["new", "old", true]);
  assertEquals(await names("--idle-since", "30d"), ["old", true]);
  assertEquals(await names("--idle-since", "2026-01-01T00:00:00Z"), [true]);
  assertStringIncludes((await lab.cli(["threads", "--limit", "1"])).output, "There are more");
  assertEquals((await lab.cli(["threads", "--active-since", "0s", "--idle-since", "0s"])).code, 0);
});

/** Commands that change something, and what is left then. */
const changes: readonly (readonly [readonly string[], string, readonly string[]])[] = [
  [
    ["prune", "old", "new", "--strategy", "keep_latest"],
    "2 threads pruned, 3 checkpoints hidden\n",
    ["new 2", "new child 1", "old 3"],
  ],
  [
    ["prune", "--older-than", "30d", "--strategy", "keep_latest"],
    "1 thread pruned, 2 checkpoints hidden\n",
    [...NEW, "old 3"],
  ],
  [["prune", "--older-than", "30d", "--strategy", "delete"], "1 thread deleted\n", NEW],
  [["delete", "new", "nobody"], "2 threads deleted\n", OLD],
];

for (const [args, said, left] of changes) {
  const name = args.join(" ");

  Deno.test(`${name} does it when it was said beforehand, or the answer is yes`, async () => {
    for (const around of [{ answers: ["y"] }, { answers: ["Yes"] }, undefined]) {
      const { lab, ids } = await withThreads();
      await using _ = lab;
      const { code, output, errors } = around
        ? await lab.cli(args, around)
        : await lab.cli([...args, "--yes"]);
      assertEquals([code, output], [0, said]);
      assertEquals(errors.endsWith(" Go on? [y/N] "), around !== undefined);
      assertEquals(await ids(), left);
    }
  });

  Deno.test(`${name} changes nothing without a yes`, async () => {
    const { lab, ids } = await withThreads();
    await using _ = lab;
    for (const answer of ["", "n", "yess", "no"]) {
      const declined = await lab.cli(args, { answers: [answer] });
      assertEquals([declined.code, declined.output], [1, ""]);
      assertStringIncludes(declined.errors, "Nothing was changed\n");
    }
    const dry = await lab.json<{ dryRun: boolean; threads: number }>([...args, "--dry-run"]);
    assertEquals([dry.code, dry.value.dryRun, dry.errors], [0, true, ""]);
    lab.emulator.requests.clear();
    const alone = await lab.cli(args);
    assertEquals([alone.code, alone.output], [2, ""]);
    assertStringIncludes(alone.errors, "--yes");
    assertEquals(lab.emulator.requests.records.length, 0);
    assertEquals(await ids(), [...NEW, ...OLD]);
  });
}

Deno.test("prune tells beforehand what it would hide, as it then does", async () => {
  const { lab } = await withThreads();
  await using _ = lab;
  const args = ["prune", "--older-than", "2026-03-01", "--strategy", "keep_latest"];
  const dry = await lab.json(["prune", ...args.slice(1), "--dry-run"]);
  assertEquals(dry.value, { dryRun: true, threads: 2, checkpoints: 3 });
  const { errors } = await lab.cli(args, { answers: ["n"] });
  assertStringIncludes(
    errors,
    "This hides 3 checkpoints of 2 threads without a checkpoint since 2026-03-01T00:00:00Z.",
  );
  const done = await lab.json([...args, "--yes"]);
  assertEquals(done.value, { dryRun: false, threads: 2, checkpoints: 3 });
  const evil = await lab.cli(["delete", "a\x1b[2J", "--dry-run"]);
  assertStringIncludes(evil.output, "This deletes 1 thread: a\\u001b[2J.\n");
});

Deno.test("copy copies a thread, goes on where it was, and refuses what is another conversation", async () => {
  const { lab, ids } = await withThreads();
  await using _ = lab;
  const first = await lab.cli(["copy", "new", "spare"]);
  assertEquals([first.code, first.output], [0, "3 checkpoints and 1 write copied\n"]);
  assertEquals(await ids(), [...NEW, ...OLD, "spare 1", "spare 2", "spare child 1"]);
  const again = await lab.json(["copy", "new", "spare"]);
  assertEquals(again.value, { checkpoints: 0, writes: 1, present: 3 });
  assertEquals((await ids()).length, 9);
  const { code, value } = await lab.json<{ error: { code: string } }>(["copy", "nobody", "x"]);
  assertEquals([code, value.error.code], [1, "NOT_FOUND"]);
  const other = await lab.cli(["copy", "new", "old"]);
  assertEquals([other.code > 0, other.output], [true, ""]);
  assertEquals((await lab.cli(["copy", "new", "new"])).code, 2);
});

Deno.test("purge removes the rows of deleted threads, as it tells beforehand", async () => {
  const { lab, ids } = await withThreads();
  await using _ = lab;
  await lab.cli(["delete", "old", "--yes"]);
  lab.time += 2 * DAY_MS;
  await lab.cli(["delete", "new", "--yes"]);
  type Purged = { dryRun: boolean; removed: Record<string, number>; left: Record<string, number> };
  const ages: Around = { answers: ["n"] };
  const { errors, code } = await lab.cli(["purge"], ages);
  assertEquals(code, 1);
  const dry = await lab.json<Purged>(["purge", "--dry-run"]);
  const wanted = { checkpoints: 6, writes: 1, blobs: 0, pointers: 0, checkpointDeletions: 0 };
  assertEquals(dry.value, {
    dryRun: true,
    removed: { ...wanted, threadDeletions: 0 },
    left: null as unknown as Record<string, number>,
  });
  assertStringIncludes(errors, "This removes 7 rows for good. Go on? [y/N] ");
  const young = await lab.json<Purged>(["purge", "--minimum-age", "30d", "--yes"]);
  assertEquals([young.value.removed.checkpoints, young.value.left.checkpoints], [3, 3]);
  const { output } = await lab.cli(["purge", "--yes"]);
  assertStringIncludes(
    output,
    "ROWS OF              REMOVED  TOO YOUNG\ncheckpoints          3        0\n",
  );
  assertEquals(await ids(), []);
  lab.emulator.requests.clear();
  assertEquals((await lab.cli(["purge"])).code, 2);
  assertEquals(lab.emulator.requests.records.length, 0);
});

Deno.test("long work tells how far it is, once in a second", async () => {
  const { lab } = await withThreads();
  await using _ = lab;
  lab.emulator.trouble.visibilityDelayMs = 3_000;
  const ids = Array.from({ length: 20 }, (_, at) => `t${at}`);
  const { code, output, errors } = await lab.cli(["delete", ...ids, "--yes"]);
  assertEquals([code, output], [0, "20 threads deleted\n"]);
  assertEquals(errors.split("\n")[0], "so far: 8 threads deleted");
});

/** Command lines that are wrong. */
const misused: readonly (readonly [readonly string[], string])[] = [
  [["prune", "t"], "--strategy must be"],
  [["prune", "t", "--strategy", "all"], "--strategy must be"],
  [["prune", "--strategy", "delete"], "Name threads, or pass --older-than"],
  [["prune", "t", "--older-than", "1d", "--strategy", "delete"], "Name threads, or"],
  [["prune", "", "--strategy", "delete"], "is empty"],
  [["delete"], "THREAD... is missing"],
  [["delete", "a", ""], "is empty"],
  [["copy", "a"], "COPY is missing"],
  [["copy", "a", "b", "c"], "takes THREAD COPY and options"],
  [["purge", "--minimum-age", "1"], "--minimum-age must be an age"],
  [["purge", "--minimum-age", "2026-01-01"], "--minimum-age must be an age"],
  [["threads", "--active-since", "yesterday"], "--active-since must be an age such as"],
  [["threads", "--active-since", "2026-13-01"], "--active-since must be"],
  [["threads", "--idle-since", "999999999d"], "--idle-since must be"],
  [["threads", "--limit", "0"], "--limit must be a whole number, at least 1"],
];

for (const [args, said] of misused) {
  Deno.test(`the command line ${args.join(" ")} is refused before anything is sent`, async () => {
    await using lab = new CliLab();
    const { code, output, errors } = await lab.cli(
      [...args, "--yes"].filter((arg) =>
        arg !== "--yes" || /^(prune|delete|purge)$/.test(args[0]!)
      ),
    );
    assertEquals([code, output], [2, ""]);
    assertStringIncludes(errors, said);
    assert(errors.endsWith(`; see kusto-checkpoint ${args[0]} --help\n`), errors);
    assertEquals(lab.emulator.requests.records.length, 0);
  });
}
