/**
 * Pruning: threads without their past, or without anything.
 *
 * @module
 */
import { batchesOf } from "./batches.ts";
import { checkCallOptions } from "../call_options.ts";
import { guardText } from "../codec.ts";
import { KustoInputError } from "../errors.ts";
import { rowsOf } from "../service/frames.ts";
import { hidePages } from "./hiding.ts";
import { supersededQuery } from "./hiding_queries.ts";
import { dateOf, type Moment } from "./moments.ts";
import { allDone, idList, type OperationOptions, settle } from "./operation.ts";
import type { OperationParts } from "./operation_parts.ts";
import type { CheckpointDeletionRow } from "../schema.ts";
import { listThreads } from "./thread_list.ts";
import { deleteThread } from "./thread_deletion.ts";

const ACTION = "prune threads";
const THREADS_A_QUERY = 200;
const THREADS_AT_A_TIME = 8;

/**
 * What {@link KustoSaver.prune} removes.
 *
 * @example The past of two threads, and all of those that nobody has used for a month
 * ```ts
 * import { KustoSaver } from "@x/kusto-checkpoint";
 * import { KustoEmulator } from "@x/kusto-checkpoint/emulator";
 *
 * await using emulator = new KustoEmulator();
 * await using saver = KustoSaver.fromConnectionString("http://localhost", {
 *   database: "NetDefaultDB",
 *   fetch: emulator.fetch,
 * });
 * await saver.setup({ provision: true });
 * const threadIds = ["thread-1", "thread-2"];
 * const { checkpoints } = await saver.prune({ threadIds, strategy: "keep_latest" });
 * console.log(checkpoints); // 0
 * const olderThan = 30 * 24 * 60 * 60_000; // a month
 * const { threads } = await saver.prune({ olderThan, strategy: "delete" });
 * console.log(threads); // 0
 * ```
 */
export interface PruneOptions extends OperationOptions<PruneProgress> {
  /**
   * Which threads; none is no request, and one that does not exist is no error. Either this or
   * `olderThan` must be given.
   */
  readonly threadIds?: Iterable<string>;
  /**
   * All threads whose last checkpoint was stored before this moment: a date, or an age in milliseconds.
   * One that becomes active while it is pruned loses what it had before.
   */
  readonly olderThan?: Moment;
  /**
   * `"keep_latest"` hides all checkpoints but the latest of each namespace, which keeps its pending
   * writes; `"delete"` does what {@link KustoSaver.deleteThread} does, for each.
   */
  readonly strategy: "keep_latest" | "delete";
}

const OPTIONS = {
  threadIds: true,
  olderThan: true,
  strategy: true,
  signal: true,
  onProgress: true,
} as const;

/** How far pruning is. */
export interface PruneProgress {
  /** Threads that are done. */
  readonly threads: number;
  /** Checkpoints that were hidden; `"delete"` does not count them. */
  readonly checkpoints: number;
}

/** What {@link KustoSaver.prune} did. */
export interface PruneReport extends PruneProgress {}

/** Prunes threads, some at a time; each request may be repeated. */
export async function prune(parts: OperationParts, options: PruneOptions): Promise<PruneReport> {
  checkCallOptions(ACTION, options, OPTIONS);
  const { strategy, threadIds, olderThan } = options ?? {};
  if (strategy !== "keep_latest" && strategy !== "delete") {
    throw new KustoInputError(
      `Cannot ${ACTION}: "strategy" must be "keep_latest" or "delete", pass the one that is meant`,
    );
  }
  if ((threadIds === undefined) === (olderThan === undefined)) {
    throw new KustoInputError(
      `Cannot ${ACTION}: pass either "threadIds" or "olderThan", which says what threads it is about`,
    );
  }
  const pruning = new Pruning(parts, options);
  if (olderThan !== undefined) await pruning.idle(olderThan);
  else await pruning.threads(idList(ACTION, "threadIds", threadIds));
  return pruning.progress;
}

class Pruning {
  readonly #parts: OperationParts;
  readonly #options: PruneOptions;
  #progress: PruneProgress = { threads: 0, checkpoints: 0 };

  constructor(parts: OperationParts, options: PruneOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  get progress(): PruneProgress {
    return this.#progress;
  }

  async threads(threadIds: readonly string[]): Promise<void> {
    const isDeleting = this.#options.strategy === "delete";
    const most = isDeleting ? THREADS_AT_A_TIME : THREADS_A_QUERY;
    for (const batch of batchesOf(threadIds, most)) {
      this.#options.signal?.throwIfAborted();
      if (isDeleting) await allDone(batch.map((id) => deleteThread(this.#parts, id)));
      else await this.#hideSuperseded(batch);
      this.#tell(batch.length, 0);
    }
  }

  async idle(idleSince: Moment): Promise<void> {
    const { signal, strategy } = this.#options;
    dateOf(ACTION, "olderThan", idleSince, this.#parts.settings.now());
    let batch: string[] = [];
    for await (const thread of listThreads(this.#parts, { idleSince, ...(signal && { signal }) })) {
      if (strategy === "keep_latest" && thread.checkpoints === thread.namespaces) {
        this.#tell(1, 0);
        continue;
      }
      batch.push(thread.threadId);
      if (batch.length < THREADS_A_QUERY) continue;
      await this.threads(batch);
      batch = [];
    }
    await this.threads(batch);
  }

  async #hideSuperseded(threadIds: readonly string[]): Promise<void> {
    const { signal } = this.#options;
    await settle(this.#parts, ACTION, threadIds, signal);
    const { names, store } = this.#parts;
    const threads = threadIds.map(guardText);
    await hidePages(this.#parts, {
      action: ACTION,
      signal,
      find: async (place) => {
        const [table] = await store.query(supersededQuery(names), { threads, ...place }, signal);
        const found = rowsOf<CheckpointDeletionRow>(table);
        return { found, toHide: found };
      },
      tell: (checkpoints) => this.#tell(0, checkpoints),
    });
  }

  #tell(threads: number, checkpoints: number): void {
    this.#progress = {
      threads: this.#progress.threads + threads,
      checkpoints: this.#progress.checkpoints + checkpoints,
    };
    this.#options.onProgress?.(this.#progress);
  }
}
