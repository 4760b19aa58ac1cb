/**
 * Hiding single checkpoints: markers that are stored, and waiting until every reader sees them.
 *
 * A marker hides the revisions of its checkpoint that are not greater than the one it names. The rows
 * stay, as the history of others may lead through them; no more rights are needed than to write.
 *
 * @module
 */
import { batchesOf } from "./batches.ts";
import { KustoUnavailableError } from "./errors.ts";
import { guardText } from "./codec.ts";
import { rowsOf } from "./frames.ts";
import { markersQuery } from "./hiding_queries.ts";
import type { OperationParts } from "./operation.ts";
import type { CheckpointDeletionRow } from "./schema.ts";

const MARKERS_A_REQUEST = 1_000;
/** So many markers may wait to be seen before further ones are sent. */
const MOST_UNSEEN = 20_000;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;

/** The markers of one operation. */
export class Hiding {
  readonly #parts: OperationParts;
  readonly #action: string;
  readonly #signal: AbortSignal | undefined;
  /** Batches that are stored and that no query has shown yet as a whole. */
  #unseen: CheckpointDeletionRow[][] = [];

  constructor(parts: OperationParts, action: string, signal: AbortSignal | undefined) {
    this.#parts = parts;
    this.#action = action;
    this.#signal = signal;
  }

  /** Stores markers. Never buffered: who hides wants to know that it is done. */
  async add(markers: readonly CheckpointDeletionRow[]): Promise<void> {
    const { client, names, settings } = this.#parts;
    for (const batch of batchesOf(markers, MARKERS_A_REQUEST)) {
      this.#signal?.throwIfAborted();
      const created_at = new Date(settings.now()).toISOString();
      const encoder = new TextEncoder();
      const lines = batch.map((row) => encoder.encode(JSON.stringify({ ...row, created_at })));
      await client.ingest(names.checkpointDeletions, lines);
      this.#unseen.push(batch);
      if (this.#unseen.length * MARKERS_A_REQUEST >= MOST_UNSEEN) await this.seen();
    }
  }

  /**
   * Resolves when queries show all markers.
   *
   * @throws {KustoUnavailableError} If they are stored but still not visible after `deleteTimeoutMs`.
   */
  async seen(): Promise<void> {
    const { now, sleep, deleteTimeoutMs } = this.#parts.settings;
    const deadline = now() + deleteTimeoutMs;
    for (let wait = FIRST_WAIT_MS; this.#unseen.length > 0;) {
      this.#signal?.throwIfAborted();
      const [first, ...others] = this.#unseen as [CheckpointDeletionRow[]];
      const left = await this.#unseenOf(first);
      this.#unseen = left.length > 0 ? [left, ...others] : others;
      if (left.length === 0) continue;
      if (now() >= deadline) {
        throw new KustoUnavailableError(
          `Cannot ${this.#action}: what hides the checkpoints is stored, but was not visible to queries after ${deleteTimeoutMs} ms, try again`,
        );
      }
      await sleep(wait, this.#signal ? { signal: this.#signal } : {});
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }

  async #unseenOf(batch: readonly CheckpointDeletionRow[]): Promise<CheckpointDeletionRow[]> {
    const { names, store } = this.#parts;
    const [table] = await store.query(markersQuery(names), {
      threads: Array.from(new Set(batch.map((row) => row.thread_id)), guardText),
      revisions: Array.from(new Set(batch.map((row) => row.revision)), guardText),
    }, this.#signal);
    const seen = new Set(rowsOf<CheckpointDeletionRow>(table).map(nameOf));
    return batch.filter((row) => !seen.has(nameOf(row)));
  }
}

function nameOf(row: CheckpointDeletionRow): string {
  return JSON.stringify([row.thread_id, row.checkpoint_ns, row.incarnation, row.revision]);
}
