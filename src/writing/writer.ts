/**
 * Rows on their way to the service: encoded once, blobs first, in requests shared per table.
 *
 * A write waits for room, is taken in (see `recent_rows.ts` for the life of a row), and goes through
 * one queue for each table (`batcher.ts`). Its caller waits until it is stored; of a buffered write the
 * caller does not wait, and `outbox.ts` sees to it that it is stored.
 *
 * @module
 */
import type { RequestListener } from "../service/attempt.ts";
import { Batcher } from "./batcher.ts";
import { BoundedMap } from "../bounded_map.ts";
import type { KustoClient } from "../service/client.ts";
import type { Stamp } from "../clock.ts";
import { CHUNK_BYTES, splitBytes } from "../codec.ts";
import type { Settings } from "../config.ts";
import {
  KustoError,
  KustoFlushError,
  KustoLimitError,
  KustoRequestError,
  KustoUnavailableError,
} from "../errors.ts";
import type { Life } from "../incarnations.ts";
import { Outbox, type Undelivered } from "./outbox.ts";
import type { KeptRow, RecentRows, RecentRowTypes, RecentTable } from "./recent_rows.ts";
import { Room } from "./room.ts";
import type { BlobReference, BlobRow, TableNames } from "../schema.ts";
import { dropVisible } from "./visibility.ts";

/** The service takes 4 MB a request before compression. */
const REQUEST_BYTES = 4_000_000;
/** Two requests a table at a time: the second goes out while the first is acknowledged. */
const CONCURRENT_REQUESTS = 2;
/**
 * A blob sent longer ago is sent anew: blobs live 90 days longer than rows, so a row written now
 * never outlives the blobs it refers to.
 */
export const BLOB_REUSE_DAYS = 30;
const DAY_MS = 24 * 60 * 60_000;
const BLOBS_REMEMBERED = 20_000;

/** Rows of one call, with the blobs that they refer to. */
export interface Write<T extends Exclude<RecentTable, "blobs">> {
  readonly threadId: string;
  readonly incarnation: Stamp;
  readonly table: T;
  readonly rows: readonly RecentRowTypes[T][];
  /** Blobs that must be there before the rows are, by blob id. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
  /** When the outcome must be known, in milliseconds since 1970; a wait for room puts it off. */
  readonly deadline: number;
  /** Told of the requests that carry the rows, while the call waits for them. */
  readonly onRequest?: RequestListener | undefined;
}

/** What a {@link RowWriter} tells. */
export interface WriterListeners {
  /** Called when buffered rows could not be stored and wait to be tried again. */
  readonly onUnstored?: ((error: unknown, retryInMs: number) => void) | undefined;
}

interface EncodedRow {
  readonly table: RecentTable;
  readonly row: RecentRowTypes[RecentTable];
  readonly line: Uint8Array;
  readonly createdAt: number;
}

/** A row that was taken in, and the line that carries it. */
interface Outgoing {
  readonly kept: KeptRow;
  readonly line: Uint8Array;
}

/** What one call stores: no row goes before the blobs are there. */
interface Parcel {
  readonly threadId: string;
  readonly blobs: readonly Outgoing[];
  readonly rows: readonly Outgoing[];
  /** When the outcome must be known; never where nobody waits for it. */
  readonly deadline: number;
  readonly onRequest: RequestListener | undefined;
  /** Called when the blobs are there. */
  readonly onBlobsStored: () => void;
}

/** Stores rows, and remembers what it stored. */
export class RowWriter {
  readonly #settings: Settings;
  readonly #names: TableNames;
  readonly #recent: RecentRows;
  readonly #batchers: Record<RecentTable, Batcher>;
  readonly #room: Room;
  readonly #outbox: Outbox<Parcel>;
  /** Rows on their way, each once however many writes need it. */
  readonly #sending = new Map<KeptRow, Promise<void>>();
  readonly #sentBlobs = new BoundedMap<string, number>(BLOBS_REMEMBERED);
  readonly #encoder = new TextEncoder();

