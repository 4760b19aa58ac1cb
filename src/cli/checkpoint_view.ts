/**
 * What a checkpoint tells people, in LangGraph's terms.
 *
 * Its graph is not known here: what takes the graph, such as the value of a delta channel or the node
 * of a task, is left out.
 *
 * @module
 */
import {
  type CheckpointTuple,
  compareChannelVersions,
  WRITES_IDX_MAP,
} from "@langchain/langgraph-checkpoint";

const INTERRUPT = "__interrupt__";
const ERROR = "__error__";
const BRANCH = "branch:to:";
const START = "__start__";
const SENDS = "__pregel_tasks";

/** A checkpoint in a history. */
export interface CheckpointSummary {
  readonly namespace: string;
  readonly checkpointId: string;
  readonly parentCheckpointId: string | undefined;
  /** When it was made, by the clock of the process that made it. */
  readonly createdAt: string;
  /** `input`, `loop`, `update` or `fork`. */
  readonly source: string | undefined;
  /** -1 for an input, 0 for what it led to, and so on. */
  readonly step: number | undefined;
  /** The nodes that it leads to, one for each task. */
  readonly next: readonly string[];
  /** How many writes of tasks hang on it. */
  readonly writes: number;
  /** How many questions are open at it. */
  readonly interrupts: number;
}

/** A question that waits for an answer. */
export interface PendingInterrupt {
  readonly id: string | undefined;
  readonly taskId: string;
  readonly value: unknown;
}

/** A task that failed. */
export interface TaskFailure {
  readonly taskId: string;
  readonly error: unknown;
}

/** Sums up a checkpoint. */
export function summaryOf(tuple: CheckpointTuple): CheckpointSummary {
  const { checkpoint, metadata, config, parentConfig, pendingWrites = [] } = tuple;
  return {
    namespace: config.configurable?.checkpoint_ns ?? "",
    checkpointId: checkpoint.id,
    parentCheckpointId: parentConfig?.configurable?.checkpoint_id,
    createdAt: checkpoint.ts,
    source: metadata?.source,
    step: metadata?.step,
    next: nextNodes(tuple),
    writes: pendingWrites.length,
    interrupts: pendingInterrupts(tuple).length,
  };
}

/** The channels that users have named, with their values. */
export function stateOf({ checkpoint }: CheckpointTuple): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(checkpoint.channel_values).filter(([name]) => !isInternal(name)),
  );
}

/** Delta channels: their value is spread over the history, and only their graph can put it together. */
export function deltaChannels({ checkpoint, metadata }: CheckpointTuple): string[] {
  const counters: unknown = (metadata as Record<string, unknown> | undefined)
    ?.counters_since_delta_snapshot;
  if (typeof counters !== "object" || counters === null) return [];
  return Object.keys(counters).filter((name) => !Object.hasOwn(checkpoint.channel_values, name));
}

/** The questions that wait at a checkpoint: those of tasks that have not ended since. */
export function pendingInterrupts(tuple: CheckpointTuple): PendingInterrupt[] {
  return openWrites(tuple, INTERRUPT).flatMap(({ taskId, value }) =>
    // A node that is interrupted twice has two.
    [value].flat().map((interrupt) => {
      const { id, value: question } = (interrupt ?? {}) as { id?: string; value?: unknown };
      return { id, taskId, value: question };
    })
  );
}

/** The tasks that failed at a checkpoint and have not been repeated since. */
export function taskFailures(tuple: CheckpointTuple): TaskFailure[] {
  return openWrites(tuple, ERROR).map(({ taskId, value }) => ({ taskId, error: value }));
}

function openWrites({ pendingWrites = [] }: CheckpointTuple, wanted: string) {
  const ended = new Set(
    pendingWrites.filter(([, channel]) => !Object.hasOwn(WRITES_IDX_MAP, channel))
      .map(([taskId]) => taskId),
  );
  return pendingWrites
    .filter(([taskId, channel]) => channel === wanted && !ended.has(taskId))
    .map(([taskId, , value]) => ({ taskId, value }));
}

/** Nodes that a channel has triggered and that have not seen it yet, and what was sent to nodes. */
function nextNodes({ checkpoint }: CheckpointTuple): string[] {
  const { channel_values: values, channel_versions: versions, versions_seen: seen } = checkpoint;
  const isNew = (node: string, channel: string): boolean => {
    const [version, before] = [versions[channel], seen[node]?.[channel]];
    if (version === undefined) return false;
    return before === undefined || compareChannelVersions(version, before) > 0;
  };
  const sent = [values[SENDS] ?? []].flat().map((send) => (send as { node?: unknown }).node);
  const triggered = Object.keys(values).flatMap((channel) => {
    const node = channel === START
      ? START
      : channel.startsWith(BRANCH)
      ? channel.slice(BRANCH.length)
      : undefined;
    return node !== undefined && isNew(node, channel) ? [node] : [];
  });
  return [...sent.filter((node) => typeof node === "string"), ...triggered];
}

function isInternal(channel: string): boolean {
  return channel.startsWith("__") || channel.startsWith(BRANCH);
}
