/**
 * Stored functions and the version of the schema: what a database lacks of them.
 *
 * @module
 */
import type { KustoClient } from "../service/client.ts";
import type { DatabaseSchema } from "./database_schema.ts";
import type { SchemaProblem } from "../errors.ts";
import { rowsOf } from "../service/frames.ts";
import { tableNames } from "../schema.ts";
import { FUNCTION_FOLDER, SCHEMA_VERSION, VERSION_FUNCTION } from "./stored_functions.ts";

/** The name of the function that a command makes, if it makes one. */
export function functionMadeBy(command: string): string | undefined {
  return /^\.create-or-alter function with \([^)]*\) (\w+)\s*\(/.exec(command)?.[1];
}

/**
 * Whether something else of a database bears a function's name: it would be changed, or hidden, as a
 * function goes before a table of the same name.
 */
function nameIsTaken({ tables, views, functions }: DatabaseSchema, name: string): boolean {
  const folder = functions.get(name);
  return tables.has(name) || views.has(name) ||
    (folder !== undefined && folder !== FUNCTION_FOLDER);
}

/**
 * The functions of a script that cannot be made, each with the name that is in the way: its own, or
 * that of a function which it calls.
 */
export function unmakeableFunctions(
  schema: DatabaseSchema,
  commands: readonly string[],
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const command of commands) {
    const made = functionMadeBy(command);
    if (made === undefined) continue;
    // A function stands below those that it calls.
    const called = [...found.keys()].find((name) => RegExp(`\\b${name}\\(`).test(command));
    if (nameIsTaken(schema, made)) found.set(made, made);
    else if (called !== undefined) found.set(made, found.get(called)!);
  }
  return found;
}

/**
 * Compares a function with the command that makes it.
 *
 * @param taken The name that keeps it from being made, if one does.
 */
export function checkFunction(
  { functions }: DatabaseSchema,
  name: string,
  command: string,
  taken: string | undefined,
): SchemaProblem[] {
  if (taken !== name && functions.has(name)) return [];
  const problem = taken === undefined
    ? { message: `the function ${name} is missing`, mend: command }
    : takenName(taken, name);
  return [{ kind: "function", severity: "warning", entity: name, ...problem }];
}

function takenName(
  taken: string,
  missing: string,
): Pick<SchemaProblem, "message" | "mend"> {
  return {
    message: `the name ${taken} is taken by something that is not of this library (its folder is ` +
      `not ${FUNCTION_FOLDER}), so the function ${missing} is missing`,
    mend: "rename that, or use the option tablePrefix, then run setup({ provision: true })",
  };
}

/**
 * Asks a database for the version of its schema.
 *
 * @returns 0 where there is none, 1 for the first one, which did not tell its version.
 */
export async function readSchemaVersion(
  client: KustoClient,
  schema: DatabaseSchema,
  tablePrefix: string,
): Promise<number> {
  const { tables, functions } = schema;
  const name = tablePrefix + VERSION_FUNCTION;
  if (!functions.has(name) || nameIsTaken(schema, name)) {
    return tables.has(tableNames(tablePrefix).checkpoints) ? 1 : 0;
  }
  const [rows] = await client.query(`print version = tolong(${name}())`, {});
  return rowsOf<{ version: number | null }>(rows)[0]?.version ?? 1;
}

/** Compares the version of a schema with the one that this code is made for. */
export function checkVersion(
  schema: DatabaseSchema,
  version: number,
  tablePrefix: string,
): SchemaProblem[] {
  const entity = tablePrefix + VERSION_FUNCTION;
  const problem = { kind: "version", severity: "error", entity } as const;
  if (nameIsTaken(schema, entity)) return [{ ...problem, ...takenName(entity, entity) }];
  if (version === SCHEMA_VERSION) return [];
  if (version > SCHEMA_VERSION) {
    return [{
      ...problem,
      severity: "warning",
      message:
        `the schema has version ${version}, newer than this code, which knows ${SCHEMA_VERSION} and may not be able to read what newer code wrote`,
      mend: "upgrade kusto-checkpoint",
    }];
  }
  // The script knows no prefix.
  const script = tablePrefix !== ""
    ? ""
    : version === 0
    ? " or provision.kql"
    : `, or provision.kql from the line "// Version ${version + 1}" on`;
  return [{
    ...problem,
    message: version === 0
      ? `the function ${entity} is missing, which tells the version of the schema`
      : `the schema has version ${version}, older than the code, which needs ${SCHEMA_VERSION}`,
    mend: `run setup({ provision: true })${script}`,
  }];
}
