/**
 * The latest checkpoint of a namespace, or the one with an id: what a query shows merged with what
 * this saver wrote.
 *
 * @module
 */
import { visibleCheckpoints } from "./assembly.ts";
import { referencesBeside } from "./blob_pages.ts";
import { compareText, type Stamp } from "../clock.ts";
import { KustoLimitError } from "../errors.ts";
import { rowsOf } from "../service/frames.ts";
import type { BlobRow, CheckpointDeletionRow, CheckpointRow, WriteRow } from "../schema.ts";
import type { OwnRows, Store } from "./store.ts";
import { completeCheckpoint, type StoredCheckpoint } from "./stored_checkpoint.ts";
import { longerWait } from "../waits.ts";

/** Which checkpoint to read: the latest where no id is given. */
export interface HeadRequest {
  readonly threadId: string;
  readonly namespace: string;
  readonly checkpointId: string | undefined;
}

/** What a read found, and in which life of the thread. */
export interface Head {
  readonly incarnation: Stamp;
  readonly found: StoredCheckpoint | undefined;
}

/** How long to wait before asking again for a checkpoint that is not visible yet: first, and at most. */
const FIRST_WAIT_MS = 100;

/** Reads a head; one asked for by id that is not there is waited for, as long as the settings say. */
export async function awaitHead(
  store: Store,
  request: HeadRequest,
  signal: AbortSignal | undefined,
): Promise<Head> {
  const { now, sleep, visibilityTimeoutMs } = store.settings;
  const deadline = now() + (request.checkpointId === undefined ? 0 : visibilityTimeoutMs);
  for (let wait = FIRST_WAIT_MS;; wait = longerWait(wait)) {
    const head = await readHead(store, request, signal);
    const left = deadline - now();
    if (head.found || left <= 0) return head;
    await sleep(Math.min(wait, left), signal ? { signal } : {});
  }
}

/** Reads a head; one request as long as its writes and its blobs fit one answer. */
export async function readHead(
  store: Store,
  request: HeadRequest,
  signal?: AbortSignal,
): Promise<Head> {
  const own = store.ownRows(request.threadId);
  const ownHeadWithout = (hidden: readonly CheckpointDeletionRow[]) =>
    newestOf(
      visibleCheckpoints(own.checkpoints, own.incarnation, hidden).filter((row) =>
        row.checkpoint_ns === request.namespace &&
        (request.checkpointId === undefined || row.checkpoint_id === request.checkpointId)
      ),
    );
  for (let ownHead = ownHeadWithout([]);;) {
    const shown = await queryHead(store, request, own, ownHead, signal);
    const { incarnation, hidden } = shown;
    if (hidden.length > 0) ownHead = ownHeadWithout(hidden);
    const candidates = [...shown.checkpoints, ...(ownHead ? [ownHead] : [])];
    const row = newestOf(visibleCheckpoints(candidates, incarnation, hidden));
    // The query answered for a row that is hidden, and an older one of this saver's is not: ask again for it.
    if (hidden.length > 0 && row && row === ownHead) continue;
    if (!row) return { incarnation, found: undefined };
    const found = await completeCheckpoint(store, row, {
      writes: shown.writes,
      ownWrites: own.writes,
      blobs: [...shown.blobs, ...own.blobs],
    }, signal);
    return { incarnation, found };
  }
}

interface ShownHead {
  readonly incarnation: Stamp;
  readonly checkpoints: readonly CheckpointRow[];
  /** `undefined` where they are too much for one answer. */
  readonly writes: readonly WriteRow[] | undefined;
  readonly blobs: readonly BlobRow[];
  /** What is hidden in the namespace, where the own row that was asked for is. */
  readonly hidden: readonly CheckpointDeletionRow[];
}

async function queryHead(
  store: Store,
  request: HeadRequest,
  own: OwnRows,
  ownHead: CheckpointRow | undefined,
  signal: AbortSignal | undefined,
): Promise<ShownHead> {
  const { threadId, namespace, checkpointId } = request;
  const { latest, byId } = store.queries.head;
  const ownWrites = own.writes.filter((row) => row.checkpoint_id === ownHead?.checkpoint_id);
  const ask = (alone: boolean) =>
    store.query(checkpointId === undefined ? latest : byId, {
      thread: threadId,
      namespace,
      checkpoint: checkpointId ?? "",
      own_incarnation: own.incarnation,
      own_revision: ownHead?.revision ?? "",
      own_checkpoint: ownHead?.checkpoint_id ?? "",
      own_parent: ownHead && ownHead.v < 4 ? ownHead.parent_checkpoint_id : "",
      own_blobs: referencesBeside(own.blobs, [...(ownHead ? [ownHead] : []), ...ownWrites]),
      alone,
    }, signal);
  let isAlone = false;
  const tables = await ask(false).catch((error) => {
    if (!(error instanceof KustoLimitError)) throw error;
    isAlone = true;
    return ask(true);
  });
  const incarnation = store.learnIncarnation(threadId, tables[0]);
  const checkpoints = rowsOf<CheckpointRow>(tables[1]);
  const writes = rowsOf<WriteRow>(tables[2]);
  const blobs = rowsOf<BlobRow>(tables[3]);
  store.learn({ checkpoints, writes, blobs });
  const hidden = rowsOf<{ checkpoint_id: string; until: string }>(tables[4])
    .map((row): CheckpointDeletionRow => ({
      thread_id: threadId,
      checkpoint_ns: namespace,
      incarnation,
      checkpoint_id: row.checkpoint_id,
      revision: row.until,
    }));
  return { incarnation, checkpoints, writes: isAlone ? undefined : writes, blobs, hidden };
}

/** The row with the greatest revision. */
function newestOf(rows: readonly CheckpointRow[]): CheckpointRow | undefined {
  return rows.reduce<CheckpointRow | undefined>(
    (found, row) => !found || compareText(row.revision, found.revision) > 0 ? row : found,
    undefined,
  );
}
