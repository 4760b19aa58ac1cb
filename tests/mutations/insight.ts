/**
 * Faults in the functions that show state to people.
 *
 * @module
 */
import type { Mutation } from "./mutation.ts";

const file = "src/setup/provision_text.ts";
const state = {
  file,
  test: "tests/insight/state_test.ts",
  title: "ThreadState() and Messages() of every thread are what its graph sees",
};
const activity = {
  file,
  test: "tests/insight/activity_test.ts",
  title: "What has happened in threads is told as the saver tells it",
};

/** The faults. */
export const insight: readonly Mutation[] = [
  {
    ...activity,
    guards: "P7",
    fault: "shows people the lives of threads that were deleted",
    find: "  | where incarnation == newest",
    replace: "  | where true",
  },
  {
    ...activity,
    guards: "P7",
    fault: "shows people checkpoints that were deleted one by one",
    find: "  | where strcmp(until, revision) < 0",
    replace: "  | where true",
  },
  {
    ...activity,
    guards: "P4",
    fault: "counts writes for people as often as they were sent",
    find:
      "    | summarize size = sum(size) by thread_id, checkpoint_ns, incarnation, checkpoint_id, task_id, idx",
    replace: "    | where true",
  },
  {
    ...state,
    guards: "P4",
    fault: "puts large values together for people from chunks that were sent twice",
    find:
      "  | summarize data = take_any(data) by thread_id, incarnation, blob_id, encoding, chunks, chunk",
    replace: "  | where true",
  },
  {
    ...state,
    guards: "P5",
    fault: "shows people a large value of which a part is missing",
    find: "  | where found == chunks",
    replace: "  | where true",
    title: "A value of which a chunk is gone is no value, and never a shorter one",
  },
  {
    ...state,
    guards: "P4",
    fault: "shows people a checkpoint as it was stored first, not last",
    find: "summarize arg_max(revision, parent_checkpoint_id, step",
    replace: "summarize arg_min(revision, parent_checkpoint_id, step",
    title:
      "A checkpoint stored again shows as it was stored last, once, and not if it was hidden since",
  },
  {
    ...state,
    guards: "P7",
    fault: "hides the checkpoints of one thread from people for the deletions of another",
    find:
      'join kind=leftouter deleted on thread_id, checkpoint_ns, incarnation, checkpoint_id",\n  "  | where',
    replace:
      'join kind=leftouter deleted on checkpoint_ns, incarnation, checkpoint_id",\n  "  | where',
    title:
      "A checkpoint stored again shows as it was stored last, once, and not if it was hidden since",
  },
  {
    ...activity,
    guards: "P7",
    fault: "takes questions of a life that is over for ones that wait",
    find: "join kind=leftsemi heads on thread_id, incarnation, checkpoint_id",
    replace: "join kind=leftsemi heads on thread_id, checkpoint_id",
    title:
      "What is told of a checkpoint is its own: not of another namespace, nor of a life that is over",
  },
];
