/**
 * What the command line has around it: output, variables, and maybe a person who answers.
 *
 * @module
 */
import process from "node:process";
import type { KustoSaverOptions } from "../../mod.ts";

/** Where the command line runs. */
export interface Terminal {
  /** Prints to standard output. */
  write(text: string): void;
  /** Prints to standard error. */
  complain(text: string): void;
  /** A variable of the environment. */
  variable(name: string): string | undefined;
  /** Asks the person in front of it; absent where there is none. */
  readonly ask?: (question: string) => Promise<string>;
  /** Resolves when the program is told to end. */
  ended(): Promise<void>;
  /** What all savers are made with beside their options, such as `fetch` and the clock. */
  readonly saverOptions: Partial<KustoSaverOptions>;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  // A reader that has seen enough, such as `head`, is no failure.
  process.stdout.on("error", (error: { code?: string }) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  return {
    write: (text) => process.stdout.write(text),
    complain: (text) => process.stderr.write(text),
    variable: (name) => process.env[name],
    ...(process.stdin.isTTY && { ask }),
    ended: () =>
      new Promise((resolve) => {
        for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
      }),
    saverOptions: {},
  };
}

/** Resolves when all that was written is on its way, so that the process may end. */
export function written(): Promise<void> {
  return new Promise((resolve) => process.stdout.write("", () => resolve()));
}

/** Asks on standard error: standard output is for results. */
async function ask(question: string): Promise<string> {
  const { createInterface } = await import("node:readline/promises");
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}
