/**
 * The rows that this saver wrote and no query has shown yet.
 *
 * A streamed row may take seconds to be visible. Reads add these rows to what a query returns, so
 * that a saver sees its own writes at once. A row leaves when a query has shown it, or when it is so
 * old that every query must see it.
 *
 * @module
 */
import type { BlobRow, CheckpointRow, WriteRow } from "./schema.ts";

/** Streamed rows are visible within seconds; after this many milliseconds none is waited for. */
const VISIBLE_AFTER_MS = 5 * 60_000;

/** Rows of one thread, by table. */
export interface ThreadRows {
  readonly checkpoints: Map<string, CheckpointRow>;
  readonly writes: Map<string, WriteRow>;
  readonly blobs: Map<string, BlobRow>;
}

/** The tables whose rows are kept. */
export type RecentTable = keyof ThreadRows;

/** What each table's rows are. */
export interface RecentRowTypes {
  checkpoints: CheckpointRow;
  writes: WriteRow;
  blobs: BlobRow;
}

interface Entry {
  readonly threadId: string;
  readonly table: RecentTable;
  readonly key: string;
  readonly bytes: number;
  readonly at: number;
}

/** A store of recent rows, by thread. */
export class RecentRows {
  readonly #now: () => number;
  readonly #threads = new Map<string, ThreadRows>();
  /** Oldest first, by thread, table and key. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  /** @param now Milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** What the kept rows take, as they were sent. */
  get bytes(): number {
    this.#expire();
    return this.#bytes;
  }

  /** Keeps a row; one that is kept already stays as it is. */
  add<T extends RecentTable>(table: T, row: RecentRowTypes[T], bytes: number): void {
    this.#expire();
    const threadId = row.thread_id;
    const key = rowKey(table, row);
    const name = entryName(threadId, table, key);
    if (this.#entries.has(name)) return;
    let rows = this.#threads.get(threadId);
    if (!rows) {
      rows = {
        checkpoints: new Map(),
        writes: new Map(),
        blobs: new Map(),
      };
      this.#threads.set(threadId, rows);
    }
    (rows[table] as Map<string, RecentRowTypes[T]>).set(key, row);
    this.#entries.set(name, { threadId, table, key, bytes, at: this.#now() });
    this.#bytes += bytes;
  }

  /** The kept rows of a thread. */
  ofThread(threadId: string): ThreadRows | undefined {
    this.#expire();
    return this.#threads.get(threadId);
  }

  /** The threads that have kept rows. */
  threadIds(): string[] {
    this.#expire();
    return [...this.#threads.keys()];
  }

  /** Drops rows that a query has shown. */
  shown<T extends RecentTable>(table: T, rows: Iterable<RecentRowTypes[T]>): void {
    for (const row of rows) {
      const entry = this.#entries.get(entryName(row.thread_id, table, rowKey(table, row)));
      if (entry) this.#drop(entry);
    }
  }

  /** Drops all rows of a thread. */
  forget(threadId: string): void {
    for (const entry of [...this.#entries.values()]) {
      if (entry.threadId === threadId) this.#drop(entry);
    }
  }

  #expire(): void {
    const oldest = this.#now() - VISIBLE_AFTER_MS;
    for (const entry of this.#entries.values()) {
      if (entry.at > oldest) break;
      this.#drop(entry);
    }
  }

  #drop(entry: Entry): void {
    this.#entries.delete(entryName(entry.threadId, entry.table, entry.key));
    this.#bytes -= entry.bytes;
    const rows = this.#threads.get(entry.threadId);
    if (!rows) return;
    rows[entry.table].delete(entry.key);
    if (Object.values(rows).every((table) => table.size === 0)) {
      this.#threads.delete(entry.threadId);
    }
  }
}

function rowKey<T extends RecentTable>(table: T, row: RecentRowTypes[T]): string {
  if (table !== "blobs") return (row as CheckpointRow | WriteRow).revision;
  const blob = row as BlobRow;
  return `${blob.incarnation} ${blob.blob_id} ${blob.chunk}`;
}

function entryName(threadId: string, table: RecentTable, key: string): string {
  return `${table} ${key} ${threadId}`;
}
