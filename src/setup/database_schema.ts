/**
 * What a database holds, as `.show` tells it.
 *
 * @module
 */
import type { KustoClient } from "../service/client.ts";
import { rowsOf } from "../service/frames.ts";
import { entityName } from "../service/kql.ts";

/** A materialized view as `.show materialized-views` tells it; truth values come as numbers too. */
export interface ShownView {
  readonly Name: string;
  readonly IsEnabled: boolean | number;
  readonly IsHealthy: boolean | number;
  readonly MaterializedTo: string | null;
}

/** The tables, views and functions of a database by their names. */
export interface DatabaseSchema {
  /** Types by column name. */
  readonly tables: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly views: ReadonlyMap<string, ShownView>;
  /** The folder of each. */
  readonly functions: ReadonlyMap<string, string>;
}

/** Reads the schema of a database; needs the role Viewer. */
export async function readDatabaseSchema(
  client: KustoClient,
  database: string,
): Promise<DatabaseSchema> {
  const [[columns], [views], [functions]] = await Promise.all([
    client.command(`.show database ${entityName(database)} schema`),
    client.command(".show materialized-views"),
    client.command(".show functions"),
  ]);
  const tables = new Map<string, Map<string, string>>();
  type ColumnRow = { TableName: string; ColumnName: string; ColumnType: string };
  for (const { TableName, ColumnName, ColumnType } of rowsOf<ColumnRow>(columns)) {
    if (!TableName) continue;
    const table = tables.get(TableName) ?? new Map<string, string>();
    if (ColumnName) table.set(ColumnName, ColumnType);
    tables.set(TableName, table);
  }
  const folders = rowsOf<{ Name: string; Folder: string }>(functions);
  return {
    tables,
    views: new Map(rowsOf<ShownView>(views).map((view) => [view.Name, view])),
    functions: new Map(folders.map(({ Name, Folder }) => [Name, Folder])),
  };
}
