/**
 * `.execute database script`: several commands in one text, one after the other.
 *
 * As on the service the command itself succeeds by default even where one of its commands failed: its rows say so.
 * Source: execute-database-script (Kusto documentation).
 *
 * @module
 */
import { readProperties } from "./grammar.ts";
import {
  columnsOf,
  type CommandContext,
  type CommandResult,
  type CommandSpec,
  resultOf,
} from "./kit.ts";
import { readString } from "./text.ts";
import { badRequest } from "../entity_errors.ts";
import { ServiceError } from "../errors.ts";

/** Splits a script into its commands: each begins at a line whose first character is a dot. */
export function splitScript(text: string): string[] {
  const starts: number[] = [];
  let lineStart = true;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (lineStart && /[ \t\r]/.test(character)) continue;
    if (lineStart && character === ".") starts.push(at);
    if (text.startsWith("//", at)) {
      const end = text.indexOf("\n", at);
      if (end < 0) break;
      at = end;
      lineStart = true;
      continue;
    }
    lineStart = character === "\n";
    const literal = /["'`~@]/.test(character) ? readString(text, at) : undefined;
    if (literal) at = literal.end - 1;
  }
  return starts.map((start, index) => text.slice(start, starts[index + 1]).trim());
}

const scriptColumns = columnsOf(
  "OperationId:guid, CommandType:string, CommandText:string, Result:string, Reason:string",
);

async function execute(
  context: CommandContext,
  captures: Readonly<Record<string, string>>,
): Promise<CommandResult> {
  const flags = { continueonerrors: false, throwonerrors: false };
  for (const [name, value] of readProperties(captures["properties"], context.text)) {
    if (!Object.hasOwn(flags, name) || !/^(true|false)$/i.test(value)) {
      throw badRequest(`Property '${name}' = '${value}' is not a property of a script.`);
    }
    flags[name as keyof typeof flags] = value.toLowerCase() === "true";
  }
  if (flags.continueonerrors && flags.throwonerrors) {
    throw badRequest("ContinueOnErrors and ThrowOnErrors cannot both be set.");
  }
  const commands = splitScript(captures["script"]!);
  if (commands.length === 0) throw badRequest("The script holds no commands.");
  const rows: string[][] = [];
  for (const command of commands) {
    const type = commandType(command);
    if (/^\.show\b/i.test(command)) {
      rows.push([context.newId(), type, command, "Skipped", ""]);
      continue;
    }
    try {
      await context.run(command);
      rows.push([context.newId(), type, command, "Completed", ""]);
    } catch (error) {
      if (flags.throwonerrors || !(error instanceof ServiceError)) throw error;
      rows.push([context.newId(), type, command, "Failed", error.message]);
      if (!flags.continueonerrors) break;
    }
  }
  return resultOf(scriptColumns, rows);
}

/** `TableCreateMerge` and the like are the service's own words; the leading words of a command stand in for them. */
function commandType(command: string): string {
  const words = /^\.([\w-]+(?:\s+[\w-]+)?)/.exec(command)?.[1] ?? "";
  return words.split(/[\s-]+/).map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
    .join("");
}

/** The command of this file. */
export const scriptCommands: readonly CommandSpec[] = [{
  pattern: ".execute database script [with <properties:paren>] <| <script:tail>",
  role: "admin",
  run: (captures, context) => execute(context, captures),
}];
