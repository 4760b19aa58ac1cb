/**
 * The emulator on the command line: `deno task emulator --port 8080 --data ./data`.
 *
 * @module
 */
import process from "node:process";
import { serve } from "./serve.ts";

const code = await serve(process.argv.slice(2), {
  program: "deno task emulator",
  write: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
  ended: () =>
    new Promise((resolve) => {
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
    }),
});
// Waits that are still pending, such as those of slow bodies, are not to keep the process.
process.exit(code);
