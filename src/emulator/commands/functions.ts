/**
 * Commands about stored functions.
 *
 * Sources: create-function, create-alter-function, alter-function, drop-function, show-function (Kusto documentation).
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
import { writeName } from "./text.ts";
import type { DescribedFunction } from "../storage/database.ts";
import { badRequest, checkEntityName, entityExists, entityNotFound } from "../entity_errors.ts";

const functionColumns = columnsOf(
  "Name:string, Parameters:string, Body:string, Folder:string, DocString:string",
);

function functionsResult(functions: Iterable<DescribedFunction>): CommandResult {
  return resultOf(
    functionColumns,
    [...functions].map(({ name, parameters, body, folder, docString }) => [
      name,
      parameters,
      body,
      folder,
      docString,
    ]),
  );
}

async function setFunction(
  context: CommandContext,
  captures: Readonly<Record<string, string>>,
  mode: "create" | "alter" | "create-or-alter",
): Promise<CommandResult> {
  const { database, text } = context;
  const name = captures["function"]!;
  checkEntityName(name);
  const old = database.functions.get(name);
  let folder = old?.folder ?? "";
  let docString = old?.docString ?? "";
  let validates = true;
  for (const [property, value] of readProperties(captures["properties"], text)) {
    if (property === "folder") folder = value;
    else if (property === "docstring") docString = value;
    else if (property === "skipvalidation") validates = value.toLowerCase() !== "true";
    else if (property !== "view") throw badRequest(`Property '${property}' is unknown.`);
  }
  if (mode === "create" && old) {
    if (captures["is:ifnotexists"] === undefined) throw entityExists("Function", name);
    return functionsResult([old]);
  }
  if (mode === "alter" && !old) throw entityNotFound("Function", name, database.database);
  if (database.views.has(name)) throw entityExists("MaterializedView", name);
  const made: DescribedFunction = {
    name,
    parameters: `(${captures["parameters"]})`,
    body: `{${captures["body"]}}`,
    folder,
    docString,
  };
  if (validates) await validate(context, made);
  database.functions.set(name, made);
  database.changed();
  return functionsResult([made]);
}

/** Binds the body as the service does: a function that could not run is not stored. */
async function validate({ queries, database }: CommandContext, made: DescribedFunction) {
  await queries.load();
  queries.check(`let ${writeName(made.name)} = ${made.parameters} ${made.body}; print 1`, database);
}

const definition = "[with <properties:paren>] <function> <parameters:paren> <body:body>";

/** The commands of this file. */
export const functionCommands: readonly CommandSpec[] = [
  {
    pattern: `.create function [ifnotexists] ${definition}`,
    role: "user",
    run: (captures, context) => setFunction(context, captures, "create"),
  },
  {
    pattern: `.alter function ${definition}`,
    role: "admin",
    run: (captures, context) => setFunction(context, captures, "alter"),
  },
  {
    pattern: `.create-or-alter function ${definition}`,
    role: "user",
    run: (captures, context) => setFunction(context, captures, "create-or-alter"),
  },
  {
    pattern: ".drop function <function> [ifexists]",
    role: "admin",
    run: ({ function: name, "is:ifexists": ifExists }, { database }) => {
      if (!database.functions.delete(name!) && ifExists === undefined) {
        throw entityNotFound("Function", name!, database.database);
      }
      database.changed();
      return functionsResult(database.functions.values());
    },
  },
  {
    pattern: ".show functions",
    role: "viewer",
    run: (_captures, { database }) => functionsResult(database.functions.values()),
  },
  {
    pattern: ".show function <function>",
    role: "viewer",
    run: ({ function: name }, { database }) => {
      const found = database.functions.get(name!);
      if (found === undefined) throw entityNotFound("Function", name!, database.database);
      return functionsResult([found]);
    },
  },
];
