/**
 * Rows on their way to the service: encoded once, sent in shared requests, kept until visible.
 *
 * @module
 */
import { Batcher } from "./batcher.ts";
import { BoundedMap } from "./bounded_map.ts";
import type { KustoClient } from "./client.ts";
import type { Stamp } from "./clock.ts";
import { CHUNK_BYTES, splitBytes } from "./codec.ts";
import type { Settings } from "./config.ts";
import { KustoLimitError, KustoRequestError } from "./errors.ts";
import type { RecentRows, RecentRowTypes, RecentTable } from "./recent_rows.ts";
import type { BlobReference, BlobRow, TableNames } from "./schema.ts";

/** The service takes 4 MB a request before compression; the rest is slack. */
const REQUEST_BYTES = 4_000_000 - 100_000;
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
}

interface EncodedRow<T extends RecentTable> {
  readonly row: RecentRowTypes[T];
  readonly line: Uint8Array;
}

interface FailedWrite {
  readonly threadId: string;
  readonly send: () => Promise<void>;
  readonly error: unknown;
}

/** Appends rows and remembers what it appended. */
export class RowWriter {
  readonly #settings: Settings;
  readonly #recent: RecentRows;
  readonly #batchers: Record<RecentTable, Batcher>;
  readonly #sentBlobs = new BoundedMap<string, number>(BLOBS_REMEMBERED);
  readonly #encoder = new TextEncoder();
  /** Accepted writes that are not durable yet; only buffered ones outlive their call. */
  readonly #pending = new Map<Promise<unknown>, string>();
  #failed: FailedWrite[] = [];

  constructor(client: KustoClient, settings: Settings, names: TableNames, recent: RecentRows) {
    this.#settings = settings;
    this.#recent = recent;
    const batcher = (table: string) =>
      new Batcher({
        send: (lines) => client.ingest(table, lines),
        batchSize: settings.batchSize,
        batchBytes: REQUEST_BYTES,
        concurrency: CONCURRENT_REQUESTS,
        lingerMs: settings.durability === "buffered" ? settings.flushIntervalMs : 0,
        sleep: (ms, options) => settings.sleep(ms, { ...options, persistent: false }),
        divisible: (error) =>
          error instanceof KustoRequestError || error instanceof KustoLimitError,
      });
    this.#batchers = {
      checkpoints: batcher(names.checkpoints),
      writes: batcher(names.writes),
      blobs: batcher(names.blobs),
    };
  }

  /** Rows that wait to be sent. */
  get queueSize(): number {
    return Object.values(this.#batchers).reduce((sum, batcher) => sum + batcher.size, 0);
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
   * Appends rows, their blobs first.
   *
   * Resolves when the service has acknowledged all; with `durability: "buffered"` once they are
   * queued. Rows can be read by this saver from then on.
   */
  async write<T extends Exclude<RecentTable, "blobs">>(write: Write<T>): Promise<void> {
    const blobs = [...write.blobs].flatMap(([id, bytes]) => blobRows(write, id, bytes))
      .map((row) => this.#encode<"blobs">(row));
    const rows = write.rows.map((row) => this.#encode<T>(row));
    const sent = this.#settings.now();
    const send = async () => {
      await this.#batchers.blobs.append(blobs.map(({ line }) => line));
      for (const id of write.blobs.keys()) {
        this.#sentBlobs.set(blobKey(write.threadId, write.incarnation, id), sent);
      }
      await this.#batchers[write.table].append(rows.map(({ line }) => line));
    };
    if (this.#settings.durability === "buffered") {
      this.#sendInBackground(write.threadId, send);
    } else {
      await send();
    }
    for (const { row, line } of blobs) this.#recent.add("blobs", row, line.length);
    for (const { row, line } of rows) this.#recent.add(write.table, row, line.length);
  }

  /**
   * Sends what is queued and waits until it is durable; what failed before is tried again.
   *
   * @throws The reason of the first failure; what failed stays queued.
   */
  async flush(): Promise<void> {
    const retries = this.#failed;
    this.#failed = [];
    for (const { threadId, send } of retries) this.#sendInBackground(threadId, send);
    await this.#drainWhile(this.#pending.keys());
    const [failure] = this.#failed;
    if (failure) throw failure.error;
  }

  /** Sends what is queued of a thread and waits until it is durable or has failed and stays queued. */
  async settle(threadId: string): Promise<void> {
    const ofThread = [...this.#pending].filter(([, of]) => of === threadId);
    await this.#drainWhile(ofThread.map(([pending]) => pending));
  }

  async #drainWhile(pending: Iterable<Promise<unknown>>): Promise<void> {
    const settled = Promise.all(pending);
    await Promise.all(
      Object.values(this.#batchers).map((batcher) => batcher.drainWhile(settled)),
    );
  }

  #sendInBackground(threadId: string, send: () => Promise<void>): void {
    const pending = send().catch((error) => {
      this.#failed.push({ threadId, send, error });
    });
    this.#pending.set(pending, threadId);
    pending.then(() => this.#pending.delete(pending));
  }

  #encode<T extends RecentTable>(row: RecentRowTypes[T]): EncodedRow<T> {
    const time = new Date(this.#settings.now()).toISOString();
    const stamped = { ...row, created_at: time };
    return { row, line: this.#encoder.encode(JSON.stringify(stamped)) };
  }
}

function blobRows(
  { threadId, incarnation }: { threadId: string; incarnation: Stamp },
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
