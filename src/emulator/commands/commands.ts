/**
 * All commands, and how a text finds the one that it is.
 *
 * @module
 */
import { demandRole, readOnlyRequest } from "../wire/access.ts";
import {
  type Captures,
  type CompiledPattern,
  compilePattern,
  matchPattern,
  type Progress,
} from "./grammar.ts";
import type { CommandContext, CommandResult, CommandSpec } from "./kit.ts";
import { findMark, syntaxError } from "./text.ts";
import { dataCommands } from "./data.ts";
import { functionCommands } from "./functions.ts";
import { mappingCommands } from "./mappings.ts";
import { policyCommands } from "./policies.ts";
import { showCommands } from "./show.ts";
import { tableCommands } from "./tables.ts";
import { viewCommands } from "./views.ts";
import { catalogOf } from "../language/catalog.ts";
import type { QueryTable } from "../language/queries.ts";
import { notSupported } from "../entity_errors.ts";
import { scriptCommands } from "./script.ts";

/** Every command that this emulator knows. */
export const commandSpecs: readonly CommandSpec[] = [
  ...tableCommands,
  ...mappingCommands,
  ...policyCommands,
  ...viewCommands,
  ...functionCommands,
  ...dataCommands,
  ...showCommands,
  ...scriptCommands,
];

let compiled: readonly (readonly [CompiledPattern, CommandSpec])[] | undefined;

/** A command's text, taken apart. */
export interface ParsedCommand {
  readonly spec: CommandSpec;
  readonly captures: Captures;
  /** The query that the command's rows are piped into. */
  readonly pipeline: string | undefined;
  /** Whether it leaves everything as it is. */
  readonly isShow: boolean;
}

/**
 * Finds the command that a text is.
 *
 * @throws ServiceError of the service's syntax error, at the place up to which some command agreed.
 */
export function parseCommand(text: string): ParsedCommand {
  compiled ??= commandSpecs.map((spec) => [compilePattern(spec.pattern), spec]);
  // What follows `<|` is data or a query: a bar in it is no pipe of the command's.
  const data = findMark(text, "<|", 0);
  const pipe = data < 0 ? findMark(text, "|", 0) : -1;
  const command = pipe < 0 ? text : text.slice(0, pipe);
  const progress: Progress = { offset: 0 };
  for (const [pattern, spec] of compiled) {
    const captures = matchPattern(command, pattern, progress);
    if (captures === undefined) continue;
    const pipeline = pipe < 0 ? undefined : text.slice(pipe + 1);
    return { spec, captures, pipeline, isShow: captures["is:show"] !== undefined };
  }
  throw syntaxError(
    text,
    progress.offset,
    `the command is not known to this emulator from here on: '${
      text.slice(progress.offset, progress.offset + 40)
    }'`,
  );
}

/** What a command answers: its own rows, or those of the query that they were piped into. */
export interface CommandAnswer {
  readonly tables: readonly QueryTable[];
  /** Whether a query made them, which gives the answer another shape. */
  readonly isPipeline: boolean;
}

/** Runs a command's text. */
export async function runCommand(
  text: string,
  context: Omit<CommandContext, "text" | "run">,
  readOnly: boolean,
): Promise<CommandAnswer> {
  const parsed = parseCommand(text);
  if (parsed.pipeline !== undefined && !parsed.isShow) {
    // The query could fail when the command has been carried out.
    throw notSupported("A query over the rows of a command that changes something");
  }
  const result = await runParsed(parsed, text, context, readOnly);
  if (parsed.pipeline === undefined) {
    return { tables: [{ name: "Table_0", ...result }], isPipeline: false };
  }
  await context.queries.load();
  const source = `$command_results`;
  const query = `['${source}'] | ${parsed.pipeline}`;
  const { columns, rows } = result;
  const catalog = catalogOf({ name: source, columns, rows: () => rows });
  return {
    tables: context.queries.run(query, catalog, { checkTime: context.checkTime }),
    isPipeline: true,
  };
}

async function runParsed(
  parsed: ParsedCommand,
  text: string,
  context: Omit<CommandContext, "text" | "run">,
  readOnly: boolean,
): Promise<CommandResult> {
  const { spec, captures, isShow } = parsed;
  const { database, queries, roles } = context;
  demandRole(roles, spec.role, `run '${spec.pattern.split(" <")[0]}'`, database.database);
  if (readOnly && !isShow) {
    throw readOnlyRequest("it may run no command that changes anything");
  }
  // Views take up their source's rows before these change, and are bound when they are made.
  if (!isShow && (database.views.size > 0 || captures["is:materialized-view"] !== undefined)) {
    await queries.load();
  }
  return spec.run(captures, {
    ...context,
    text,
    run: (inner) => {
      const command = parseCommand(inner);
      if (scriptCommands.includes(command.spec)) {
        throw syntaxError(inner, 0, "a script may hold no script");
      }
      return runParsed(command, inner, context, readOnly);
    },
  });
}
