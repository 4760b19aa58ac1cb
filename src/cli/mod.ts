/**
 * The command line: sets up, examines and cleans databases with LangGraph checkpoints.
 *
 *     deno run -A jsr:@x/kusto-checkpoint/cli --help
 *
 * On Node and Bun, run a file of two lines: import `main`, and end the process with what it resolves
 * to.
 *
 * @example
 * ```ts
 * import { main } from "@x/kusto-checkpoint/cli";
 *
 * console.log(await main(["--help"])); // 0
 * ```
 *
 * @module
 */
import process from "node:process";
import { run } from "./run.ts";
import { processTerminal, written } from "./terminal.ts";

/**
 * Runs a command line with the output, the environment and the terminal of this process.
 *
 * Prints results to standard output, all else to standard error. No secret is printed.
 *
 * @param args What stands behind the program's name.
 * @returns The exit code: 0 when all is well, 1 where it failed or found problems, 2 where it was
 * called wrongly and did nothing.
 */
export async function main(args: readonly string[] = process.argv.slice(2)): Promise<number> {
  const code = await run(args, processTerminal());
  await written();
  return code;
}

if (import.meta.main) process.exit(await main());
