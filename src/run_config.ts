/**
 * What a saver may know of the run that calls it.
 *
 * LangGraph hands its live configuration to every call, functions, signals and the saver itself
 * included. This is the one place that reads it; nothing else of it is kept or sent.
 *
 * @module
 */
import { getCheckpointId } from "@langchain/langgraph-checkpoint";
import type { RunnableConfig } from "@langchain/core/runnables";
import { requireWellFormed } from "./codec.ts";
import { KustoInputError } from "./errors.ts";
import type { CheckpointAddress } from "./incarnations.ts";

/** LangGraph gives it to nodes, so that they can read the state. */
const READ_KEY = "__pregel_read";

/** The part of a run's configuration that concerns a saver. */
export interface RunAddress {
  readonly threadId: string;
  readonly namespace: string;
  /** The checkpoint addressed; for `put` the parent. */
  readonly checkpointId: string | undefined;
  /** Objects that all calls of a run have in common, child namespaces included; most telling first. */
  readonly run: readonly object[];
  /** Whether a node of a run calls, or a subgraph in it. */
  readonly byNode: boolean;
  /** The checkpoints of outer namespaces that the run hangs on. */
  readonly outer: readonly CheckpointAddress[];
  /**
   * Gives a read up. Writes do not heed it: their rows may share a request with those of other calls,
   * and whoever is told that a run has ended early must be able to tell what it has stored.
   */
  readonly signal: AbortSignal | undefined;
}

/** Reads a configuration that must name a thread. */
export function requireThread(action: string, config: RunnableConfig): RunAddress {
  const address = readAddress(config);
  if (address.threadId === undefined) {
    throw new KustoInputError(
      `Cannot ${action}: "thread_id" is missing from the configuration, pass { configurable: { thread_id: "..." } }`,
    );
  }
  return { ...address, threadId: address.threadId };
}

/** Reads a configuration that must name a thread and a checkpoint. */
export function requireCheckpoint(
  action: string,
  config: RunnableConfig,
): RunAddress & { readonly checkpointId: string } {
  const address = requireThread(action, config);
  if (address.checkpointId === undefined) {
    throw new KustoInputError(
      `Cannot ${action}: "checkpoint_id" is missing from the configuration, pass { configurable: { thread_id: "...", checkpoint_id: "..." } }`,
    );
  }
  return { ...address, checkpointId: address.checkpointId };
}

/** Reads a configuration that need not name anything. */
export function readAddress(
  config: RunnableConfig,
): Omit<RunAddress, "threadId"> & { readonly threadId: string | undefined } {
  const configurable = isObject(config) ? config.configurable ?? {} : undefined;
  if (!isObject(configurable)) {
    throw new KustoInputError(
      'Cannot use the configuration: it must look like { configurable: { thread_id: "..." } }',
    );
  }
  const { checkpoint_map: outer, checkpoint_ns: namespace } = configurable;
  const { writer, control } = config as { writer?: unknown; control?: unknown };
  const namespaceText = idText("checkpoint_ns", namespace) ?? "";
  return {
    threadId: idText("thread_id", configurable.thread_id),
    namespace: namespaceText,
    checkpointId: idText("checkpoint_id", getCheckpointId(config) || undefined),
    // Each run has a writer of its own, but where a node has a timeout it is wrapped anew for what the
    // node calls. A control is handed on as it is, but one process may share it among its runs.
    run: [writer, control].filter(isObject),
    byNode: namespaceText !== "" || READ_KEY in configurable,
    outer: Object.entries((outer ?? {}) as Record<string, string>)
      .map(([namespace, checkpointId]) => ({ namespace, checkpointId })),
    signal: config.signal,
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "function" || (typeof value === "object" && value !== null);
}

/**
 * An id that must be given, as text.
 *
 * @throws {KustoInputError} If it is missing, or no id.
 */
export function requireText(action: string, field: string, value: unknown): string {
  const text = idText(field, value);
  if (text) return text;
  throw new KustoInputError(`Cannot ${action}: "${field}" is missing, it must be text`);
}

/**
 * An id as text: finite numbers as their digits.
 *
 * @throws {KustoInputError} If it is neither text nor a finite number, or is not well-formed
 * Unicode, which no Kusto string can hold.
 */
export function idText(field: string, id: unknown): string | undefined {
  if (id === undefined || id === null) return undefined;
  if (typeof id === "number") {
    if (Number.isFinite(id)) return String(id);
    throw new KustoInputError(`Cannot use "${field}": it is ${id}, not a finite number`);
  }
  if (typeof id !== "string") {
    throw new KustoInputError(
      `Cannot use "${field}": it is of type ${typeof id}, it must be a string or a number`,
    );
  }
  return requireWellFormed(field, id);
}

/** A configuration that addresses a checkpoint, and nothing else. */
export function configOf(
  threadId: string,
  namespace: string,
  checkpointId: string,
): RunnableConfig {
  return {
    configurable: {
      thread_id: threadId,
      checkpoint_ns: namespace,
      checkpoint_id: checkpointId,
    },
  };
}
