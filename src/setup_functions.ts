/**
 * Stored functions and the version of the schema: what a database lacks of them.
 *
 * @module
 */
import type { KustoClient } from "./client.ts";
import type { DatabaseSchema } from "./database_schema.ts";
import type { SchemaProblem } from "./errors.ts";
import { rowsOf } from "./frames.ts";
import { tableNames } from "./schema.ts";
import { FUNCTION_FOLDER, SCHEMA_VERSION, VERSION_FUNCTION } from "./stored_functions.ts";

/** The name of the function that a command makes, if it makes one. */
export function functionMadeBy(command: string): string | undefined {
  return /^\.create-or-alter function with \([^)]*\) (\w+)\s*\(/.exec(command)?.[1];
}

/**
 * Whether something else of a database bears a function's name: it would be changed, or hidden, as a
 * function goes before a table of the same name.
 */
export function nameIsTaken({ tables, views, functions }: DatabaseSchema, name: string): boolean {
  const folder = functions.get(name);
  return tables.has(name) || views.has(name) ||
    (folder !== undefined && folder !== FUNCTION_FOLDER);
}

/** Compares a function with the command that makes it. */
export function checkFunction(
  schema: DatabaseSchema,
  name: string,
  command: string,
): SchemaProblem[] {
  if (nameIsTaken(schema, name)) {
    return [{
      kind: "function",
      severity: "warning",
      entity: name,
      message:
        `the name ${name} is taken by something that is not of this library (its folder is not ` +
        `${FUNCTION_FOLDER}), so the function is missing`,
      mend: "rename that, or use the option tablePrefix, then run setup({ provision: true })",
    }];
  }
  if (schema.functions.has(name)) return [];
  return [{
    kind: "function",
    severity: "warning",
    entity: name,
    message: `the function ${name} is missing`,
    mend: command,
  }];
}

/**
 * Asks a database for the version of its schema.
 *
 * @returns 0 where there is none, 1 for the first one, which did not tell its version.
 */
export async function readSchemaVersion(
  client: KustoClient,
  { tables, functions }: DatabaseSchema,
  tablePrefix: string,
): Promise<number> {
  const name = tablePrefix + VERSION_FUNCTION;
  if (!functions.has(name)) return tables.has(tableNames(tablePrefix).checkpoints) ? 1 : 0;
  const [rows] = await client.query(`print version = tolong(${name}())`, {});
  return rowsOf<{ version: number | null }>(rows)[0]?.version ?? 1;
}

/** Compares the version of a schema with the one that this code is made for. */
export function checkVersion(version: number, tablePrefix: string): SchemaProblem[] {
  if (version === SCHEMA_VERSION) return [];
  const entity = tablePrefix + VERSION_FUNCTION;
  if (version > SCHEMA_VERSION) {
    return [{
      kind: "version",
      severity: "warning",
      entity,
      message:
        `the schema has version ${version}, newer than this code, which knows ${SCHEMA_VERSION} and may not be able to read what newer code wrote`,
      mend: "upgrade kusto-checkpoint",
    }];
  }
  return [{
    kind: "version",
    severity: "error",
    entity,
    message: version === 0
      ? `the function ${entity} is missing, which tells the version of the schema`
      : `the schema has version ${version}, older than the code, which needs ${SCHEMA_VERSION}`,
    mend: version === 0
      ? "run setup({ provision: true }) or provision.kql"
      : `run setup({ provision: true }), or provision.kql from the line "// Version ${
        version + 1
      }" on`,
  }];
}
