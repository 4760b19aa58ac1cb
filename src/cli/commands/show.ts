/**
 * `show`: the state of a thread, its open questions, and its history as a tree.
 *
 * @module
 */
import { type CheckpointSummary, summaryOf } from "../checkpoint_view.ts";
import { clusterCommand, type Command } from "../command.ts";
import { FINE } from "../exit_code.ts";
import { CommandError } from "../failure.ts";
import { threadText, threadView } from "../thread_view.ts";

const DEFAULT_LIMIT = 100;

/** The command. */
export const show: Command = clusterCommand({
  name: "show",
  about:
    "Shows a thread: the state of its latest checkpoint, the questions that wait for an answer, the tasks that failed, and the history as a tree, that of subgraphs too. Needs the role Database Viewer. Ends with 1 if there is no such thread.",
  operands: ["THREAD"],
  options: {
    namespace: { value: "NAME", about: "the subgraph whose state is shown (default: the graph)" },
    checkpoint: { value: "ID", about: "the checkpoint whose state is shown (default: the latest)" },
    limit: {
      value: "N",
      about: `how many checkpoints of the history, newest first (default: ${DEFAULT_LIMIT})`,
    },
  },
  async run(call) {
    const { args } = call;
    const threadId = args.operands[0]!;
    const limit = args.whole("limit", 1) ?? DEFAULT_LIMIT;
    const checkpointId = args.text("checkpoint");
    const saver = call.saver();
    const history: CheckpointSummary[] = [];
    const thread = { configurable: { thread_id: threadId } };
    // One more tells whether there are more.
    for await (const tuple of saver.list(thread, { limit: limit + 1 })) {
      history.push(summaryOf(tuple));
    }
    if (history.length === 0) throw new CommandError("NOT_FOUND", "There is no such thread");
    const tuple = await saver.getTuple({
      configurable: {
        ...thread.configurable,
        checkpoint_ns: args.text("namespace") ?? "",
        ...(checkpointId !== undefined && { checkpoint_id: checkpointId }),
      },
    });
    if (!tuple && checkpointId !== undefined) {
      throw new CommandError("NOT_FOUND", "The thread has no such checkpoint in this namespace");
    }
    const view = threadView(threadId, tuple, history.slice(0, limit), history.length <= limit);
    call.print(view, threadText(view));
    return FINE;
  },
});
