/**
 * What administrators do with whole threads, in one part that loads when first needed: a part for each
 * would cut what they share with the rest into ever smaller pieces, and every run loads all of those.
 *
 * @module
 */
export { copyFrom } from "./migration.ts";
export { prune } from "./prune.ts";
export { copyThread } from "./thread_copy.ts";
export { listThreads } from "./thread_list.ts";
export { deleteForRuns } from "./run_deletion.ts";
export { purgeDeletedThreads } from "./purge.ts";
