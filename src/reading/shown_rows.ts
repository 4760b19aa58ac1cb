/**
 * The parts of query texts that leave out what deletions hide, over several threads; see `queries.ts`.
 *
 * @module
 */
import type { TableNames } from "../schema.ts";

/**
 * `lives`, the newest incarnation of each thread, and `hidden`, the markers of single checkpoints.
 *
 * @param where Which threads it is about, an operator such as `| where thread_id in (chosen)`; all when empty.
 * @param own Further rows with `thread_id` and `incarnation`.
 */
export function livesAndHidden(names: TableNames, where: string, own?: string): string {
  return `let lives = materialize(union
  (${names.threadDeletions} ${where} | project thread_id, incarnation),
  (${names.checkpoints} ${where} | project thread_id, incarnation)${own ? `,\n  ${own}` : ""}
  | summarize newest = max(incarnation) by thread_id);
${hiddenIn(names, where)}`;
}

/** `hidden`, the markers of single checkpoints. */
export function hiddenIn(names: TableNames, where: string): string {
  return `let hidden = ${names.checkpointDeletions} ${where}
  | summarize until = max(revision) by thread_id, checkpoint_ns, incarnation, checkpoint_id;`;
}

/** Leaves of checkpoints with their greatest revisions those that count; needs `lives` and `hidden`. */
export const SHOWN = `| join kind=inner lives on thread_id | where incarnation == newest
  | join kind=leftouter hidden on thread_id, checkpoint_ns, incarnation, checkpoint_id | where strcmp(until, revision) < 0`;