  constructor(
    client: KustoClient,
    settings: Settings,
    names: TableNames,
    recent: RecentRows,
    listeners: WriterListeners = {},
  ) {
    this.#settings = settings;
    this.#names = names;
    this.#recent = recent;
    const sleepLightly = (ms: number, options: { signal: AbortSignal }) =>
      settings.sleep(ms, { ...options, persistent: false });
    const batcher = (table: string) =>
      new Batcher({
        send: (lines, deadline, onRequest) => client.ingest(table, lines, { deadline, onRequest }),
        batchSize: settings.batchSize,
        batchBytes: REQUEST_BYTES,
        concurrency: CONCURRENT_REQUESTS,
        lingerMs: settings.durability === "buffered" ? settings.flushIntervalMs : 0,
        sleep: sleepLightly,
        divisible: (error) =>
          error instanceof KustoRequestError || error instanceof KustoLimitError,
        outOfTime: (error) => error instanceof KustoUnavailableError && error.outOfTime,
      });
    this.#batchers = {
      checkpoints: batcher(names.checkpoints),
      writes: batcher(names.writes),
      blobs: batcher(names.blobs),
    };
    this.#outbox = new Outbox({
      store: (parcel, isRetry) => this.#store(parcel, isRetry),
      retryBackoffMs: settings.retryBackoffMs,
      random: settings.random,
      sleep: sleepLightly,
      onFailure: listeners.onUnstored,
    });
    this.#room = new Room({
      limit: settings.maxPendingBytes,
      kept: () => recent.bytes,
      makeRoom: async () => {
        this.#sendQueued();
        // A writer must not fail for what it does not need: time makes room too.
        await dropVisible(client, names, recent).catch(() => {});
      },
      sleep: (ms) => settings.sleep(ms, {}),
    });
  }

  /** When a blob of a thread was sent, if a new row may refer to it without sending it again. */
  blobSentAt(threadId: string, incarnation: Stamp, id: string): number | undefined {
    const sent = this.#sentBlobs.get(blobKey(threadId, incarnation, id));
    return sent !== undefined && sent > this.#settings.now() - BLOB_REUSE_DAYS * DAY_MS
      ? sent
      : undefined;
  }

  /** Takes note of blobs that a row refers to: they are stored already. */
  rememberBlobs(
    threadId: string,
    incarnation: Stamp,
    references: readonly BlobReference[],
  ): void {
    for (const { id, sent } of references) {
      const key = blobKey(threadId, incarnation, id);
      if ((this.#sentBlobs.get(key) ?? 0) < sent) this.#sentBlobs.set(key, sent);
    }
  }

  /**
   * Stores rows, their blobs first; waits while there is no room for them.
   *
   * Resolves when the service has acknowledged all; with `durability: "buffered"` once they are
   * queued. Rows can be read by this saver from then on.
   *
   * @throws {KustoLimitError} If a row is larger than a request may be; then nothing is sent.
   * @throws What the first row failed with, when all that were sent have an outcome.
   */
  async write<T extends Exclude<RecentTable, "blobs">>(write: Write<T>): Promise<void> {
    const blobs = [...write.blobs].flatMap(([id, bytes]) => blobRows(write, id, bytes))
      .map((row) => this.#encode("blobs", row));
    const rows = write.rows.map((row) => this.#encode(write.table, row));
    const sent = this.#settings.now();
    const onBlobsStored = () => {
      for (const id of write.blobs.keys()) {
        this.#sentBlobs.set(blobKey(write.threadId, write.incarnation, id), sent);
      }
    };
    const bytes = [...blobs, ...rows].reduce((sum, { line }) => sum + line.length, 0);
    await this.#room.enter(bytes, () => {
      const isBuffered = this.#settings.durability === "buffered";
      const parcel: Parcel = {
        threadId: write.threadId,
        deadline: isBuffered ? Infinity : write.deadline + this.#settings.now() - sent,
        onRequest: isBuffered ? undefined : write.onRequest,
        blobs: this.#accept(blobs),
        rows: this.#accept(rows),
        onBlobsStored,
      };
      return isBuffered ? this.#outbox.add(parcel) : this.#storeOrGiveUp(parcel);
    });
  }

  /**
   * Sends what is queued and waits until it is durable; what failed before is tried again.
   *
   * @param matches Which threads it is about; all when absent.
   * @throws {KustoFlushError} If rows could not be stored; they stay queued.
   */
  async flush(matches: (threadId: string) => boolean = () => true): Promise<void> {
    const flushed = this.#outbox.flush((parcel) => matches(parcel.threadId));
    this.#sendQueued();
    const undelivered = await flushed;
    if (undelivered.length > 0) throw this.#flushError(undelivered);
  }

  #sendQueued(): void {
    for (const batcher of Object.values(this.#batchers)) batcher.flush();
  }

  #accept(rows: readonly EncodedRow[]): Outgoing[] {
    return rows.map(({ table, row, line, createdAt }) => ({
      kept: this.#recent.accept(table, row, line.length, createdAt),
      line,
    }));
  }

  async #storeOrGiveUp(parcel: Parcel): Promise<void> {
    try {
      await this.#store(parcel, false);
    } catch (error) {
      for (const { kept } of [...parcel.blobs, ...parcel.rows]) {
        // Another write may need the same blob.
        if (!this.#sending.has(kept)) this.#recent.giveUp(kept);
      }
      throw error;
    }
  }

  async #store(parcel: Parcel, isRetry: boolean): Promise<void> {
    const { blobs, rows } = parcel;
    if (blobs.length > 0) await this.#sendAll(blobs, parcel, isRetry);
    parcel.onBlobsStored();
    // Rows that have waited with their blobs do not linger too.
    await this.#sendAll(rows, parcel, isRetry || blobs.length > 0);
  }

  async #sendAll(rows: readonly Outgoing[], parcel: Parcel, isUrgent: boolean): Promise<void> {
    const sending = rows.map((row) => this.#send(row, parcel));
    if (isUrgent) this.#sendQueued();
    const outcomes = await Promise.allSettled(sending);
    const failure = outcomes.find((outcome) => outcome.status === "rejected");
    if (failure) throw failure.reason;
  }

  /** Sends a row, unless it is stored, its thread is deleted, or it is on its way already. */
  #send({ kept, line }: Outgoing, { deadline, onRequest }: Parcel): Promise<void> {
    if (kept.state !== "accepted") return Promise.resolve();
    let sending = this.#sending.get(kept);
    if (!sending) {
      sending = this.#batchers[kept.table].append(line, deadline, onRequest)
        .finally(() => this.#sending.delete(kept))
        .then(() => this.#recent.acknowledge(kept));
      this.#sending.set(kept, sending);
    }
    return sending;
  }

  #encode<T extends RecentTable>(table: T, row: RecentRowTypes[T]): EncodedRow {
    const createdAt = this.#settings.now();
    const created_at = new Date(createdAt).toISOString();
    const line = this.#encoder.encode(JSON.stringify({ ...row, created_at }));
    if (line.length >= REQUEST_BYTES) {
      throw new KustoLimitError(
        `Cannot store a row of table "${
          this.#names[table]
        }": it takes ${line.length} bytes, but a request holds ${REQUEST_BYTES}; make the names and ids in it shorter or fewer`,
        { table: this.#names[table] },
      );
    }
    return { table, row, line, createdAt };
  }

  #flushError(undelivered: readonly Undelivered<Parcel>[]): KustoFlushError {
    const kept = new Set(
      undelivered.flatMap(({ item }) => [...item.blobs, ...item.rows]).map((row) => row.kept),
    );
    const counts = new Map<string, number>();
    for (const { table, state } of kept) {
      const name = this.#names[table];
      if (state === "accepted") counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const unstored = Array.from(counts, ([table, rows]) => ({ table, rows }));
    const what = unstored.map(({ table, rows }) => `${rows} of table "${table}"`).join(" and ");
    const [{ error }] = undelivered as [Undelivered<Parcel>];
    const reason = error instanceof KustoError ? `: ${error.message}` : "";
    return new KustoFlushError(
      `Cannot flush: rows are not stored, ${what}; they stay queued and are tried again${reason}`,
      { cause: error, unstored },
    );
  }
}

function blobRows(
  { threadId, incarnation }: Life,
  id: string,
  bytes: Uint8Array,
): BlobRow[] {
  const { encoding, chunks } = splitBytes(bytes, CHUNK_BYTES);
  return chunks.map((data, chunk) => ({
    thread_id: threadId,
    incarnation,
    blob_id: id,
    chunk,
    chunks: chunks.length,
    encoding,
    data,
  }));
}

function blobKey(threadId: string, incarnation: Stamp, id: string): string {
  return `${id} ${incarnation} ${threadId}`;
}
