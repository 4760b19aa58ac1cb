/**
 * Checkpoints newest first, page by page: what a query shows merged with what this saver wrote.
 *
 * @module
 */
import { visibleCheckpoints } from "./assembly.ts";
import { referencesBeside } from "./blob_pages.ts";
import { compareText, type Stamp } from "../clock.ts";
import { guardText } from "../codec.ts";
import { KustoLimitError } from "../errors.ts";
import { rowsOf } from "../service/frames.ts";
import { groupBy } from "../group.ts";
import { pageQuery, TERMS } from "./list_queries.ts";
import { PageSize } from "./page_size.ts";
import type { BlobRow, CheckpointDeletionRow, CheckpointRow, WriteRow } from "../schema.ts";
import type { SearchTerm } from "./filter.ts";
import type { OwnRows, Store } from "./store.ts";
import { completeCheckpoint, type Parts, type StoredCheckpoint } from "./stored_checkpoint.ts";

const FIRST_PAGE = 20;
const LARGEST_PAGE = 200;

/** Which checkpoints to list; an absent field does not narrow. */
export interface PageRequest {
  readonly threadId?: string;
  readonly namespace?: string;
  readonly checkpointId?: string;
  /** Only checkpoints with a smaller id. */
  readonly before?: string;
  /** What the server filters by, see `search_text.ts`. */
  readonly terms: readonly SearchTerm[];
  /** How many checkpoints the caller wants at most, if it knows. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

/** A place in the order of a list: by id downwards, then thread and namespace. */
type Place = Pick<CheckpointRow, "checkpoint_id" | "thread_id" | "checkpoint_ns">;

/**
 * Lists checkpoints; stops asking when its consumer stops.
 *
 * @param watch Runs each reading of a page, on a store of its choice.
 */
export async function* listCheckpoints(
  store: Store,
  request: PageRequest,
  watch: <T>(read: (store: Store) => Promise<T>) => Promise<T>,
): AsyncGenerator<StoredCheckpoint> {
  const first = Math.min(request.limit ?? FIRST_PAGE, LARGEST_PAGE);
  const pageSize = new PageSize(first, LARGEST_PAGE);
  let after: Place | undefined;
  do {
    const { page, newest } = await watch(async (store) => {
      const ask = (size: number) => readPage(store, request, after, size, false);
      const page = await pageSize.read(ask).catch((error) => {
        if (!(error instanceof KustoLimitError)) throw error;
        return readPage(store, request, after, 1, true);
      });
      const [row] = page.rows;
      return { page, newest: row && await completeCheckpoint(store, row, page, request.signal) };
    });
    if (newest) yield newest;
    for (const row of page.rows.slice(1)) {
      yield await completeCheckpoint(store, row, page, request.signal);
    }
    after = page.next;
  } while (after !== undefined);
}

interface Page extends Parts {
  readonly rows: readonly CheckpointRow[];
  /** Where the next page begins; `undefined` after the last. */
  readonly next: Place | undefined;
}

/** @param alone Whether the checkpoints come without their writes and blobs. */
async function readPage(
  store: Store,
  request: PageRequest,
  after: Place | undefined,
  size: number,
  alone: boolean,
): Promise<Page> {
  const threads = request.threadId === undefined ? store.ownThreadIds() : [request.threadId];
  const own = new Map(threads.map((threadId) => [threadId, store.ownRows(threadId)]));
  const ownRows = [...own.values()]
    .flatMap((rows) => visibleCheckpoints(rows.checkpoints, rows.incarnation, []))
    .filter((row) => matches(row, request) && (!after || comparePlaces(row, after) > 0))
    .sort(comparePlaces);
  const ownPage = ownRows.slice(0, size);
  const shown = await queryPage(store, request, after, size, own, ownPage, alone);
  const next = earliest([shown.next, ownRows.length > size ? ownPage.at(-1) : undefined]);
  const byThread = groupBy([...shown.checkpoints, ...ownPage], (row) => row.thread_id);
  const hidden = groupBy(shown.hidden, (row) => row.thread_id);
  const rows = [...byThread]
    .flatMap(([threadId, ofThread]) =>
      visibleCheckpoints(
        ofThread,
        shown.incarnations.get(threadId) ?? "",
        hidden.get(threadId) ?? [],
      )
    )
    .filter((row) => !next || comparePlaces(row, next) <= 0)
    .sort(comparePlaces);
  return {
    rows,
    writes: shown.writes,
    ownWrites: [...own.values()].flatMap((o) => o.writes),
    blobs: [...shown.blobs, ...[...own.values()].flatMap((o) => o.blobs)],
    next,
  };
}

/** What a query shows of a page. */
interface ShownPage {
  readonly checkpoints: readonly CheckpointRow[];
  /** `undefined` where they were not asked for. */
  readonly writes: readonly WriteRow[] | undefined;
  readonly blobs: readonly BlobRow[];
  /** By thread. */
  readonly incarnations: ReadonlyMap<string, Stamp>;
  readonly hidden: readonly CheckpointDeletionRow[];
  /** Where the next page begins; `undefined` after the last. */
  readonly next: Place | undefined;
}

async function queryPage(
  store: Store,
  request: PageRequest,
  after: Place | undefined,
  size: number,
  own: ReadonlyMap<string, OwnRows>,
  ownPage: readonly CheckpointRow[],
  alone: boolean,
): Promise<ShownPage> {
  const scope = request.threadId === undefined ? "all" : "thread";
  const tables = await store.query(pageQuery(store.names, scope), {
    ...narrowing(request, after),
    ...(request.threadId === undefined
      ? {
        own_threads: Array.from(own, ([threadId, { incarnation }]) => ({
          thread: guardText(threadId),
          incarnation: guardText(incarnation),
        })),
      }
      : {
        thread: request.threadId,
        own_incarnation: own.get(request.threadId)?.incarnation ?? "",
      }),
    size,
    own_ids: [
      ...ownPage.map((row) => row.checkpoint_id),
      ...ownPage.filter((row) => row.v < 4).map((row) => row.parent_checkpoint_id),
    ].map(guardText),
    own_blobs: referencesBeside([...own.values()].flatMap((rows) => rows.blobs), ownPage),
    alone,
  }, request.signal);
  const keys = rowsOf<Place>(tables[0]);
  // A copy has the revisions of its thread: some rows may belong to another page, or be hidden.
  const onPage = new Set(keys.map(nameOf));
  const checkpoints = rowsOf<CheckpointRow>(tables[1]).filter((row) => onPage.has(nameOf(row)));
  const writes = rowsOf<WriteRow>(tables[2]);
  const blobs = rowsOf<BlobRow>(tables[3]);
  const lives = rowsOf<{ thread_id: string; newest: Stamp }>(tables[4]);
  store.learn({ checkpoints, writes, blobs });
  return {
    checkpoints,
    writes: alone ? undefined : writes,
    blobs,
    incarnations: new Map(lives.map(({ thread_id, newest }) => [thread_id, newest])),
    hidden: rowsOf<CheckpointDeletionRow>(tables[5]),
    next: keys.length < size ? undefined : keys.at(-1),
  };
}

/** The parameters that say which checkpoints are wanted; every text contains the empty one. */
function narrowing(request: PageRequest, after: Place | undefined) {
  const terms = Array.from({ length: TERMS }, (_, n) => [
    [`line${n + 1}`, request.terms[n]?.line ?? ""],
    [`key${n + 1}`, request.terms[n]?.key ?? ""],
  ]);
  return {
    any_namespace: request.namespace === undefined,
    namespace: request.namespace ?? "",
    checkpoint: request.checkpointId ?? "",
    before: request.before ?? "",
    after_id: after?.checkpoint_id ?? "",
    after_thread: after?.thread_id ?? "",
    after_namespace: after?.checkpoint_ns ?? "",
    ...Object.fromEntries(terms.flat()),
  };
}

function matches(row: CheckpointRow, request: PageRequest): boolean {
  return (request.namespace === undefined || row.checkpoint_ns === request.namespace) &&
    (request.checkpointId === undefined || row.checkpoint_id === request.checkpointId) &&
    (request.before === undefined || compareText(row.checkpoint_id, request.before) < 0);
}

function nameOf({ thread_id, checkpoint_ns, checkpoint_id }: Place): string {
  return JSON.stringify([thread_id, checkpoint_ns, checkpoint_id]);
}

function comparePlaces(a: Place, b: Place): number {
  return compareText(b.checkpoint_id, a.checkpoint_id) || compareText(a.thread_id, b.thread_id) ||
    compareText(a.checkpoint_ns, b.checkpoint_ns);
}

function earliest(places: readonly (Place | undefined)[]): Place | undefined {
  return places.filter((place) => place !== undefined).sort(comparePlaces)[0];
}
