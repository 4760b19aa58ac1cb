/**
 * Checkpoints as rows: one state of the rows that a query shows and of the rows written here.
 *
 * @module
 */
import { BlobChunks, greatest, pendingWrites, visibleCheckpoints } from "./assembly.ts";
import type { KustoClient } from "./client.ts";
import { CHUNK_BYTES } from "./codec.ts";
import { compareText, type Stamp, type StampClock } from "./clock.ts";
import type { Settings } from "./config.ts";
import { type ResultTable, rowsOf } from "./frames.ts";
import type { Incarnations } from "./incarnations.ts";
import type { QueryParameters } from "./kql.ts";
import { ANSWER_BYTES, buildQueries, type Queries } from "./queries.ts";
import type { RecentRows } from "./recent_rows.ts";
import type {
  BlobReference,
  BlobRow,
  CheckpointDeletionRow,
  CheckpointRow,
  TableNames,
  WriteRow,
} from "./schema.ts";
import type { RowWriter } from "./writer.ts";

/** How long a chunk of a blob may take to be visible after the row that refers to it. */
const BLOB_PATIENCE_MS = 5_000;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;
/** Chunks of one blob that are read at a time; together they stay below {@link ANSWER_BYTES}. */
const CHUNKS_A_PAGE = 48;
const LAST_CHUNK = 2 ** 31 - 1;

/** A checkpoint's row with all that is needed to read it. */
export interface StoredCheckpoint {
  readonly row: CheckpointRow;
  readonly writes: readonly WriteRow[];
  /** The writes of the parent: checkpoints before LangGraph's version 4 take their sends from there. */
  readonly parentWrites: readonly WriteRow[];
  readonly blobs: BlobChunks;
}

/** A saver's own rows of one thread, as they were when a read began. */
export interface OwnRows {
  readonly checkpoints: readonly CheckpointRow[];
  readonly writes: readonly WriteRow[];
  readonly blobs: readonly BlobRow[];
  /** The greatest incarnation that this saver knows of the thread. */
  readonly incarnation: Stamp;
}

/** What a {@link Store} works with. */
export interface StoreParts {
  readonly client: KustoClient;
  readonly settings: Settings;
  readonly names: TableNames;
  readonly recent: RecentRows;
  readonly incarnations: Incarnations;
  readonly clock: StampClock;
  readonly writer: RowWriter;
}

