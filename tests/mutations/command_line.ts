/**
 * Faults in the command line that would tell secrets, or let what is stored steer a terminal.
 *
 * @module
 */
import type { Mutation } from "./mutation.ts";

/** The faults. */
export const commandLine: readonly Mutation[] = [
  {
    guards: "P9",
    fault: "lets a terminal obey what is stored",
    file: "src/cli/text.ts",
    find: "return text.replace(\n    UNPRINTABLE,",
    replace: "return text.replace(\n    /$^/g,",
    test: "tests/cli/show_test.ts",
    title: "show gives messages a line each, and nothing stored can steer the terminal",
  },
  {
    guards: "P9",
    fault: "shows what stands where a command was meant",
    file: "src/cli/run.ts",
    find: "/^[\\w-]{1,20}$/.test(name)",
    replace: "true",
    test: "tests/cli/command_line_test.ts",
    title: "is refused with 2, and shows no value",
  },
];
