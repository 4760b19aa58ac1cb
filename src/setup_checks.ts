/**
 * What a database lacks of what `provision.kql` would create in it.
 *
 * @module
 */
import type { KustoClient } from "./client.ts";
import type { Settings } from "./config.ts";
import type { SchemaProblem } from "./errors.ts";
import { rowsOf } from "./frames.ts";
import { entityName } from "./kql.ts";
import { MAPPING_NAME, tableNames } from "./schema.ts";
import { readPolicy } from "./policies.ts";
import { findShortLifetimes } from "./setup_lifetimes.ts";

const CONCURRENT_CHECKS = 4;

interface Schema {
  /** Types by column name, by table name. */
  readonly tables: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly views: ReadonlyMap<string, { readonly IsEnabled: boolean | number }>;
}

type Check = () => Promise<SchemaProblem[]>;

/**
 * Compares a database with the commands of a provisioning script.
 *
 * @returns Every difference, in the order of the commands; a table that is missing is named with its
 * mapping and its streaming policy, not with each of its columns.
 */
export async function findProblems(
  client: KustoClient,
  settings: Settings,
  commands: readonly string[],
): Promise<SchemaProblem[]> {
  const schema = await readSchema(client, settings.database);
  const checks = commands.map((command) => checkFor(client, schema, command));
  checks.push(() => checkViewCoverage(client, settings, schema, commands));
  checks.push(() =>
    findShortLifetimes(client, settings, [...schema.tables.keys(), ...schema.views.keys()])
  );
  return (await inTurns(checks, CONCURRENT_CHECKS)).flat();
}

async function readSchema(client: KustoClient, database: string): Promise<Schema> {
  const [[columns], [views]] = await Promise.all([
    client.command(`.show database ${entityName(database)} schema`),
    client.command(".show materialized-views"),
  ]);
  const tables = new Map<string, Map<string, string>>();
  type ColumnRow = { TableName: string; ColumnName: string; ColumnType: string };
  for (const { TableName, ColumnName, ColumnType } of rowsOf<ColumnRow>(columns)) {
    if (!TableName) continue;
    const table = tables.get(TableName) ?? new Map<string, string>();
    if (ColumnName) table.set(ColumnName, ColumnType);
    tables.set(TableName, table);
  }
  type ViewRow = { Name: string; IsEnabled: boolean | number };
  return { tables, views: new Map(rowsOf<ViewRow>(views).map((view) => [view.Name, view])) };
}

function checkFor(client: KustoClient, schema: Schema, command: string): Check {
  const table = /^\.create-merge table (\S+) \((.*)\)$/.exec(command);
  if (table) return () => Promise.resolve(checkTable(schema, table[1]!, table[2]!, command));
  const mapping = /^\.create-or-alter table (\S+) ingestion json mapping "\S+" ```(.*)```$/s
    .exec(command);
  if (mapping) return () => checkMapping(client, schema, mapping[1]!, mapping[2]!, command);
  const view = /^\.create ifnotexists materialized-view (\S+)/.exec(command);
  if (view) return () => Promise.resolve(checkView(schema, view[1]!, command));
  const policy = /^\.alter(?:-merge)? (table|column|materialized-view) (\S+) policy (\S+)/
    .exec(command);
  if (policy) {
    return () => checkPolicy(client, schema, policy[1]!, policy[2]!, policy[3]!, command);
  }
  throw new TypeError(`provision.kql holds a command that no check belongs to: ${command}`);
}

const ENGINE_TYPES: Readonly<Record<string, string>> = {
  string: "System.String",
  int: "System.Int32",
  datetime: "System.DateTime",
  dynamic: "System.Object",
};

function checkTable(
  { tables }: Schema,
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
  { tables }: Schema,
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

function checkView({ views }: Schema, view: string, mend: string): SchemaProblem[] {
  const found = views.get(view);
  if (!found) {
    return [{
      kind: "view",
      severity: "error",
      entity: view,
      message: `the materialized view ${view} is missing`,
      mend,
    }];
  }
  if (found.IsEnabled) return [];
  return [{
    kind: "view",
    severity: "warning",
    entity: view,
    message: `the materialized view ${view} is disabled, so reads slow down as the table grows`,
    mend: `.enable materialized-view ${view}`,
  }];
}

async function checkPolicy(
  client: KustoClient,
  { tables, views }: Schema,
  of: string,
  entity: string,
  policy: string,
  mend: string,
): Promise<SchemaProblem[]> {
  const streaming = policy === "streamingingestion";
  const [owner, column] = entity.split(".") as [string, string | undefined];
  const exists = of === "materialized-view"
    ? views.has(owner)
    : column === undefined
    ? tables.has(owner)
    : tables.get(owner)?.has(column);
  // What is missing altogether has been named, and only streaming decides whether writing works.
  if (!exists && !streaming) return [];
  const found = exists ? await readPolicy(client, of, entity, policy) : undefined;
  if (found !== undefined && (!streaming || JSON.parse(found).IsEnabled === true)) return [];
  return [{
    kind: streaming ? "streaming" : "policy",
    severity: streaming ? "error" : "warning",
    entity,
    message: `the ${policy} policy of ${entity} is not set`,
    mend,
  }];
}

/**
 * A view that was made after its rows does not know them, or points at younger rows with smaller ids:
 * where it knows none, reads fall back to the table.
 */
async function checkViewCoverage(
  client: KustoClient,
  settings: Settings,
  { tables, views }: Schema,
  commands: readonly string[],
): Promise<SchemaProblem[]> {
  const { checkpoints, latest } = tableNames(settings.tablePrefix);
  if (!tables.has(checkpoints) || !views.has(latest)) return [];
  const [rows] = await client.query(
    `${checkpoints} | summarize head = max(revision) by thread_id, checkpoint_ns, incarnation | join kind=leftouter ${latest} on thread_id, checkpoint_ns, incarnation | where revision != head | take 1 | count`,
    {},
  );
  if ((rowsOf<{ Count: number }>(rows)[0]?.Count ?? 0) === 0) return [];
  // A view that is made anew has none of the policies of the one that it replaces.
  const remake = commands.filter((command) => command.includes(` materialized-view ${latest} `))
    .map((command) =>
      command.replace(
        ".create ifnotexists materialized-view",
        ".create async materialized-view with (backfill=true)",
      )
    );
  return [{
    kind: "view",
    severity: "warning",
    entity: latest,
    message:
      `the materialized view ${latest} is younger than some of its rows, so reading those threads is slower, or gives an older checkpoint`,
    mend: [`.drop materialized-view ${latest}`, ...remake].join(", then "),
  }];
}

async function inTurns<T>(tasks: readonly (() => Promise<T>)[], concurrent: number): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < tasks.length; at = next++) results[at] = await tasks[at]!();
  };
  await Promise.all(Array.from({ length: concurrent }, worker));
  return results;
}