/** Reads checkpoints. */
export class Store {
  readonly queries: Queries;
  readonly #parts: StoreParts;
  readonly #coldReads = new Map<string, Promise<Stamp>>();

  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.queries = buildQueries(parts.names);
  }

  /** Runs a query; resolves to its tables in the order of its statements. */
  query(
    text: string,
    parameters: QueryParameters,
    signal?: AbortSignal,
  ): Promise<ResultTable[]> {
    return this.#parts.client.query(text, parameters, signal ? { signal } : {});
  }

  /** The rows that this saver wrote to a thread and that no query has shown yet. */
  ownRows(threadId: string): OwnRows {
    const rows = this.#parts.recent.ofThread(threadId);
    const checkpoints = [...rows?.checkpoints.values() ?? []];
    const writes = [...rows?.writes.values() ?? []];
    const known = this.#parts.incarnations.newest(threadId) ?? "";
    const incarnation = greatest([known, ...[...checkpoints, ...writes].map((r) => r.incarnation)]);
    return { checkpoints, writes, blobs: [...rows?.blobs.values() ?? []], incarnation };
  }

  /** The threads of which this saver has rows of its own. */
  ownThreadIds(): string[] {
    return this.#parts.recent.threadIds();
  }

  /** Learns from rows that a query showed: they are visible, and later stamps must be greater. */
  learn(shown: {
    checkpoints: readonly CheckpointRow[];
    writes: readonly WriteRow[];
    blobs: readonly BlobRow[];
  }): void {
    const { recent, clock, incarnations, writer } = this.#parts;
    recent.shown("checkpoints", shown.checkpoints);
    recent.shown("writes", shown.writes);
    recent.shown("blobs", shown.blobs);
    for (const { revision } of shown.writes) clock.observe(revision);
    for (const row of shown.checkpoints) {
      clock.observeRevision(row.revision);
      incarnations.bind(row.thread_id, {
        namespace: row.checkpoint_ns,
        checkpointId: row.checkpoint_id,
      }, row.incarnation);
      writer.rememberBlobs(row.thread_id, row.incarnation, row.blobs ?? []);
    }
  }

  /**
   * The latest checkpoint of a namespace, or the one with the id given; one request as long as its
   * blobs fit one answer.
   */
  async head(
    threadId: string,
    namespace: string,
    checkpointId: string | undefined,
    signal?: AbortSignal,
  ): Promise<{ incarnation: Stamp; found: StoredCheckpoint | undefined }> {
    const own = this.ownRows(threadId);
    const hiddenHere: CheckpointDeletionRow[] = [];
    for (;;) {
      const ownHead = newestOf(
        visibleCheckpoints(own.checkpoints, own.incarnation, hiddenHere).filter((row) =>
          row.checkpoint_ns === namespace &&
          (checkpointId === undefined || row.checkpoint_id === checkpointId)
        ),
      );
      const ownWrites = own.writes.filter((row) => row.checkpoint_id === ownHead?.checkpoint_id);
      const tables = await this.query(
        checkpointId === undefined ? this.queries.head.latest : this.queries.head.byId,
        {
          thread: threadId,
          namespace,
          checkpoint: checkpointId ?? "",
          own_incarnation: own.incarnation,
          own_revision: ownHead?.revision ?? "",
          own_checkpoint: ownHead?.checkpoint_id ?? "",
          own_parent: ownHead && ownHead.v < 4 ? ownHead.parent_checkpoint_id : "",
          own_blobs: referencesOf([...(ownHead ? [ownHead] : []), ...ownWrites]),
        },
        signal,
      );
      const incarnation = this.#newestFrom(threadId, tables[0]);
      const checkpoints = rowsOf<CheckpointRow>(tables[1]);
      const writes = rowsOf<WriteRow>(tables[2]);
      const blobs = rowsOf<BlobRow>(tables[3]);
      const hidden = rowsOf<{ checkpoint_id: string; until: string }>(tables[4])
        .map((row): CheckpointDeletionRow => ({
          thread_id: threadId,
          checkpoint_ns: namespace,
          incarnation,
          checkpoint_id: row.checkpoint_id,
          revision: row.until,
        }));
      this.learn({ checkpoints, writes, blobs });
      const candidates = [...checkpoints, ...(ownHead ? [ownHead] : [])];
      const row = newestOf(visibleCheckpoints(candidates, incarnation, hidden));
      // The own row is gone for readers, and the query answered for it: ask again without it.
      if (!row && ownHead && hidden.length > 0) {
        hiddenHere.push(...hidden);
        continue;
      }
      if (!row) return { incarnation, found: undefined };
      const found = await this.complete(row, [...writes, ...own.writes], [
        ...blobs,
        ...own.blobs,
      ], signal);
      return { incarnation, found };
    }
  }

  /** Puts a row together with its writes and blobs; reads the blobs that are not there yet. */
  async complete(
    row: CheckpointRow,
    writes: readonly WriteRow[],
    blobRows: readonly BlobRow[],
    signal?: AbortSignal,
  ): Promise<StoredCheckpoint> {
    const blobs = new BlobChunks();
    blobs.add(blobRows.filter((blob) => blob.incarnation === row.incarnation));
    const ofRow = pendingWrites(writes, row);
    const ofParent = row.v < 4 && row.parent_checkpoint_id !== ""
      ? pendingWrites(writes, { ...row, checkpoint_id: row.parent_checkpoint_id })
      : [];
    const references = referencesOf([row, ...ofRow, ...ofParent]);
    await this.completeBlobs(row.thread_id, row.incarnation, references, blobs, signal);
    return { row, writes: ofRow, parentWrites: ofParent, blobs };
  }

  /** Reads chunks until all blobs are whole; gives up quietly when they stay away for too long. */
  async completeBlobs(
    threadId: string,
    incarnation: Stamp,
    references: readonly BlobReference[],
    blobs: BlobChunks,
    signal?: AbortSignal,
  ): Promise<void> {
    const { now, sleep, visibilityTimeoutMs } = this.#parts.settings;
    const deadline = now() + Math.max(BLOB_PATIENCE_MS, visibilityTimeoutMs);
    for (let wait = FIRST_WAIT_MS;; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      const missing = references.filter((reference) => !blobs.has(reference));
      if (missing.length === 0) return;
      for (const page of blobPages(missing)) {
        const [table] = await this.query(this.queries.blobs, {
          thread: threadId,
          mark: incarnation,
          ids: page.ids,
          first_chunk: page.first,
          last_chunk: page.last,
        }, signal);
        const rows = rowsOf<BlobRow>(table);
        this.learn({ checkpoints: [], writes: [], blobs: rows });
        blobs.add(rows);
      }
      if (missing.every((reference) => blobs.has(reference)) || now() >= deadline) return;
      await sleep(wait, signal ? { signal } : {});
    }
  }

  /** The incarnation of a thread, read once for any number of concurrent callers. */
  incarnation(threadId: string): Promise<Stamp> {
    let read = this.#coldReads.get(threadId);
    if (!read) {
      read = this.readIncarnation(threadId).finally(() => this.#coldReads.delete(threadId));
      this.#coldReads.set(threadId, read);
    }
    return read;
  }

  /** Reads the incarnation of a thread, not before the call. */
  async readIncarnation(threadId: string): Promise<Stamp> {
    const [table] = await this.query(this.queries.incarnation, {
      thread: threadId,
      own_incarnation: this.ownRows(threadId).incarnation,
    });
    return this.#newestFrom(threadId, table);
  }

  #newestFrom(threadId: string, table: ResultTable | undefined): Stamp {
    const newest = rowsOf<{ newest: Stamp | null }>(table)[0]?.newest ?? "";
    this.#parts.clock.observe(newest);
    this.#parts.incarnations.observe(threadId, newest);
    return newest;
  }
}

