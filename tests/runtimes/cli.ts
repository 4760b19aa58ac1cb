// Deno, Bun and Node run the command line.
import process from "node:process";
import { main } from "../../src/cli/mod.ts";

process.exit(await main());
