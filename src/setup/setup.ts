/**
 * Creating what a saver needs in a database, and finding out what is missing.
 *
 * Both follow `provision.kql`: each of its commands is run, or checked with the `.show` command that
 * belongs to it, and is itself the mend for what it would have made.
 *
 * @module
 */
import { checkCallOptions } from "../call_options.ts";
import type { KustoClient } from "../service/client.ts";
import type { Settings } from "../config.ts";
import {
  type KustoError,
  KustoInputError,
  KustoRequestError,
  KustoSchemaError,
  type SchemaProblem,
} from "../errors.ts";
import { rowsOf } from "../service/frames.ts";
import { type DatabaseSchema, readDatabaseSchema } from "./database_schema.ts";
import { entityName } from "../service/kql.ts";
import { PolicyReader } from "./policies.ts";
import { tableNames } from "../schema.ts";
import { DEFAULT_RETENTION_DAYS, fitCommand, splitScript } from "./script.ts";
import { inspect } from "./setup_checks.ts";
import {
  checkVersion,
  functionMadeBy,
  readSchemaVersion,
  unmakeableFunctions,
} from "./setup_functions.ts";
import { reportTables, reportView, type SetupReport } from "./setup_report.ts";
import { SCHEMA_VERSION } from "./stored_functions.ts";

const STREAMING_POLICY = /^\.alter table (\S+) policy streamingingestion/;
const CACHE_CLEARS = 5;
const CACHE_CLEAR_WAIT_MS = 1_000;

/** How {@link KustoSaver.setup} works. */
export interface SetupOptions {
  /**
   * Whether to create what is missing; needs the role Database Admin. Without it nothing is changed.
   *
   * @default {false}
   */
  readonly provision?: boolean;
  /**
   * How many days a checkpoint lives after it was written; only used with `provision`.
   *
   * @default {what was set before, else 90}
   */
  readonly retentionDays?: number;
}

/**
 * Checks a database, after creating what is missing if asked to.
 *
 * @throws {KustoSchemaError} If something is missing without which the saver cannot work.
 */
export async function setUp(
  client: KustoClient,
  settings: Settings,
  options: SetupOptions,
): Promise<SetupReport> {
  const action = "set up the database";
  checkCallOptions(action, options, { provision: true, retentionDays: true });
  if (options.provision !== undefined && typeof options.provision !== "boolean") {
    throw new KustoInputError(`Cannot ${action}: "provision" must be true or false`);
  }
  const { retentionDays = DEFAULT_RETENTION_DAYS } = options;
  if (!Number.isInteger(retentionDays) || retentionDays < 1 || retentionDays > 36_500) {
    throw new KustoInputError(
      `Cannot ${action}: "retentionDays" must be a whole number from 1 to 36500`,
    );
  }
  const { provisionScript } = await import("./provision_text.ts");
  const { tablePrefix, ingestion } = settings;
  const commands = splitScript(provisionScript)
    .map((command) => fitCommand(command, { tablePrefix, retentionDays }))
    .filter((command) => ingestion === "streaming" || !STREAMING_POLICY.test(command));
  const keepLifetimes = options.retentionDays === undefined;
  const refused = options.provision
    ? await provision(client, settings, commands, keepLifetimes)
    : [];
  const policies = new PolicyReader(client);
  const found = await inspect(client, policies, settings, commands);
  const known = new Set(refused.map(({ entity }) => entity));
  const others = found.problems
    .filter(({ kind, entity }) => kind !== "streaming" || !known.has(entity));
  const problems = [...refused, ...others];
  const errors = problems.filter((problem) => problem.severity === "error");
  // What the cluster alone refused is told, not thrown: all else is done.
  if (others.some((problem) => problem.severity === "error")) {
    throw new KustoSchemaError(describe(settings, errors), { problems });
  }
  const { schema, schemaVersion, viewIsComplete } = found;
  return {
    ready: refused.length === 0,
    problems,
    schemaVersion,
    view: await reportView(policies, tablePrefix, schema, viewIsComplete),
    tables: await reportTables(policies, settings),
  };
}

