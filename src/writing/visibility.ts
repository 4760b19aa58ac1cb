/**
 * Finding out which of a saver's own rows queries show by now.
 *
 * @module
 */
import type { KustoClient } from "../service/client.ts";
import { guardText } from "../codec.ts";
import { rowsOf } from "../service/frames.ts";
import { visibleQuery } from "../reading/queries.ts";
import type { RecentRowKeys, RecentRows } from "./recent_rows.ts";
import type { TableNames } from "../schema.ts";

/** The most rows of each table to ask for at a time. */
const ROWS_ASKED_FOR = 500;

/**
 * Asks the service which of the rows that wait longest can be seen, and drops those. No request when
 * none is durable yet.
 *
 * @param matches Which threads it is about; all when absent.
 */
export async function dropVisible(
  client: KustoClient,
  names: TableNames,
  recent: RecentRows,
  matches?: (threadId: string) => boolean,
): Promise<void> {
  const checkpoints = recent.oldest("checkpoints", ROWS_ASKED_FOR, matches);
  const writes = recent.oldest("writes", ROWS_ASKED_FOR, matches);
  const blobs = recent.oldest("blobs", ROWS_ASKED_FOR, matches);
  const threads = new Set([...checkpoints, ...writes, ...blobs].map((row) => row.thread_id));
  if (threads.size === 0) return;
  const tables = await client.query(visibleQuery(names), {
    threads: Array.from(threads, guardText),
    checkpoint_revisions: checkpoints.map((row) => guardText(row.revision)),
    write_revisions: writes.map((row) => guardText(row.revision)),
    blob_ids: [...new Set(blobs.map((row) => row.blob_id))],
  });
  recent.shown("checkpoints", rowsOf<RecentRowKeys["checkpoints"]>(tables[0]));
  recent.shown("writes", rowsOf<RecentRowKeys["writes"]>(tables[1]));
  recent.shown("blobs", rowsOf<RecentRowKeys["blobs"]>(tables[2]));
}