/** The row with the greatest revision. */
export function newestOf(rows: readonly CheckpointRow[]): CheckpointRow | undefined {
  return rows.reduce<CheckpointRow | undefined>(
    (found, row) => !found || compareText(row.revision, found.revision) > 0 ? row : found,
    undefined,
  );
}

/** The blobs that rows refer to, each once. */
export function referencesOf(
  rows: readonly { readonly blobs: readonly BlobReference[] }[],
): BlobReference[] {
  const byId = new Map<string, BlobReference>();
  for (const row of rows) for (const blob of row.blobs ?? []) byId.set(blob.id, blob);
  return [...byId.values()];
}

interface BlobPage {
  readonly ids: readonly string[];
  readonly first: number;
  readonly last: number;
}

/** Groups blobs so that each answer stays small enough; one that is larger is read in ranges of chunks. */
function* blobPages(references: readonly BlobReference[]): Generator<BlobPage> {
  let ids: string[] = [];
  let bytes = 0;
  for (const reference of references) {
    if (reference.bytes > ANSWER_BYTES / 2) {
      // Base64 leaves a chunk three quarters of its length.
      const chunks = Math.ceil(reference.bytes / (CHUNK_BYTES * 3 / 4));
      for (let first = 0; first < chunks; first += CHUNKS_A_PAGE) {
        yield { ids: [reference.id], first, last: first + CHUNKS_A_PAGE - 1 };
      }
      continue;
    }
    if (ids.length > 0 && bytes + reference.bytes > ANSWER_BYTES / 2) {
      yield { ids, first: 0, last: LAST_CHUNK };
      ids = [];
      bytes = 0;
    }
    ids.push(reference.id);
    bytes += reference.bytes;
  }
  if (ids.length > 0) yield { ids, first: 0, last: LAST_CHUNK };
}
