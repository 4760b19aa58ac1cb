/**
 * Faults in operations on whole threads: what is hidden shows, or more is hidden than was meant.
 *
 * @module
 */
import type { Mutation } from "./mutation.ts";

const PRUNE = "tests/saver/prune_test.ts";

/** The faults. */
export const operations: readonly Mutation[] = [
  {
    guards: "P8",
    fault: "answers for its own latest checkpoint though others hid it",
    file: "src/queries.ts",
    find: " and not(own_hidden);",
    replace: ";",
    test: PRUNE,
    title: "getTuple() of a thread whose latest checkpoints were hidden by others is one request",
  },
  {
    guards: "P3",
    fault: "takes the writes of another checkpoint for those of the one that it then gives",
    file: "src/heads.ts",
    find: "if (hidden.length > 0 && row && row === ownHead) continue;",
    replace: "",
    test: PRUNE,
    title: "A latest checkpoint that others hid gives way to one that only its own saver sees",
  },
  {
    guards: "P7",
    fault: "lists and prunes what is hidden",
    file: "src/shown_rows.ts",
    find: " | where strcmp(until, revision) < 0`;",
    replace: "`;",
    test: PRUNE,
    title: "prune() again hides nothing more, and a checkpoint that is put again shows again",
  },
  {
    guards: "P7",
    fault: "lets no history lead through what was hidden",
    file: "src/history_queries.ts",
    find: "| summarize arg_max(revision, parent_checkpoint_id, channels) by checkpoint_id\n",
    replace:
      "| summarize arg_max(revision, parent_checkpoint_id, channels) by checkpoint_id\n| join kind=leftanti ${names.checkpointDeletions} on checkpoint_id\n",
    test: PRUNE,
    title: "Histories of delta channels lead through what prune() hid",
  },
  {
    guards: "P7",
    fault: "hides all checkpoints of a namespace but one of the thread",
    file: "src/hiding_queries.ts",
    find: "by thread_id, checkpoint_ns) on thread_id, checkpoint_ns",
    replace: "by thread_id) on thread_id",
    test: PRUNE,
    title: "prune() keeps the latest checkpoint of each namespace, with its writes and parent",
  },
  {
    guards: "P7",
    fault: "hides nothing that its own saver does not see yet",
    file: "src/prune.ts",
    find: "await settle(this.#parts, ACTION, threadIds, signal);",
    replace: "",
    test: PRUNE,
    title:
      "prune() hides what its own saver cannot see yet, and resolves when every reader sees it",
  },
  {
    guards: "P7",
    fault: "calls checkpoints hidden before readers can see it",
    file: "src/hiding.ts",
    find: "const left = await this.#unseenOf(first);",
    replace: "const left = await this.#unseenOf(first).then(() => []);",
    test: PRUNE,
    title:
      "prune() hides what its own saver cannot see yet, and resolves when every reader sees it",
  },
  {
    guards: "P7",
    fault: "prunes no further than the first page",
    file: "src/prune.ts",
    find: "return { rows, isLast: rows.length < size };",
    replace: "return { rows, isLast: true };",
    test: PRUNE,
    title: "prune() reads page by page what does not fit an answer",
  },
];
