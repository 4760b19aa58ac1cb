/**
 * Creating what a saver needs in a database, and finding out what is missing.
 *
 * Both follow `provision.kql`: each of its commands is run, or checked with the `.show` command that
 * belongs to it, and is itself the mend for what it would have made.
 *
 * @module
 */
import type { KustoClient } from "./client.ts";
import type { Settings } from "./config.ts";
import {
  type KustoError,
  KustoOptionsError,
  KustoRequestError,
  KustoSchemaError,
  type SchemaProblem,
} from "./errors.ts";
import { rowsOf } from "./frames.ts";
import { entityName } from "./kql.ts";
import { tableNames } from "./schema.ts";
import { fitCommand, splitScript } from "./script.ts";
import { findProblems } from "./setup_checks.ts";

const DEFAULT_RETENTION_DAYS = 90;
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
   * @default {90}
   */
  readonly retentionDays?: number;
}

/** What {@link KustoSaver.setup} found. */
export interface SetupReport {
  /** Whether a saver can write and read now. */
  readonly ready: boolean;
  /** What is missing or amiss; empty when all is well. */
  readonly problems: readonly SchemaProblem[];
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
  const { retentionDays = DEFAULT_RETENTION_DAYS } = options;
  if (!Number.isInteger(retentionDays) || retentionDays < 1 || retentionDays > 36_500) {
    throw new KustoOptionsError(
      'Cannot set up the database: "retentionDays" must be a whole number from 1 to 36500',
    );
  }
  const { provisionScript } = await import("./provision_text.ts");
  const { tablePrefix } = settings;
  const commands = splitScript(provisionScript)
    .map((command) => fitCommand(command, { tablePrefix, retentionDays }));
  const refused = options.provision ? await provision(client, settings, commands) : [];
  const found = await findProblems(client, settings, commands);
  const known = new Set(refused.map(({ entity }) => entity));
  const problems = [
    ...refused,
    ...found.filter(({ kind, entity }) => kind !== "streaming" || !known.has(entity)),
  ];
  const errors = problems.filter((problem) => problem.severity === "error");
  if (errors.length > 0) {
    throw new KustoSchemaError(describe(settings.database, errors), { problems });
  }
  return { ready: refused.length === 0, problems };
}

function describe(database: string, problems: readonly SchemaProblem[]): string {
  const lines = problems.map(({ message, mend }) => `- ${message}; mend: ${mend}`);
  return `Cannot use the database ${
    JSON.stringify(database)
  }: ${problems.length} things are missing, ` +
    `run provision.kql, setup({ provision: true }) or these commands\n${lines.join("\n")}`;
}

/** Runs the commands one by one; resolves to the streaming policies that the cluster refused. */
async function provision(
  client: KustoClient,
  settings: Settings,
  commands: readonly string[],
): Promise<SchemaProblem[]> {
  const refused: SchemaProblem[] = [];
  for (const command of commands) {
    try {
      await client.command(command);
    } catch (error) {
      const table = /^\.alter table (\S+) policy streamingingestion/.exec(command)?.[1];
      if (table === undefined || !isRefusal(error)) throw error;
      refused.push({
        kind: "streaming",
        severity: "warning",
        entity: table,
        message:
          `The cluster refused the streaming-ingestion policy of the table ${table}, so nothing can be written to it`,
        mend:
          `switch streaming ingestion on for the cluster (Azure portal: Configurations), then run ${command}`,
      });
    }
  }
  const { latest: _view, ...tables } = tableNames(settings.tablePrefix);
  for (const table of Object.values(tables)) await clearSchemaCache(client, settings, table);
  return refused;
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
