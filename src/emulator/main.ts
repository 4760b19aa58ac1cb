/**
 * The emulator on the command line: `deno task emulator --port 8080 --data ./data`.
 *
 * @module
 */
import process from "node:process";
import { type CommandLine, readCommandLine, usage } from "./command_line.ts";
import { KustoEmulator } from "./emulator.ts";
import { EmulatorError } from "./emulator_error.ts";

async function main(): Promise<number> {
  let asked: CommandLine;
  try {
    asked = readCommandLine(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    return 2;
  }
  if (asked.help) {
    console.log(usage);
    return 0;
  }
  const emulator = new KustoEmulator(asked.options);
  const end = new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
  try {
    const { url } = await emulator.listen({ port: asked.port });
    console.log(`Listening on ${url}`);
    await end;
  } catch (error) {
    if (!(error instanceof EmulatorError) && !isAddressError(error)) throw error;
    console.error(error instanceof Error ? error.message : error);
    return 1;
  } finally {
    await emulator.close();
  }
  return 0;
}

function isAddressError(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EADDRINUSE" || code === "EACCES";
}

// Waits that are still pending, such as those of slow bodies, are not to keep the process.
process.exit(await main());
