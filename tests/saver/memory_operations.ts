/**
 * The reference in memory with the operations of a `KustoSaver` on whole threads.
 *
 * @module
 */
import type {
  ChannelVersions,
  Checkpoint,
  CheckpointListOptions,
  CheckpointMetadata,
  CheckpointTuple,
  DeltaChannelHistory,
} from "@langchain/langgraph-checkpoint";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { PruneOptions, PruneReport, RunDeletionReport, ThreadSummary } from "../../mod.ts";
import { MemorySaverAdapter } from "./memory_saver_adapter.ts";

/** A saver in memory that hides single checkpoints, as pruning does. */
export class MemoryOperations extends MemorySaverAdapter {
  /** The checkpoints that are hidden, by thread, namespace and id. */
  readonly #hidden = new Set<string>();
  /** Whether histories are being read, which lead through what is hidden. */
  #isWalking = false;

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const { thread_id, checkpoint_ns = "", checkpoint_id } = config.configurable ?? {};
    const id = checkpoint_id ?? this.#shown(thread_id, checkpoint_ns).at(-1);
    const configurable = { ...config.configurable, ...(id && { checkpoint_id: id }) };
    const tuple = await super.getTuple({ ...config, configurable });
    const isShown = this.#isWalking || this.#shown(thread_id, checkpoint_ns).includes(id);
    return isShown ? tuple : undefined;
  }

  override async *list(
    config: RunnableConfig,
    { limit = Infinity, ...options }: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    const shown = (await Array.fromAsync(super.list(config, options))).filter((tuple) => {
      const { thread_id, checkpoint_ns } = tuple.config.configurable!;
      return !this.#hidden.has(keyOf(thread_id, checkpoint_ns, tuple.checkpoint.id));
    });
    yield* shown.slice(0, Math.max(0, limit));
  }

  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions?: ChannelVersions,
  ): Promise<RunnableConfig> {
    const { thread_id, checkpoint_ns = "" } = config.configurable ?? {};
    if (!this.isLate(config, thread_id)) {
      this.#hidden.delete(keyOf(thread_id, checkpoint_ns, checkpoint.id));
    }
    return await super.put(config, checkpoint, metadata, newVersions);
  }

  override async deleteThread(threadId: string): Promise<void> {
    for (const key of this.#hidden) {
      if (JSON.parse(key)[0] === threadId) this.#hidden.delete(key);
    }
    await super.deleteThread(threadId);
  }

  override async getDeltaChannelHistory(
    { config, channels }: { config: RunnableConfig; channels: string[] },
  ): Promise<Record<string, DeltaChannelHistory>> {
    const target = config.configurable?.checkpoint_id
      ? config
      : (await this.getTuple(config))?.config;
    if (!target) return Object.fromEntries(channels.map((channel) => [channel, { writes: [] }]));
    this.#isWalking = true;
    try {
      return await super.getDeltaChannelHistory({ config: target, channels });
    } finally {
      this.#isWalking = false;
    }
  }

  /** Lists threads, as {@link KustoSaver.listThreads} does but for their times and order. */
  async *listThreads(): AsyncGenerator<Omit<ThreadSummary, "createdAt" | "lastActiveAt">> {
    const tuples = await Array.fromAsync(this.list({}), ({ config }) => config.configurable!);
    for (const [threadId, ofThread] of Map.groupBy(tuples, ({ thread_id }) => thread_id)) {
      const latest = ofThread.find(({ checkpoint_ns }) => checkpoint_ns === "");
      yield {
        threadId,
        namespaces: new Set(ofThread.map(({ checkpoint_ns }) => checkpoint_ns)).size,
        checkpoints: ofThread.length,
        ...(latest && { latestCheckpointId: latest.checkpoint_id }),
      };
    }
  }

  /** Hides or deletes, as {@link KustoSaver.prune} does. */
  async prune({ threadIds = [], strategy }: PruneOptions): Promise<PruneReport> {
    let [threads, checkpoints] = [0, 0];
    for (const threadId of new Set(threadIds)) {
      threads++;
      if (strategy === "delete") await this.deleteThread(threadId);
      else {
        for (const namespace of Object.keys(this.storage[threadId] ?? {})) {
          for (const id of this.#shown(threadId, namespace).slice(0, -1)) {
            this.#hidden.add(keyOf(threadId, namespace, id));
            checkpoints++;
          }
        }
      }
    }
    return { threads, checkpoints };
  }

  /** Hides what runs made, as {@link KustoSaver.deleteForRuns} does. */
  async deleteForRuns(runIds: Iterable<string>): Promise<RunDeletionReport> {
    const runs = new Set<unknown>(runIds);
    let checkpoints = 0;
    for await (const { config, metadata } of this.list({})) {
      if (!runs.has((metadata as { run_id?: unknown }).run_id)) continue;
      const { thread_id, checkpoint_ns, checkpoint_id } = config.configurable!;
      this.#hidden.add(keyOf(thread_id, checkpoint_ns, checkpoint_id));
      checkpoints++;
    }
    return { checkpoints };
  }

  /** The ids that readers see of a namespace, smallest first. */
  #shown(threadId: string, namespace: string): string[] {
    return Object.keys(this.storage[threadId]?.[namespace] ?? {})
      .filter((id) => !this.#hidden.has(keyOf(threadId, namespace, id)))
      .sort();
  }
}

function keyOf(threadId: string, namespace: string, checkpointId: string): string {
  return JSON.stringify([threadId, namespace, checkpointId]);
}
