/**
 * LangGraph's saver in memory, with the rules by which a `KustoSaver` differs on purpose.
 *
 * As it is, `MemorySaver` brings deleted threads back on late calls, keeps a first checkpoint's
 * channels that are not in `newVersions`, echoes the whole configuration, filters by identity, lists
 * thread by thread, and ends a history quietly where a parent is missing.
 *
 * @module
 */
import {
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  type DeltaChannelHistory,
  MemorySaver,
  type PendingWrite,
  TASKS,
} from "@langchain/langgraph-checkpoint";
import type { RunnableConfig } from "@langchain/core/runnables";

/** The reference that a `KustoSaver` is compared with. */
export class MemorySaverAdapter extends MemorySaver {
  /** How often each thread was deleted. */
  readonly #lives = new Map<string, number>();
  readonly #runs = new WeakMap<object, Map<string, number>>();

  /** The life that a thread is in: how often it was deleted. */
  life(threadId: string): number {
    return this.#lives.get(threadId) ?? 0;
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const { thread_id, checkpoint_ns = "", checkpoint_id } = config.configurable ?? {};
    if (thread_id === undefined) return undefined;
    const threadId = String(thread_id);
    const { control } = config as { control?: object };
    if (control) {
      const lives = this.#runs.get(control) ?? new Map<string, number>();
      this.#runs.set(control, lives);
      if (!lives.has(threadId)) lives.set(threadId, this.life(threadId));
    }
    const tuple = await super.getTuple(address(threadId, checkpoint_ns, checkpoint_id));
    return tuple && plain(tuple);
  }

  override async *list(
    config: RunnableConfig,
    { before, limit = Infinity, filter = {} }: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    const { thread_id, ...rest } = config.configurable ?? {};
    const configurable = { ...rest, ...(thread_id !== undefined && { thread_id: `${thread_id}` }) };
    const all = await Array.fromAsync(super.list({ configurable }, before ? { before } : {}));
    const matching = all
      .filter(({ metadata }) =>
        Object.entries(filter).every(([key, value]) =>
          value === undefined ||
          JSON.stringify(value) === JSON.stringify((metadata as Record<string, unknown>)[key])
        )
      )
      .sort(compareTuples);
    yield* matching.slice(0, Math.max(0, limit)).map(plain);
  }

  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions?: ChannelVersions,
  ): Promise<RunnableConfig> {
    const { thread_id, checkpoint_ns = "", checkpoint_id } = config.configurable ?? {};
    const threadId = String(thread_id);
    if (this.isLate(config, threadId)) return address(threadId, checkpoint_ns, checkpoint.id);
    const first = checkpoint_id === undefined && metadata.source !== "fork";
    const kept = Object.entries(checkpoint.channel_values).filter(([channel]) =>
      !first || newVersions === undefined || channel in newVersions ||
      !(channel in checkpoint.channel_versions)
    );
    return await super.put(
      address(threadId, checkpoint_ns, checkpoint_id),
      { ...checkpoint, channel_values: Object.fromEntries(kept) },
      metadata,
    );
  }

  override async putWrites(
    config: RunnableConfig,
    writes: PendingWrite[],
    taskId: string,
    taskPath?: string,
  ): Promise<void> {
    const { thread_id, checkpoint_ns = "", checkpoint_id } = config.configurable ?? {};
    const threadId = String(thread_id);
    if (this.isLate(config, threadId)) return;
    await super.putWrites(
      address(threadId, checkpoint_ns, checkpoint_id),
      writes,
      taskId,
      taskPath,
    );
  }

  override async deleteThread(threadId: string): Promise<void> {
    this.#lives.set(String(threadId), this.life(String(threadId)) + 1);
    await super.deleteThread(String(threadId));
  }

  override async getDeltaChannelHistory(
    { config, channels }: { config: RunnableConfig; channels: string[] },
  ): Promise<Record<string, DeltaChannelHistory>> {
    const { thread_id, checkpoint_ns = "", checkpoint_id } = config.configurable ?? {};
    return await super.getDeltaChannelHistory({
      config: address(String(thread_id), checkpoint_ns, checkpoint_id),
      channels,
    });
  }

  /** Sends of old checkpoints come in the order of writes, not in the order in which they came. */
  override async _migratePendingSends(
    checkpoint: Checkpoint,
    threadId: string,
    namespace: string,
    parentId: string,
  ): Promise<void> {
    await super._migratePendingSends(checkpoint, threadId, namespace, parentId);
    const sends = this._orderedWrites(threadId, namespace, parentId)
      .filter(([, , [, channel]]) => channel === TASKS)
      .map(([, , [, , value]]) => this.serde.loadsTyped("json", value));
    checkpoint.channel_values[TASKS] = await Promise.all(sends);
  }

  /** Whether a call belongs to a run that began in an earlier life of its thread. */
  protected isLate(config: RunnableConfig, threadId: string): boolean {
    const { control } = config as { control?: object };
    const began = control && this.#runs.get(control)?.get(threadId);
    return began !== undefined && began !== this.life(threadId);
  }
}

function address(thread_id: string, checkpoint_ns: string, checkpoint_id?: string): RunnableConfig {
  return {
    configurable: { thread_id, checkpoint_ns, ...(checkpoint_id && { checkpoint_id }) },
  };
}

/** Greater ids first, then by thread and namespace. */
function compareTuples(a: CheckpointTuple, b: CheckpointTuple): number {
  const [idA, idB] = [a.checkpoint.id, b.checkpoint.id];
  if (idA !== idB) return idA < idB ? 1 : -1;
  return place(a) < place(b) ? -1 : 1;
}

function place({ config }: CheckpointTuple): string {
  const { thread_id, checkpoint_ns } = config.configurable ?? {};
  return `${thread_id}\u0000${checkpoint_ns}`;
}

/** A tuple whose configuration names the checkpoint and nothing else. */
function plain({ config, ...rest }: CheckpointTuple): CheckpointTuple {
  const { thread_id, checkpoint_ns = "" } = config.configurable ?? {};
  return { config: address(thread_id, checkpoint_ns, rest.checkpoint.id), ...rest };
}
