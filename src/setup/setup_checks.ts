/**
 * What a database lacks of what `provision.kql` would create in it.
 *
 * @module
 */
import type { KustoClient } from "../service/client.ts";
import type { Settings } from "../config.ts";
import { type DatabaseSchema, readDatabaseSchema } from "./database_schema.ts";
import type { SchemaProblem } from "../errors.ts";
import { rowsOf } from "../service/frames.ts";
import { entityName } from "../service/kql.ts";
import type { PolicyReader } from "./policies.ts";
import { MAPPING_NAME } from "../schema.ts";
import {
  checkFunction,
  checkVersion,
  functionMadeBy,
  readSchemaVersion,
  unmakeableFunctions,
} from "./setup_functions.ts";
import { findShortLifetimes } from "./setup_lifetimes.ts";
import { checkView, checkViewCoverage } from "./setup_view.ts";
import { VERSION_FUNCTION } from "./stored_functions.ts";

const CONCURRENT_CHECKS = 4;

/** What was found out about a database. */
export interface Findings {
  /** What differs, in the order of the commands. */
  readonly problems: readonly SchemaProblem[];
  readonly schema: DatabaseSchema;
  readonly schemaVersion: number;
  /** Whether the view knows the newest checkpoint of every thread. */
  readonly viewIsComplete: boolean;
}

type Check = () => Promise<SchemaProblem[]> | SchemaProblem[];

/** What the checks work with. */
interface Inspected {
  readonly client: KustoClient;
  readonly policies: PolicyReader;
  readonly database: string;
  readonly schema: DatabaseSchema;
  readonly unmakeable: ReadonlyMap<string, string>;
}

/**
 * Compares a database with the commands of a provisioning script; a table that is missing is named with
 * its mapping and its streaming policy, not with each of its columns.
 */
export async function inspect(
  client: KustoClient,
  policies: PolicyReader,
  settings: Settings,
  commands: readonly string[],
): Promise<Findings> {
  const { database, tablePrefix } = settings;
  const schema = await readDatabaseSchema(client, database);
  const schemaVersion = await readSchemaVersion(client, schema, tablePrefix);
  const unmakeable = unmakeableFunctions(schema, commands);
  const inspected = { client, policies, database, schema, unmakeable };
  const checks = commands.map((command) => checkFor(inspected, command));
  checks.push(() => checkVersion(schema, schemaVersion, tablePrefix));
  checks.push(() =>
    findShortLifetimes(policies, settings, [...schema.tables.keys(), ...schema.views.keys()])
  );
  const problems = (await inTurns(checks, CONCURRENT_CHECKS)).flat();
  const uncovered = await checkViewCoverage(client, tablePrefix, schema, commands);
  return {
    problems: [...problems, ...uncovered],
    schema,
    schemaVersion,
    viewIsComplete: uncovered.length === 0,
  };
}

function checkFor(inspected: Inspected, command: string): Check {
  const { client, policies, database, schema, unmakeable } = inspected;
  const table = /^\.create-merge table (\S+) \((.*)\)$/.exec(command);
  if (table) return () => checkTable(schema, table[1]!, table[2]!, command);
  const mapping = /^\.create-or-alter table (\S+) ingestion json mapping "\S+" ```(.*)```$/s
    .exec(command);
  if (mapping) return () => checkMapping(client, schema, mapping[1]!, mapping[2]!, command);
  const view = /^\.create ifnotexists materialized-view (\S+)/.exec(command);
  if (view) return () => checkView(schema, view[1]!, command);
  const streaming = /^\.alter table (\S+) policy streamingingestion\b/.exec(command);
  if (streaming) return () => checkStreaming(policies, database, schema, streaming[1]!, command);
  const policy = /^\.alter(?:-merge)? (table|column|materialized-view) (\S+) policy (\S+)/
    .exec(command);
  if (policy) {
    return () => checkPolicy(policies, schema, policy[1]!, policy[2]!, policy[3]!, command);
  }
  const made = functionMadeBy(command);
  if (made?.endsWith(VERSION_FUNCTION)) return () => [];
  if (made) return () => checkFunction(schema, made, command, unmakeable.get(made));
  throw new TypeError(`provision.kql holds a command that no check belongs to: ${command}`);
}

