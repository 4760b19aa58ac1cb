/**
 * The emulator on the command line: `deno task emulator --port 8080 --data ./data`.
 *
 * @module
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { KustoEmulator } from "./emulator.ts";
import { EmulatorError } from "./emulator_error.ts";

const usage = `Usage: deno task emulator [--port N] [--data DIR] [--database NAME]

  --port N         port on 127.0.0.1; 0 takes a free one (default 8080)
  --data DIR       folder to keep everything in (default: memory only)
  --database NAME  name of the database (default NetDefaultDB)`;

async function main(): Promise<number> {
  let values: { port?: string; data?: string; database?: string; help?: boolean };
  try {
    ({ values } = parseArgs({
      args: process.argv.slice(2),
      options: {
        port: { type: "string" },
        data: { type: "string" },
        database: { type: "string" },
        help: { type: "boolean" },
      },
    }));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    return 2;
  }
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const port = Number(values.port ?? "8080");
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    console.error(`--port must be a number from 0 to 65535, not ${values.port}\n\n${usage}`);
    return 2;
  }
  const emulator = new KustoEmulator({
    ...(values.data !== undefined && { folder: values.data }),
    ...(values.database !== undefined && { database: values.database }),
  });
  const asked = new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
  try {
    const { url } = await emulator.listen({ port });
    console.log(`Listening on ${url}`);
    await asked;
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

process.exitCode = await main();
