/**
 * What `setup()` finds, thing by thing.
 *
 * @module
 */
import type { SchemaProblem, SetupReport } from "../../../mod.ts";
import { tableNames } from "../../schema.ts";
import { count, moment } from "../text.ts";
import type { Check } from "./examination.ts";
import type { Patient } from "./patient.ts";
import { type CheckName, ok, type Problem, type Result, skipped } from "./verdict.ts";

type Kind = SchemaProblem["kind"];

/** The tables with their columns. */
export const tables: Check = schemaCheck("tables", ["table", "column"], ({ settings }) => {
  const { latest: _view, ...names } = tableNames(settings.tablePrefix);
  return `all ${Object.keys(names).length} are there, with their columns`;
});

/** The version of the schema. */
export const version: Check = schemaCheck(
  "version",
  ["version"],
  (_, report) =>
    report ? `the schema has version ${report.schemaVersion}` : "it is that of the code",
);

/** The mappings that rows are ingested by. */
export const mappings: Check = schemaCheck("mappings", ["mapping"], () => "each table has its own");

/** The view that points at the newest checkpoints. */
export const view: Check = schemaCheck("view", ["view"], (_, report) => {
  const to = report?.view.materializedTo;
  return `enabled, healthy and complete${to ? `, materialized up to ${moment(to)}` : ""}`;
});

/** How long rows live, and how they lie. */
export const policies: Check = schemaCheck("policies", ["policy"], (_, report) => {
  const days = report?.tables[0]?.retentionDays;
  return days === undefined ? "all are set" : `all are set, checkpoints live ${count(days, "day")}`;
});

/** The functions that show state to people. */
export const functions: Check = schemaCheck("functions", ["function"], () => "all are there");

function schemaCheck(
  name: CheckName,
  kinds: readonly Kind[],
  praise: (patient: Patient, report: SetupReport | undefined) => string,
): Check {
  return {
    name,
    needs: ["reading"],
    async run(patient) {
      const { problems, report } = await patient.schema();
      // What an older schema lacks is named by its version alone.
      if (name === "functions" && isOld(problems)) {
        return skipped(hasAllTables(problems) ? "needs version" : "needs tables");
      }
      return faults(patient, problems, kinds) ??
        (hasAllTables(problems) ? ok(praise(patient, report)) : skipped("needs tables"));
    },
  };
}

/** What is wrong with things of some kinds, but for what is missing because its table is. */
export function faults(
  { settings }: Patient,
  problems: readonly SchemaProblem[],
  kinds: readonly Kind[],
): Result | undefined {
  const missing = missingTables(problems);
  const { checkpoints } = tableNames(settings.tablePrefix);
  const own = problems.filter(({ kind, entity }) => {
    if (!kinds.includes(kind)) return false;
    if (kind === "table" || kind === "function") return true;
    const isOfCheckpoints = kind === "view" || kind === "version";
    return !missing.has(isOfCheckpoints ? checkpoints : entity.split(".")[0]!);
  });
  const [first, ...rest] = own.map(problemOf);
  if (!first) return undefined;
  const isError = own.some(({ severity }) => severity === "error");
  return { outcome: isError ? "failed" : "warning", problems: [first, ...rest] };
}

/** Whether no table is missing. */
export function hasAllTables(problems: readonly SchemaProblem[]): boolean {
  return missingTables(problems).size === 0;
}

function missingTables(problems: readonly SchemaProblem[]): Set<string> {
  return new Set(problems.filter(({ kind }) => kind === "table").map(({ entity }) => entity));
}

function isOld(problems: readonly SchemaProblem[]): boolean {
  return problems.some(({ kind, severity }) => kind === "version" && severity === "error");
}

/** What provisioning makes needs no command of its own. */
function problemOf({ kind, message, mend }: SchemaProblem): Problem {
  const isMade = mend.startsWith(".create") || kind === "streaming";
  return {
    message,
    mend: isMade
      ? `kusto-checkpoint setup --provision, or ${mend}`
      : mend.replace("run setup({ provision: true })", "kusto-checkpoint setup --provision"),
  };
}
