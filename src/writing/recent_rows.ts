/**
 * The rows that this saver wrote, from the moment they are accepted until every query shows them.
 *
 *     accepted ──► acknowledged ──► gone
 *
 * An accepted row waits to be sent or is on its way. An acknowledged one is durable, but may take
 * seconds to be visible: reads add these rows to what a query returns, so that a saver sees its own
 * writes at once. A row goes when a query has shown it, when it was acknowledged so long ago that
 * every query must show it, when its thread is deleted, or when it is given up because its caller
 * learns that it could not be stored.
 *
 * @module
 */
import { compareText } from "../clock.ts";
import type { BlobRow, CheckpointRow, ThreadDeletionRow, WriteRow } from "../schema.ts";

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

/** What tells a row of each table from the others. */
export interface RecentRowKeys {
  checkpoints: Pick<CheckpointRow, "thread_id" | "incarnation" | "revision">;
  writes: Pick<WriteRow, "thread_id" | "incarnation" | "revision">;
  blobs: Pick<BlobRow, "thread_id" | "incarnation" | "blob_id" | "chunk" | "chunks">;
}

/** A row and where it is in its life, which {@link RecentRows} alone changes. */
export interface KeptRow {
  readonly table: RecentTable;
  readonly row: RecentRowTypes[RecentTable];
  /** What it takes in a request. */
  readonly bytes: number;
  readonly name: string;
  /** What its column `created_at` holds, in milliseconds since 1970. */
  readonly createdAt: number;
  state: "accepted" | "acknowledged" | "gone";
  /** Milliseconds since 1970. */
  acknowledgedAt: number;
}

/** How {@link RecentRows} works. */
export interface RecentRowsOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** When reads begin to see a row: one that its caller may yet be told has failed must not be seen. */
  readonly readableOnce: "accepted" | "acknowledged";
}

/** A store of rows, by thread. */
export class RecentRows {
  readonly #options: RecentRowsOptions;
  readonly #kept = new Map<string, KeptRow>();
  /** In the order of their acknowledgement. */
  readonly #acknowledged = new Set<KeptRow>();
  /** The rows that reads see. */
  readonly #readable = new Map<string, ThreadRows>();
  #bytes = 0;

  constructor(options: RecentRowsOptions) {
    this.#options = options;
  }

  /** What the kept rows take, as they are sent. */
  get bytes(): number {
    this.#expire();
    return this.#bytes;
  }

  /** How many rows the service has not acknowledged yet. */
  get unacknowledged(): number {
    return this.#kept.size - this.#acknowledged.size;
  }

  /** Takes a row in; one that is kept already stays as it is. */
  accept<T extends RecentTable>(
    table: T,
    row: RecentRowTypes[T],
    bytes: number,
    createdAt: number = this.#options.now(),
  ): KeptRow {
    this.#expire();
    const name = nameOf(table, row);
    const known = this.#kept.get(name);
    if (known) return known;
    const kept: KeptRow = {
      table,
      row,
      bytes,
      name,
      createdAt,
      state: "accepted",
      acknowledgedAt: NaN,
    };
    this.#kept.set(name, kept);
    this.#bytes += bytes;
    if (this.#options.readableOnce === "accepted") this.#show(kept);
    return kept;
  }

  /** Takes note that the service has a row: the time that it may take to be visible begins. */
  acknowledge(kept: KeptRow): void {
    if (kept.state !== "accepted") return;
    kept.state = "acknowledged";
    kept.acknowledgedAt = this.#options.now();
    this.#acknowledged.add(kept);
    this.#show(kept);
  }

  /** Drops a row that could not be stored. */
  giveUp(kept: KeptRow): void {
    if (kept.state === "accepted") this.#drop(kept);
  }

  /** Drops rows that a query has shown. */
  shown<T extends RecentTable>(table: T, rows: Iterable<RecentRowKeys[T]>): void {
    for (const row of rows) {
      const kept = this.#kept.get(nameOf(table, row));
      if (kept) this.#drop(kept);
    }
  }

  /** Drops the rows of a thread that belong to lives before the one that a deletion began. */
  forget({ thread_id, incarnation }: ThreadDeletionRow): void {
    for (const kept of [...this.#kept.values()]) {
      const { row } = kept;
      if (row.thread_id === thread_id && compareText(row.incarnation, incarnation) < 0) {
        this.#drop(kept);
      }
    }
  }

  /** The readable rows of a thread. */
  ofThread(threadId: string): ThreadRows | undefined {
    this.#expire();
    return this.#readable.get(threadId);
  }

  /** When a row that is kept was made, in milliseconds since 1970: its revision may be older. */
  createdAt<T extends RecentTable>(table: T, row: RecentRowKeys[T]): number | undefined {
    return this.#kept.get(nameOf(table, row))?.createdAt;
  }

  /** The threads that have readable rows. */
  threadIds(): string[] {
    this.#expire();
    return [...this.#readable.keys()];
  }

  /**
   * The rows of a table that are durable and not known to be visible, those that wait longest first.
   *
   * @param matches Which threads it is about; all when absent.
   */
  oldest<T extends RecentTable>(
    table: T,
    count: number,
    matches: (threadId: string) => boolean = () => true,
  ): RecentRowTypes[T][] {
    this.#expire();
    const rows: RecentRowTypes[T][] = [];
    for (const kept of this.#acknowledged) {
      if (rows.length === count) break;
      if (kept.table !== table || !matches(kept.row.thread_id)) continue;
      rows.push(kept.row as RecentRowTypes[T]);
    }
    return rows;
  }

  #show({ table, row, name }: KeptRow): void {
    let rows = this.#readable.get(row.thread_id);
    if (!rows) {
      rows = { checkpoints: new Map(), writes: new Map(), blobs: new Map() };
      this.#readable.set(row.thread_id, rows);
    }
    (rows[table] as Map<string, KeptRow["row"]>).set(name, row);
  }

  #expire(): void {
    const oldest = this.#options.now() - VISIBLE_AFTER_MS;
    for (const kept of this.#acknowledged) {
      if (kept.acknowledgedAt > oldest) break;
      this.#drop(kept);
    }
  }

  #drop(kept: KeptRow): void {
    kept.state = "gone";
    this.#kept.delete(kept.name);
    this.#acknowledged.delete(kept);
    this.#bytes -= kept.bytes;
    const threadId = kept.row.thread_id;
    const rows = this.#readable.get(threadId);
    if (!rows) return;
    rows[kept.table].delete(kept.name);
    if (Object.values(rows).every((table) => table.size === 0)) this.#readable.delete(threadId);
  }
}

/** Names a row among all of this saver's. */
function nameOf(table: RecentTable, row: RecentRowKeys[RecentTable]): string {
  // A thread that is copied to an id, deleted there and copied again has its revisions in two lives.
  const key = "revision" in row ? row.revision : `${row.blob_id} ${row.chunk}/${row.chunks}`;
  return `${table} ${row.incarnation} ${key} ${row.thread_id}`;
}
