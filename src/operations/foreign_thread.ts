/**
 * A thread as another saver has it, read through the contract that all savers share.
 *
 * Savers differ in what they add to it: some list ten checkpoints unless a limit is given, some list
 * checkpoints without their writes, and none tells the position and the path of a write.
 *
 * @module
 */
import {
  type BaseCheckpointSaver,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  compareWritesSortKeys,
  type DeltaChannelHistory,
  type PendingWrite,
  WRITES_IDX_MAP,
  writesSortKey,
} from "@langchain/langgraph-checkpoint";
import { compareText } from "../clock.ts";
import { KustoInputError, KustoStateError } from "../errors.ts";
import { groupBy } from "../group.ts";
import type { CheckpointAddress } from "../incarnations.ts";
import type { TaskWrites } from "../writing/recorder.ts";
import { configOf } from "../run_config.ts";

/** More than any thread has: a saver for Redis takes an absent limit for ten. */
const ALL = 1_000_000;
/** So many digits sort as numbers do, and before the paths that LangGraph makes. */
const PATH_DIGITS = 10;

/** One thread of another saver. */
export class ForeignThread {
  readonly #saver: BaseCheckpointSaver;
  readonly #threadId: string;

  constructor(saver: BaseCheckpointSaver, threadId: string) {
    this.#saver = saver;
    this.#threadId = threadId;
  }

  /**
   * The checkpoints of all namespaces, oldest first.
   *
   * @throws {KustoInputError} If the saver lists something else.
   */
  async checkpoints(): Promise<CheckpointAddress[]> {
    const found = new Map<string, CheckpointAddress>();
    const config = { configurable: { thread_id: this.#threadId } };
    for await (const tuple of this.#saver.list(config, { limit: ALL })) {
      const checkpointId = tuple?.checkpoint?.id;
      if (typeof checkpointId !== "string" || checkpointId === "") {
        throw new KustoInputError(
          "Cannot copy from a saver: it lists a checkpoint without an id, pass a saver that keeps to LangGraph's contract",
        );
      }
      const namespace: string = tuple.config?.configurable?.checkpoint_ns ?? "";
      found.set(JSON.stringify([namespace, checkpointId]), { namespace, checkpointId });
    }
    return [...found.values()].sort((a, b) =>
      compareText(a.checkpointId, b.checkpointId) || compareText(a.namespace, b.namespace)
    );
  }

  /** A checkpoint with its writes; `undefined` if it is gone meanwhile. */
  tuple({ namespace, checkpointId }: CheckpointAddress): Promise<CheckpointTuple | undefined> {
    return this.#saver.getTuple(configOf(this.#threadId, namespace, checkpointId));
  }

  /**
   * What the delta channels of a checkpoint are rebuilt from, all that lies before it in one; none
   * where it has no such channel, or the other saver cannot tell either.
   */
  async history(
    { namespace, checkpointId }: CheckpointAddress,
    { checkpoint, metadata }: CheckpointTuple,
  ): Promise<Record<string, DeltaChannelHistory>> {
    const { counters_since_delta_snapshot: counters = {} } = (metadata ?? {}) as DeltaMetadata;
    const channels = Object.keys(counters)
      .filter((channel) => !Object.hasOwn(checkpoint.channel_values ?? {}, channel));
    if (channels.length === 0 || !this.#saver.getDeltaChannelHistory) return {};
    const config = configOf(this.#threadId, namespace, checkpointId);
    try {
      return await this.#saver.getDeltaChannelHistory({ config, channels });
    } catch (error) {
      if (error instanceof KustoStateError) return {};
      throw error;
    }
  }
}

/** What LangGraph notes in the metadata of a checkpoint whose delta channels hold no value. */
interface DeltaMetadata {
  readonly counters_since_delta_snapshot?: Readonly<Record<string, unknown>>;
}

/**
 * The writes of a checkpoint by task, in calls that give them back in the same order.
 *
 * Special writes have positions of their own, so the others are counted without them: the same writes
 * get the same positions when one of them comes later. Where the order is not that of task ids the
 * tasks get paths which keep it.
 */
export function tasksOf(writes: readonly CheckpointPendingWrite[]): TaskWrites[] {
  const tasks = groupBy(writes, ([taskId]) => taskId);
  const keys = Array.from(tasks.keys(), (taskId) => writesSortKey("", taskId));
  const isInOrder = keys.every((key, n) => n === 0 || compareWritesSortKeys(keys[n - 1]!, key) < 0);
  return [...tasks].flatMap(([taskId, ofTask], n) => {
    const taskPath = isInOrder ? "" : String(n).padStart(PATH_DIGITS, "0");
    const isSpecial = ([, channel]: CheckpointPendingWrite) =>
      Object.hasOwn(WRITES_IDX_MAP, channel);
    return [ofTask.filter(isSpecial), ofTask.filter((write) => !isSpecial(write))]
      .filter((part) => part.length > 0)
      .map((part) => ({
        writes: part.map(([, channel, value]): PendingWrite => [channel, value]),
        taskId,
        taskPath,
      }));
  });
}
