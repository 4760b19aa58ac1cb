// Deno, Bun and Node run the smoke as a command: the address of the embedded Kusto is its argument.
import process from "node:process";
import { smoke } from "./smoke.ts";

console.log(await smoke(process.argv[2]!));
