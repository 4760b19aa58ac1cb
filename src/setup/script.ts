/**
 * A provisioning script, command by command.
 *
 * @module
 */
import { TABLE_NAMES } from "../schema.ts";
import { FUNCTION_NAMES } from "./stored_functions.ts";

/** How the script is to be fitted to an installation. */
export interface ScriptOptions {
  /** Put before the name of every table, of the view and of every function. */
  readonly tablePrefix: string;
  /** How long checkpoints live; what they need lives longer by its margin. */
  readonly retentionDays: number;
}

/** Blobs outlive the rows that refer to them by this much: three times what a reference may be old. */
export const BLOB_MARGIN_DAYS = 90;
/**
 * Writes outlive the checkpoints that they hang on by this much: removal at the end of a retention is
 * imprecise, and a checkpoint that lingers without its writes would be a wrong state.
 */
export const WRITE_MARGIN_DAYS = 10;
/** How long deletions live: 100 years. */
export const FOREVER_DAYS = 36_500;
/** How long checkpoints live as `provision.kql` has it. */
export const DEFAULT_RETENTION_DAYS = 90;

const ENTITY_NAMES = new RegExp(
  `\\b(?:${[...Object.values(TABLE_NAMES), ...FUNCTION_NAMES].join("|")})\\b`,
  "g",
);

/** The commands of a script: each begins with a dot at the start of a line; comments are left out. */
export function splitScript(script: string): string[] {
  return script.split("\n")
    .filter((line) => !line.startsWith("//"))
    .join("\n")
    .split(/\n(?=\.)/)
    .map((command) => command.trim())
    .filter((command) => command !== "");
}

/** Fits one command to an installation. */
export function fitCommand(command: string, options: ScriptOptions): string {
  const renamed = command.replaceAll(ENTITY_NAMES, (name) => options.tablePrefix + name);
  return renamed.replace(/\b(softdelete|hot) = (\d+)d/, (_, what: string, of: string) => {
    const margin = Number(of) - DEFAULT_RETENTION_DAYS;
    const days = Number(of) === FOREVER_DAYS ? FOREVER_DAYS : options.retentionDays + margin;
    return `${what} = ${days}d`;
  });
}
