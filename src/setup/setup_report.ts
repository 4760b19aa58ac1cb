/**
 * What `setup()` tells of a database that a saver can use.
 *
 * @module
 */
import type { Settings } from "../config.ts";
import type { DatabaseSchema } from "./database_schema.ts";
import type { SchemaProblem } from "../errors.ts";
import type { PolicyReader } from "./policies.ts";
import { tableNames } from "../schema.ts";

/** What {@link KustoSaver.setup} found. */
export interface SetupReport {
  /** Whether a saver can write and read now. */
  readonly ready: boolean;
  /** What is missing or amiss; empty when all is well. */
  readonly problems: readonly SchemaProblem[];
  /** The version of the schema, as the function `CheckpointSchemaVersion` of the database tells it. */
  readonly schemaVersion: number;
  /** The health of the materialized view. */
  readonly view: ViewReport;
  /** The five tables. */
  readonly tables: readonly TableReport[];
}

/** How long the rows of a table or view live. */
export interface LifetimeReport {
  /** Its name, with the prefix. */
  readonly name: string;
  /** Whole days that its own policy keeps rows; `undefined` where the one of the database applies. */
  readonly retentionDays: number | undefined;
  /** Whole days for which rows stay in the hot cache; `undefined` where the policy of the database applies. */
  readonly hotDays: number | undefined;
}

/** What {@link KustoSaver.setup} tells of a table. */
export interface TableReport extends LifetimeReport {
  /** Whether its policy, or that of the database where it has none, lets streaming ingestion in. */
  readonly streaming: boolean;
}

/** What {@link KustoSaver.setup} tells of the materialized view. */
export interface ViewReport extends LifetimeReport {
  /** Whether it goes on being materialized; a disabled one answers correctly, but slower and slower. */
  readonly enabled: boolean;
  /** Whether the service calls it healthy: materialized within the last hour. */
  readonly healthy: boolean;
  /** Up to when rows are materialized; `undefined` where none ever was. */
  readonly materializedTo: Date | undefined;
  /** Whether it knows the newest checkpoint of every thread; a view that was made after its rows does not. */
  readonly complete: boolean;
}

/** Reads how the tables of an installation are set. */
export async function reportTables(
  policies: PolicyReader,
  { database, tablePrefix }: Pick<Settings, "database" | "tablePrefix">,
): Promise<TableReport[]> {
  const { latest: _view, ...tables } = tableNames(tablePrefix);
  return await Promise.all(
    Object.values(tables).map(async (name) => ({
      ...await lifetimeOf(policies, "table", name),
      streaming: await policies.isStreaming(database, name),
    })),
  );
}

/** Reads how the view of an installation is. */
export async function reportView(
  policies: PolicyReader,
  tablePrefix: string,
  { views }: DatabaseSchema,
  complete: boolean,
): Promise<ViewReport> {
  const { latest } = tableNames(tablePrefix);
  const view = views.get(latest);
  return {
    ...await lifetimeOf(policies, "materialized-view", latest),
    enabled: Boolean(view?.IsEnabled),
    healthy: Boolean(view?.IsHealthy),
    materializedTo: view?.MaterializedTo ? new Date(view.MaterializedTo) : undefined,
    complete,
  };
}

async function lifetimeOf(
  policies: PolicyReader,
  of: string,
  name: string,
): Promise<LifetimeReport> {
  const [retentionDays, hotDays] = await Promise.all([
    policies.retentionDays(of, name),
    policies.hotDays(of, name),
  ]);
  return { name, retentionDays, hotDays };
}
