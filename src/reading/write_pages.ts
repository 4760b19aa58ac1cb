/**
 * Writes page by page, for checkpoints whose writes do not fit the answer that holds the rest.
 *
 * @module
 */
import type { Stamp } from "../clock.ts";
import { guardText } from "../codec.ts";
import { rowsOf } from "../service/frames.ts";
import { PageSize } from "./page_size.ts";
import type { WriteRow } from "../schema.ts";
import type { Store } from "./store.ts";

/** So many writes with inline values take about half of what an answer holds. */
const FIRST_PAGE = 1_000;
const LARGEST_PAGE = 100_000;

/** Which writes to read. */
export interface WritesRequest {
  readonly threadId: string;
  readonly namespace: string;
  readonly incarnation: Stamp;
  readonly checkpointIds: readonly string[];
  /** Only writes to these channels; all when absent. */
  readonly channels?: readonly string[];
}

/**
 * Reads all writes of some checkpoints.
 *
 * Pages follow one another by revision, which no two writes share: a row that was stored twice counts
 * once, and one that appears meanwhile is read or not, as if the read had come before it.
 */
export async function readWrites(
  store: Store,
  request: WritesRequest,
  signal?: AbortSignal,
): Promise<WriteRow[]> {
  const writes: WriteRow[] = [];
  const pageSize = new PageSize(FIRST_PAGE, LARGEST_PAGE);
  for (let after: Stamp | undefined = ""; after !== undefined;) {
    const page: WritePage = await pageSize.read((size) =>
      readPage(store, request, after ?? "", size, signal)
    );
    store.learn({ writes: page.rows });
    for (const row of page.rows) writes.push(row);
    after = page.next;
  }
  return writes;
}

interface WritePage {
  readonly rows: readonly WriteRow[];
  /** The revision after which the next page begins; `undefined` after the last. */
  readonly next: Stamp | undefined;
}

async function readPage(
  store: Store,
  request: WritesRequest,
  after: Stamp,
  size: number,
  signal: AbortSignal | undefined,
): Promise<WritePage> {
  const [keys, rows] = await store.query(store.queries.writes, {
    thread: request.threadId,
    namespace: request.namespace,
    mark: request.incarnation,
    ids: request.checkpointIds.map(guardText),
    any_channel: request.channels === undefined,
    wanted: (request.channels ?? []).map(guardText),
    after,
    size,
  }, signal);
  const { found, until } = rowsOf<{ found: number; until: Stamp }>(keys)[0]!;
  return { rows: rowsOf<WriteRow>(rows), next: found < size ? undefined : until };
}
