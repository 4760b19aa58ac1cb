/**
 * The emulator as a program: told what to do by a command line, it listens until it is to end.
 *
 * @module
 */
import { type CommandLine, readCommandLine, usage } from "./command_line.ts";
import { KustoEmulator } from "./emulator.ts";
import { EmulatorError } from "./emulator_error.ts";

/** What the program is run with. */
export interface Surroundings {
  /** How it is called, for its usage. */
  readonly program: string;
  /** Prints to standard output. */
  write(text: string): void;
  /** Prints to standard error. */
  complain(text: string): void;
  /** Resolves when the program is to end. */
  ended(): Promise<void>;
}

/**
 * Runs the emulator.
 *
 * @returns The exit code: 0 when it was ended, 1 where it cannot listen, 2 for arguments that it cannot read.
 */
export async function serve(args: readonly string[], around: Surroundings): Promise<number> {
  let asked: CommandLine;
  try {
    asked = readCommandLine(args);
  } catch (error) {
    around.complain(`${error instanceof Error ? error.message : error}\n\n${usage(around)}\n`);
    return 2;
  }
  if (asked.help) {
    around.write(`${usage(around)}\n`);
    return 0;
  }
  const emulator = new KustoEmulator(asked.options);
  const end = around.ended();
  try {
    const { url } = await emulator.listen({ port: asked.port });
    around.write(`Listening on ${url}\n`);
    await end;
  } catch (error) {
    if (!(error instanceof EmulatorError)) throw error;
    around.complain(`${error.message}\n`);
    return 1;
  } finally {
    await emulator.close();
  }
  return 0;
}
