/**
 * Whether rows live as long as others need them.
 *
 * @module
 */
import type { Settings } from "../config.ts";
import type { SchemaProblem } from "../errors.ts";
import type { PolicyReader } from "./policies.ts";
import { type TableNames, tableNames } from "../schema.ts";
import { BLOB_MARGIN_DAYS, FOREVER_DAYS, WRITE_MARGIN_DAYS } from "./script.ts";
import { BLOB_REUSE_DAYS } from "../writing/writer.ts";

interface Lifetime {
  readonly of: "table" | "materialized-view";
  readonly entity: string;
  /** How long its rows must live at least. */
  readonly days: number;
  /** How long they live where the mend was run. */
  readonly mendDays: number;
  readonly why: string;
  readonly severity: SchemaProblem["severity"];
}

/**
 * Compares the retention policies of tables and view: what a checkpoint needs must outlive it, and what
 * hides it too.
 *
 * @param entities The tables and views that there are.
 */
export async function findShortLifetimes(
  policies: PolicyReader,
  settings: Settings,
  entities: readonly string[],
): Promise<SchemaProblem[]> {
  const names = tableNames(settings.tablePrefix);
  if (!entities.includes(names.checkpoints)) return [];
  const ofDatabase = await policies.retentionDays("database", settings.database) ?? FOREVER_DAYS;
  const daysOfRows = async (of: string, entity: string) =>
    Math.min(await policies.retentionDays(of, entity) ?? ofDatabase, FOREVER_DAYS);
  const lifetimes = lifetimesFor(names, await daysOfRows("table", names.checkpoints))
    .filter(({ entity }) => entities.includes(entity));
  const found = await Promise.all(lifetimes.map(async (lifetime): Promise<SchemaProblem[]> => {
    const { of, entity, days, mendDays, why, severity } = lifetime;
    const actual = await daysOfRows(of, entity);
    if (actual >= days) return [];
    return [{
      kind: "policy",
      severity,
      entity,
      message: `${entity} keeps its rows ${actual} days, it must keep them ${days}: ${why}`,
      mend:
        `.alter-merge ${of} ${entity} policy retention softdelete = ${mendDays}d recoverability = disabled`,
    }];
  }));
  return found.flat();
}

/** What tables and view need, where the checkpoints live so many days. */
function lifetimesFor(names: TableNames, rows: number): Lifetime[] {
  const longer = (days: number) => Math.min(rows + days, FOREVER_DAYS);
  const checkpointsLive = `the checkpoints live ${rows}`;
  return [
    {
      of: "table",
      entity: names.writes,
      days: longer(WRITE_MARGIN_DAYS),
      mendDays: longer(WRITE_MARGIN_DAYS),
      why: `${checkpointsLive}, and one that lingers must not lose its writes`,
      severity: "error",
    },
    {
      of: "table",
      entity: names.blobs,
      days: longer(BLOB_REUSE_DAYS),
      mendDays: longer(BLOB_MARGIN_DAYS),
      why:
        `${checkpointsLive} and refer to blobs that were sent up to ${BLOB_REUSE_DAYS} days before`,
      severity: "error",
    },
    {
      of: "table",
      entity: names.threadDeletions,
      days: FOREVER_DAYS,
      mendDays: FOREVER_DAYS,
      why: "without it a deleted thread may come back",
      severity: "error",
    },
    {
      of: "table",
      entity: names.checkpointDeletions,
      days: longer(WRITE_MARGIN_DAYS),
      mendDays: FOREVER_DAYS,
      why: `${checkpointsLive}, and one that was deleted must not come back`,
      severity: "error",
    },
    {
      of: "materialized-view",
      entity: names.latest,
      days: rows,
      mendDays: rows,
      why: `${checkpointsLive}, and reading those that it does not know is slower`,
      severity: "warning",
    },
  ];
}
