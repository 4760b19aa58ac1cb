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
  MemorySaver,
  PendingWrite,
} from "@langchain/langgraph-checkpoint";
import type { RunnableConfig } from "@langchain/core/runnables";
import {
  KustoInputError,
  type PruneOptions,
  type PruneReport,
  type RunDeletionReport,
  type ThreadCopyReport,
  type ThreadSummary,
} from "../../mod.ts";
import { MemorySaverAdapter } from "./memory_saver_adapter.ts";

/** A saver in memory that hides single checkpoints, as pruning does. */
export class MemoryOperations extends MemorySaverAdapter {
  /** The checkpoints that are hidden, by thread, namespace and id. */
  readonly #hidden = new Set<string>();
  /** When each checkpoint and each pending write was stored: a number that grows. */
  readonly #stored = new Map<string, number>();
  #clock = 0;
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
      this.#stored.set(keyOf(thread_id, checkpoint_ns, checkpoint.id), ++this.#clock);
    }
    return await super.put(config, checkpoint, metadata, newVersions);
  }

  override async putWrites(
    config: RunnableConfig,
    writes: PendingWrite[],
    taskId: string,
    taskPath?: string,
  ): Promise<void> {
    const { thread_id, checkpoint_ns = "", checkpoint_id } = config.configurable ?? {};
    const key = keyOf(thread_id, checkpoint_ns, checkpoint_id);
    const before = { ...this.writes[key] };
    await super.putWrites(config, writes, taskId, taskPath);
    for (const [name, record] of Object.entries(this.writes[key] ?? {})) {
      if (record !== before[name]) this.#stored.set(key + name, ++this.#clock);
    }
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

  /** Copies a thread, as {@link KustoSaver.copyThread} does, and counts checkpoints as it does. */
  copyThread(from: string, to: string): Promise<Omit<ThreadCopyReport, "writes">> {
    if (from === to) return Promise.reject(new KustoInputError("There is but one thread"));
    const source = this.#checkpointsOf(from);
    const target = this.#checkpointsOf(to);
    if (source.every(({ isHidden }) => isHidden)) {
      return Promise.resolve({ checkpoints: 0, left: 0, present: 0 });
    }
    for (const { namespace, id, stored, isHidden } of target) {
      const copied = source.find((other) => other.namespace === namespace && other.id === id);
      if (!copied || copied.stored !== stored || (isHidden && !copied.isHidden)) {
        return Promise.reject(new KustoInputError("The target is not empty"));
      }
    }
    for (const { namespace, id, stored, isHidden } of source) {
      const key = keyOf(to, namespace, id);
      ((this.storage[to] ??= {})[namespace] ??= {})[id] = this.storage[from]![namespace]![id]!;
      this.#stored.set(key, stored!);
      if (isHidden) this.#hidden.add(key);
    }
    for (const [key, records] of Object.entries(this.writes)) {
      const [threadId, namespace, id] = JSON.parse(key);
      if (threadId === from) this.#copyWrites(key, records, keyOf(to, namespace, id));
    }
    const present = target.length;
    return Promise.resolve({ checkpoints: source.length - present, left: 0, present });
  }

  /** Of regular writes the first counts, of special ones the last. */
  #copyWrites(from: string, records: MemorySaver["writes"][string], to: string): void {
    const known = this.writes[to] ??= {};
    for (const [name, record] of Object.entries(records)) {
      const [stored, other] = [this.#stored.get(from + name)!, this.#stored.get(to + name)];
      const isSpecial = Number(name.slice(name.lastIndexOf(",") + 1)) < 0;
      if (name in known && other! < stored !== isSpecial) continue;
      known[name] = record;
      this.#stored.set(to + name, stored);
    }
  }

  #checkpointsOf(threadId: string) {
    return Object.entries(this.storage[threadId] ?? {}).flatMap(([namespace, checkpoints]) =>
      Object.keys(checkpoints).map((id) => {
        const key = keyOf(threadId, namespace, id);
        return { namespace, id, stored: this.#stored.get(key), isHidden: this.#hidden.has(key) };
      })
    );
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