function describe(
  { database, tablePrefix }: Settings,
  problems: readonly SchemaProblem[],
): string {
  const lines = problems.map(({ message, mend }) => `- ${message}; mend: ${mend}`);
  const things = problems.length === 1 ? "1 thing is" : `${problems.length} things are`;
  // The script knows no prefix.
  const script = tablePrefix === "" ? "provision.kql, " : "";
  return `Cannot use the database ${JSON.stringify(database)}: ${things} missing or amiss, ` +
    `run ${script}setup({ provision: true }) or these commands\n${lines.join("\n")}`;
}

/** Runs the commands one by one; resolves to the streaming policies that the cluster refused. */
async function provision(
  client: KustoClient,
  settings: Settings,
  commands: readonly string[],
  keepLifetimes: boolean,
): Promise<SchemaProblem[]> {
  const schema = await readDatabaseSchema(client, settings.database);
  const version = await readSchemaVersion(client, schema, settings.tablePrefix);
  if (version > SCHEMA_VERSION) throw newerSchema(settings, schema, version);
  const unmakeable = unmakeableFunctions(schema, commands);
  const refused: SchemaProblem[] = [];
  for (const command of commands) {
    if (unmakeable.has(functionMadeBy(command) ?? "")) continue;
    if (keepLifetimes && await setsLifetimeAnew(client, command)) continue;
    try {
      await client.command(command);
    } catch (error) {
      const table = STREAMING_POLICY.exec(command)?.[1];
      if (table === undefined || !isRefusal(error)) throw error;
      refused.push({
        kind: "streaming",
        severity: "error",
        entity: table,
        message:
          `The cluster refused the streaming-ingestion policy of the table ${table}, so nothing can be written to it`,
        mend:
          `switch streaming ingestion on for the cluster (Azure portal: Configurations), then run ${command}`,
      });
    }
  }
  if (settings.ingestion === "inline") return refused;
  const { latest: _view, ...tables } = tableNames(settings.tablePrefix);
  for (const table of Object.values(tables)) {
    const streams = !refused.some(({ entity }) => entity === table);
    if (streams) await clearSchemaCache(client, settings, table);
  }
  return refused;
}

/** Older code would put its older functions in place of newer ones. */
function newerSchema(
  { database, tablePrefix }: Settings,
  schema: DatabaseSchema,
  version: number,
): KustoSchemaError {
  return new KustoSchemaError(
    `Cannot provision the database ${
      JSON.stringify(database)
    }: its schema has version ${version}, newer than this code, which knows ${SCHEMA_VERSION}, so nothing was changed; upgrade kusto-checkpoint`,
    { problems: checkVersion(schema, version, tablePrefix) },
  );
}

/** Whether a command would change how long rows live, which somebody has decided before. */
async function setsLifetimeAnew(client: KustoClient, command: string): Promise<boolean> {
  const [, of, entity, policy] =
    /^\.alter(?:-merge)? (table|materialized-view) (\S+) policy (retention|caching)\b/
      .exec(command) ?? [];
  if (!of || !entity || !policy) return false;
  return await new PolicyReader(client).text(of, entity, policy) !== undefined;
}

function isRefusal(error: unknown): error is KustoError {
  return error instanceof KustoRequestError || error instanceof KustoSchemaError;
}

/** Streaming ingestion knows new tables and mappings only after its cache was cleared, or minutes later. */
async function clearSchemaCache(
  client: KustoClient,
  settings: Settings,
  table: string,
): Promise<void> {
  for (let attempt = 1;; attempt++) {
    const [nodes] = await client.command(
      `.clear table ${entityName(table)} cache streamingingestion schema`,
    );
    const all = rowsOf<{ Status: string }>(nodes);
    if (all.every(({ Status }) => Status === "Succeeded") || attempt === CACHE_CLEARS) return;
    await settings.sleep(CACHE_CLEAR_WAIT_MS, {});
  }
}
