/**
 * The rows of a conversation, counted in KQL over the REST endpoint that anybody can use.
 *
 * @module
 */

import type { Kusto } from "./storage.ts";
import type { Usage } from "./usage.ts";

/** What one table holds of a conversation. */
export interface TableCount {
  readonly table: string;
  readonly rows: number;
  /** Characters in the columns that hold the state. */
  readonly characters: number;
}

/** One statement for each table; the thread's name travels as a parameter, never as text. */
export const COUNT_QUERY = `declare query_parameters(thread:string);
Checkpoints | where thread_id == thread | summarize Rows = count(), Characters = sum(strlen(checkpoint_json) + strlen(metadata_json) + strlen(tostring(channel_values)));
CheckpointWrites | where thread_id == thread | summarize Rows = count(), Characters = sum(strlen(value_json));
CheckpointBlobs | where thread_id == thread | summarize Rows = count(), Characters = sum(strlen(data))`;

const TABLES = ["Checkpoints", "CheckpointWrites", "CheckpointBlobs"];

interface Frame {
  readonly FrameType: string;
  readonly TableKind?: string;
  readonly Rows?: readonly (readonly unknown[])[];
  readonly HasErrors?: boolean;
}

/** Counts the rows of a conversation, deleted ones included. */
export async function countRows(
  kusto: Kusto,
  usage: Usage,
  thread: string,
): Promise<TableCount[]> {
  const frames = await usage.ask(`${kusto.url}/v2/rest/query`, {
    db: kusto.database,
    csl: COUNT_QUERY,
    properties: { Parameters: { thread: JSON.stringify(thread) } },
  }) as Frame[];
  if (frames.some(({ HasErrors }) => HasErrors === true)) {
    throw new Error("Kusto could not count the rows");
  }
  const tables = frames.filter(({ TableKind }) => TableKind === "PrimaryResult");
  return TABLES.map((table, index) => {
    const [rows, characters] = tables[index]?.Rows?.[0] ?? [];
    return { table, rows: Number(rows ?? 0), characters: Number(characters ?? 0) };
  });
}
