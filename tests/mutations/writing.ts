/**
 * Faults in what is written: rows that are lost, cut or acknowledged too early.
 *
 * @module
 */
import type { Mutation } from "./mutation.ts";

/** The faults. */
export const writing: readonly Mutation[] = [
  {
    guards: "P2",
    fault: "resolves before the service has acknowledged the rows",
    file: "src/writer.ts",
    find: "        : this.#storeOrGiveUp(parcel);",
    replace: "        : void this.#storeOrGiveUp(parcel).catch(() => {});",
    test: "tests/saver/errors_test.ts",
    title:
      "A service that cannot be reached: the attempts, the last cause, nothing stored and nothing",
  },
  {
    guards: "P5",
    fault: "fills cells beyond what the service keeps",
    file: "src/records.ts",
    find: "export const CELL_BUDGET = 256 * 1024;",
    replace: "export const CELL_BUDGET = 4096 * 1024;",
    test: "tests/saver/limits_test.ts",
    title: "Thousands of channels of 4 KB come back, and their cells fit",
  },
];
