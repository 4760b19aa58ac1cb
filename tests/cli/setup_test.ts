import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { SchemaProblem, SetupReport } from "../../mod.ts";
import { CliLab } from "./kit.ts";

Deno.test("setup of an empty database names what is missing with its mends, and ends with 1", async () => {
  await using lab = new CliLab();
  const { code, output, errors } = await lab.cli(["setup"]);
  assertEquals([code, errors], [1, ""]);
  assertStringIncludes(output, "A saver cannot use the database");
  assertStringIncludes(
    output,
    "\nerror    the table Checkpoints is missing\n  mend:  .create-merge table Checkpoints (",
  );
  const { value } = await lab.json<SetupReport>(["setup"]);
  assertEquals({ ...value, problems: [] }, {
    ready: false,
    problems: [],
    schemaVersion: null,
    view: null,
    tables: [],
  } as unknown as SetupReport);
  // The first line counts them all.
  assertStringIncludes(output, `\n${value.problems.length} problems:\n`);
  assert(
    output.endsWith("\n\nA Database Admin makes all that is missing with --provision\n"),
    output,
  );
});

Deno.test("setup --provision makes a database ready, and tells how it is set", async () => {
  await using lab = new CliLab();
  const args = ["setup", "--provision", "--retention-days", "7"];
  const { code, output, errors } = await lab.cli(args);
  assertEquals([code, errors], [0, ""]);
  assertStringIncludes(output, "The database is ready");
  assertStringIncludes(output, "\nCheckpoints          7 days      7 days      on\n");
  assertStringIncludes(
    output,
    "\nThe view is enabled, healthy, complete, materialized up to 2026-",
  );
  const { code: again, value } = await lab.json<SetupReport>(["setup"]);
  assertEquals([again, value.ready, value.problems], [0, true, []]);
  assertEquals(value.tables.map(({ name }) => name)[0], "Checkpoints");
  assertEquals(value.view.retentionDays, 7);
});

Deno.test("setup refuses a retention that it would not set", async () => {
  await using lab = new CliLab();
  const { code, output, errors } = await lab.cli(["setup", "--retention-days", "7"]);
  assertEquals([code, output], [2, ""]);
  assertStringIncludes(errors, "--retention-days goes with --provision");
});

Deno.test("setup ends with 0 where a saver works, though something is amiss", async () => {
  await using lab = new CliLab();
  await lab.cli(["setup", "--provision"]);
  await lab.command(".disable materialized-view LatestCheckpoints");
  const { code, output } = await lab.cli(["setup"]);
  assertEquals(code, 0);
  assertStringIncludes(output, "The view is disabled");
  assertStringIncludes(output, "mend:  .enable materialized-view LatestCheckpoints\n");
  const { value } = await lab.json<SetupReport>(["setup"]);
  assertEquals(
    value.problems.map(({ kind, severity }: SchemaProblem) => `${severity} ${kind}`),
    ["warning view"],
  );
});

Deno.test("setup makes tables of a prefix, and none twice", async () => {
  await using lab = new CliLab();
  const variables = { KUSTO_TABLE_PREFIX: "dev_" };
  const first = await lab.json<SetupReport>(["setup", "--provision"], { variables });
  assertEquals(first.value.tables.map(({ name }) => name)[0], "dev_Checkpoints");
  const second = await lab.json<SetupReport>(["setup", "--provision", "--table-prefix", "dev_"]);
  assertEquals(second.value.problems, []);
  assertEquals((await lab.cli(["setup"])).code, 1);
});
