/**
 * Faults in deletion: rows that come back, deletions that nobody sees.
 *
 * @module
 */
import type { Mutation } from "./mutation.ts";

/** The faults. */
export const deletion: readonly Mutation[] = [
  {
    guards: "P7",
    fault: "lets a run's late rows into the life that began after the deletion",
    file: "src/incarnations.ts",
    find: "if (ofRun !== undefined) return ofRun;",
    replace: "",
    test: "tests/saver/late_calls_test.ts",
    title: "Late calls of a run stay hidden, whoever deleted: root, child and their writes",
  },
  {
    guards: "P7",
    fault: "calls a thread deleted before readers can see it",
    file: "src/thread_deletion.ts",
    find: "if ((rowsOf<{ Count: number }>(table)[0]?.Count ?? 0) > 0) return;",
    replace: "if (table) return;",
    test: "tests/saver/deletion_test.ts",
    title: "A deletion resolves when every reader sees it",
  },
];