const ENGINE_TYPES: Readonly<Record<string, string>> = {
  string: "System.String",
  int: "System.Int32",
  datetime: "System.DateTime",
  dynamic: "System.Object",
};

function checkTable(
  { tables }: DatabaseSchema,
  table: string,
  columns: string,
  mend: string,
): SchemaProblem[] {
  const found = tables.get(table);
  if (!found) {
    return [{
      kind: "table",
      severity: "error",
      entity: table,
      message: `the table ${table} is missing`,
      mend,
    }];
  }
  return columns.split(",").flatMap((column): SchemaProblem[] => {
    const [name, type] = column.trim().split(":") as [string, string];
    const actual = found.get(name);
    if (actual === ENGINE_TYPES[type]) return [];
    const entity = `${table}.${name}`;
    return [{
      kind: "column",
      severity: "error",
      entity,
      message: actual === undefined
        ? `the column ${entity} is missing`
        : `the column ${entity} is of type ${actual}, it must be ${type}`,
      mend: actual === undefined ? mend : `.alter column ${entity} type=${type}`,
    }];
  });
}

async function checkMapping(
  client: KustoClient,
  { tables }: DatabaseSchema,
  table: string,
  wanted: string,
  mend: string,
): Promise<SchemaProblem[]> {
  const [rows] = tables.has(table)
    ? await client.command(`.show table ${entityName(table)} ingestion json mappings`)
    : [undefined];
  const found = rowsOf<{ Name: string; Mapping: string }>(rows).find((row) =>
    row.Name === MAPPING_NAME
  );
  const problem = (message: string): SchemaProblem[] => [
    { kind: "mapping", severity: "error", entity: table, message, mend },
  ];
  if (!found) {
    return problem(`the ingestion mapping ${MAPPING_NAME} of the table ${table} is missing`);
  }
  const missing = mappedColumns(wanted).filter((column) =>
    !mappedColumns(found.Mapping).includes(column)
  );
  if (missing.length === 0) return [];
  return problem(
    `the ingestion mapping ${MAPPING_NAME} of the table ${table} leaves out ${missing.join(", ")}`,
  );
}

function mappedColumns(mapping: string): string[] {
  const elements = JSON.parse(mapping) as { column?: string; Column?: string }[];
  return elements.map((element) => element.column ?? element.Column ?? "");
}

async function checkPolicy(
  policies: PolicyReader,
  { tables, views }: DatabaseSchema,
  of: string,
  entity: string,
  policy: string,
  mend: string,
): Promise<SchemaProblem[]> {
  const [owner, column] = entity.split(".") as [string, string | undefined];
  const exists = of === "materialized-view"
    ? views.has(owner)
    : column === undefined
    ? tables.has(owner)
    : tables.get(owner)?.has(column);
  // What is missing altogether has been named.
  if (!exists || await policies.text(of, entity, policy) !== undefined) return [];
  const message = `the ${policy} policy of ${entity} is not set`;
  return [{ kind: "policy", severity: "warning", entity, message, mend }];
}

/** Of a missing table too: only this decides whether writing works. */
async function checkStreaming(
  policies: PolicyReader,
  database: string,
  { tables }: DatabaseSchema,
  table: string,
  mend: string,
): Promise<SchemaProblem[]> {
  if (tables.has(table) && await policies.isStreaming(database, table)) return [];
  const message = `the table ${table} lets no streaming ingestion in`;
  return [{ kind: "streaming", severity: "error", entity: table, message, mend }];
}

async function inTurns<T>(
  tasks: readonly (() => Promise<T> | T)[],
  concurrent: number,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < tasks.length; at = next++) results[at] = await tasks[at]!();
  };
  await Promise.all(Array.from({ length: concurrent }, worker));
  return results;
}
