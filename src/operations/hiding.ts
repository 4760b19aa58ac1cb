/**
 * Hiding single checkpoints: markers that are stored, and waiting until every reader sees them.
 *
 * A marker hides the revisions of its checkpoint that are not greater than the one it names. The rows
 * stay, as the history of others may lead through them; no more rights are needed than to write.
 *
 * @module
 */
import { batchesOf } from "./batches.ts";
import { guardText } from "../codec.ts";
import { KustoUnavailableError } from "../errors.ts";
import { rowsOf } from "../service/frames.ts";
import { markersQuery } from "./hiding_queries.ts";
import type { OperationParts } from "./operation_parts.ts";
import { PageSize } from "../reading/page_size.ts";
import type { CheckpointDeletionRow } from "../schema.ts";
import { longerWait } from "../waits.ts";

const PAGE = 5_000;
const MARKERS_A_REQUEST = 1_000;
/** So many markers may wait to be seen before further ones are sent. */
const MOST_UNSEEN = 20_000;
const FIRST_WAIT_MS = 50;

/** Where a page begins, as query parameters: after a checkpoint, in the order of threads, namespaces and ids. */
export interface PlaceParameters {
  readonly [name: string]: string | number;
  readonly after_thread: string;
  readonly after_namespace: string;
  readonly after_id: string;
  readonly size: number;
}

/** One page of checkpoints that may have to be hidden. */
export interface FoundPage {
  /** In the order of their places; fewer than were asked for are the last. */
  readonly found: readonly CheckpointDeletionRow[];
  /** Those of them to hide. */
  readonly toHide: readonly CheckpointDeletionRow[];
}

/** What {@link hidePages} is to do. */
export interface HidingTask {
  readonly action: string;
  readonly signal: AbortSignal | undefined;
  readonly find: (place: PlaceParameters) => Promise<FoundPage>;
  /** Told how many more checkpoints are hidden. */
  readonly tell: (checkpoints: number) => void;
}

/** Hides what is found, page by page; resolves when every reader sees it. */
export async function hidePages(
  parts: OperationParts,
  { action, signal, find, tell }: HidingTask,
): Promise<void> {
  const hiding = new Hiding(parts, action, signal);
  const pageSize = new PageSize(PAGE, PAGE);
  for (let after: CheckpointDeletionRow | undefined, isLast = false; !isLast;) {
    const page = await pageSize.read(async (size) => {
      const { found, toHide } = await find({
        after_thread: after?.thread_id ?? "",
        after_namespace: after?.checkpoint_ns ?? "",
        after_id: after?.checkpoint_id ?? "",
        size,
      });
      return { toHide, last: found.at(-1), isLast: found.length < size };
    });
    await hiding.add(page.toHide);
    if (page.toHide.length > 0) tell(page.toHide.length);
    ({ last: after, isLast } = page);
  }
  await hiding.untilVisible();
}

/** The markers of one operation. */
export class Hiding {
  readonly #parts: OperationParts;
  readonly #action: string;
  readonly #signal: AbortSignal | undefined;
  /** Batches that are stored, each without what queries have shown of it. */
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
      const lines = batch.map((
        { thread_id, checkpoint_ns, incarnation, checkpoint_id, revision },
      ) =>
        encoder.encode(JSON.stringify({
          thread_id,
          checkpoint_ns,
          incarnation,
          checkpoint_id,
          revision,
          created_at,
        }))
      );
      await client.ingest(names.checkpointDeletions, lines);
      this.#unseen.push(batch);
      if (this.#unseen.length * MARKERS_A_REQUEST >= MOST_UNSEEN) await this.untilVisible();
    }
  }

  /**
   * Resolves when queries show all markers.
   *
   * @throws {KustoUnavailableError} If they are stored but still not visible after `deleteTimeoutMs`.
   */
  async untilVisible(): Promise<void> {
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
      wait = longerWait(wait);
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
