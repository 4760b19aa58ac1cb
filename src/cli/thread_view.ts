/**
 * A thread as it is shown: a checkpoint with its state, what waits at it, and the history.
 *
 * @module
 */
import type { CheckpointTuple } from "@langchain/langgraph-checkpoint";
import {
  type CheckpointSummary,
  deltaChannels,
  type PendingInterrupt,
  pendingInterrupts,
  stateOf,
  summaryOf,
  type TaskFailure,
  taskFailures,
} from "./checkpoint_view.ts";
import { groupBy } from "../group.ts";
import { plain, short } from "./text.ts";
import { treeLines } from "./tree.ts";
import { valueLines } from "./value_text.ts";

const SHOWN_CHARACTERS = 400;

/** A thread, as programs get it. */
export interface ThreadView {
  readonly threadId: string;
  /** The checkpoint that is shown; a thread whose subgraphs alone have any has none. */
  readonly checkpoint: CheckpointView | undefined;
  /** The questions that wait at the checkpoint. */
  readonly interrupts: readonly PendingInterrupt[];
  /** The tasks that failed at the checkpoint. */
  readonly failures: readonly TaskFailure[];
  /** Newest first. */
  readonly history: readonly CheckpointSummary[];
  /** Whether the history is all there is. */
  readonly isWhole: boolean;
}

/** A checkpoint with its values. */
export interface CheckpointView extends CheckpointSummary {
  readonly metadata: unknown;
  readonly state: Readonly<Record<string, unknown>>;
  /** Channels whose value only their graph can put together. */
  readonly deltaChannels: readonly string[];
}

/** Makes a view of what was read. */
export function threadView(
  threadId: string,
  tuple: CheckpointTuple | undefined,
  history: readonly CheckpointSummary[],
  isWhole: boolean,
): ThreadView {
  return {
    threadId,
    checkpoint: tuple && {
      ...summaryOf(tuple),
      metadata: tuple.metadata,
      state: stateOf(tuple),
      deltaChannels: deltaChannels(tuple),
    },
    interrupts: tuple ? pendingInterrupts(tuple) : [],
    failures: tuple ? taskFailures(tuple) : [],
    history,
    isWhole,
  };
}

/** Tells a view to people. */
export function threadText(view: ThreadView): string {
  const { threadId, checkpoint, interrupts, failures } = view;
  return [
    `Thread ${plain(threadId)}\n`,
    checkpoint ? headText(checkpoint) : "There is no checkpoint in this namespace\n",
    checkpoint ? section("State", stateText(checkpoint)) : "",
    section(
      "Waiting for an answer",
      pairs(interrupts.map(({ id, value }) => [id ?? "", valueLines(value)])),
    ),
    section("Failed", pairs(failures.map(({ taskId, error }) => [taskId, valueLines(error)]))),
    section("History", historyText(view)),
  ].filter((part) => part !== "").join("\n");
}

function section(title: string, text: string): string {
  return text === "" ? "" : `${title}\n${text}`;
}

function headText({ checkpointId, createdAt, next, ...head }: CheckpointView): string {
  return pairs([
    ["checkpoint", [plain(checkpointId)]],
    ["made", [`${plain(createdAt)} by ${origin(head)}`]],
    ["next", [plain(next.join(", ")) || "nothing"]],
  ]);
}

function stateText({ state, deltaChannels }: CheckpointView): string {
  return pairs([
    ...Object.entries(state).map(([name, value]) => [name, valueLines(value)] as const),
    ...deltaChannels.map((name) =>
      [name, ["(a delta channel: its graph puts it together)"]] as const
    ),
  ]);
}

/** Names with what belongs to them, of any number of lines. */
function pairs(entries: readonly (readonly [string, readonly string[]])[]): string {
  const names = entries.map(([name]) => plain(name));
  const width = Math.max(0, ...names.map((name) => name.length));
  return entries.map(([, lines], at) =>
    lines.map((line, row) =>
      `  ${(row === 0 ? names[at]! : "").padEnd(width)}  ${short(line, SHOWN_CHARACTERS)}\n`
    ).join("")
  ).join("");
}

function origin({ step, source }: Pick<CheckpointSummary, "step" | "source">): string {
  return [plain(source ?? "unknown"), ...(step === undefined ? [] : [`step ${step}`])].join(", ");
}

/** A tree for each namespace, the one of the graph first. */
function historyText({ history, isWhole }: ThreadView): string {
  const byNamespace = groupBy(history, ({ namespace }) => namespace);
  const namespaces = [...byNamespace.keys()].sort();
  const trees = namespaces.map((namespace) => {
    const title = namespace === "" ? "" : `  ${plain(namespace)}\n`;
    return title + treeText(byNamespace.get(namespace)!);
  });
  return trees.join("") + (isWhole ? "" : "  There are older ones: see --limit\n");
}

function treeText(summaries: readonly CheckpointSummary[]): string {
  const nodes = summaries.map((summary) => ({
    id: summary.checkpointId,
    parentId: summary.parentCheckpointId,
    summary,
  }));
  return treeLines(nodes).map(({ node: { id, summary }, branches }) => {
    const { createdAt, next, interrupts } = summary;
    const notes = [
      origin(summary),
      ...(next.length > 0 ? [`next ${plain(next.join(", "))}`] : []),
      ...(interrupts > 0 ? ["waiting"] : []),
      // The list comes newest first.
      ...(summary === summaries[0] ? ["latest"] : []),
    ];
    return `  ${branches}${plain(id)}  ${plain(createdAt)}  ${notes.join("; ")}\n`;
  }).join("");
}
