/**
 * `setup`: checks what a database lacks, or makes it.
 *
 * @module
 */
import { KustoSchemaError, type SchemaProblem, type SetupReport } from "../../../mod.ts";
import { UsageError } from "../arguments.ts";
import { clusterCommand, type Command } from "../command.ts";
import { FAILED, FINE } from "../exit_code.ts";
import { count, moment, plain, table } from "../text.ts";

/** What is told: the report of a database that a saver cannot use is empty but for its problems. */
type Told = Pick<SetupReport, "ready" | "problems"> & Partial<SetupReport>;

/** The command. */
export const setup: Command = clusterCommand({
  name: "setup",
  about:
    "Checks that a database has all that a saver needs, and names what is missing with its mend. With --provision makes it first, which needs the role Database Admin; rows that are there stay. Can be repeated. Ends with 1 if a saver cannot use the database.",
  options: {
    provision: { about: "make what is missing" },
    "retention-days": {
      value: "N",
      about:
        "how many days a checkpoint lives, with --provision (default: what was set before, else 90)",
    },
  },
  async run(call) {
    const { args } = call;
    const retentionDays = args.whole("retention-days", 1);
    if (retentionDays !== undefined && !args.has("provision")) {
      throw new UsageError("--retention-days goes with --provision: nothing is set without it");
    }
    const report: Told = await call.saver()
      .setup({
        provision: args.has("provision"),
        ...(retentionDays !== undefined && { retentionDays }),
      })
      .catch((error) => {
        if (error instanceof KustoSchemaError && error.problems.length > 0) {
          return { ready: false, problems: error.problems };
        }
        throw error;
      });
    const { ready, problems, schemaVersion, view, tables = [] } = report;
    call.print(
      { ready, problems, schemaVersion, view, tables },
      describe(report, args.has("provision")),
    );
    return ready ? FINE : FAILED;
  },
});

function describe(
  { ready, problems, schemaVersion, view, tables = [] }: Told,
  isProvisioned: boolean,
): string {
  const parts = [
    ready
      ? `The database is ready, its schema has version ${schemaVersion}\n`
      : "A saver cannot use the database\n",
  ];
  if (view) {
    const days = (number: number | undefined) =>
      number === undefined ? "as the database" : count(number, "day");
    parts.push(table(
      ["name", "keeps rows", "hot", "streaming"],
      [
        ...tables.map(({ name, retentionDays, hotDays, streaming }) => [
          name,
          days(retentionDays),
          days(hotDays),
          streaming ? "on" : "off",
        ]),
        [view.name, days(view.retentionDays), days(view.hotDays), "a view"],
      ],
    ));
    parts.push(`The view is ${healthOf(view)}\n`);
  }
  if (problems.length > 0) {
    parts.push(`${count(problems.length, "problem")}:\n${problems.map(problemText).join("")}`);
  }
  // The mends above fill more than a screen.
  if (!ready && !isProvisioned) {
    parts.push("A Database Admin makes all that is missing with --provision\n");
  }
  return parts.join("\n");
}

function healthOf({ enabled, healthy, complete, materializedTo }: SetupReport["view"]): string {
  return [
    enabled ? "enabled" : "disabled",
    healthy ? "healthy" : "not healthy",
    complete ? "complete" : "younger than some of its rows",
    materializedTo ? `materialized up to ${moment(materializedTo)}` : "not materialized yet",
  ].join(", ");
}

/** A problem in two lines; the commands of a mend may have several of their own. */
function problemText({ severity, message, mend }: SchemaProblem): string {
  return `${severity.padEnd(7)}  ${plain(message)}\n  mend:  ${
    mend.split("\n").map(plain).join("\n")
  }\n`;
}
