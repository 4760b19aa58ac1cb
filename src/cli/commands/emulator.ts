/**
 * `emulator`: runs an embedded Kusto.
 *
 * @module
 */
import { serve } from "../../emulator/serve.ts";
import type { Command } from "../command.ts";
import { PROGRAM } from "../help.ts";

/** The command; its options are those of the emulator. */
export const emulator: Command = (args, terminal) =>
  serve(args, {
    program: `${PROGRAM} emulator`,
    write: (text) => terminal.write(text),
    complain: (text) => terminal.complain(text),
    ended: () => terminal.ended(),
  });
