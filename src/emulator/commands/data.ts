/**
 * Commands that add rows to tables and take them away.
 *
 * Sources: ingest-inline, ingest-from-query, soft-delete-command, data-soft-delete, clear-table-data-command,
 * clear-schema-cache-command (Kusto documentation).
 *
 * @module
 */
import { securedCatalog } from "../storage/row_level_security.ts";
import { type Catalog, catalogOf, type Row, type TableSource } from "../language/catalog.ts";
import { cellMaker } from "../ingestion/cells.ts";
import { readProperties } from "./grammar.ts";
import {
  columnsOf,
  type CommandContext,
  type CommandResult,
  type CommandSpec,
  completed,
  resultOf,
} from "./kit.ts";
import { findMark, readToken } from "./text.ts";
import { badRequest, entityNotFound } from "../entity_errors.ts";
import { formatOf, mappingKind, readRows } from "../ingestion/ingest.ts";
import type { Value } from "../values/values.ts";

const extentColumns = columnsOf(
  "ExtentId:guid, ItemLoaded:string, Duration:timespan, HasErrors:bool, OperationId:guid",
);

function extentResult(context: CommandContext, item: string): CommandResult {
  return resultOf(extentColumns, [[context.newId(), item, 0n, false, context.newId()]]);
}

function ingestInline(
  context: CommandContext,
  captures: Readonly<Record<string, string>>,
): CommandResult {
  const { database, text } = context;
  const table = database.table(captures["table"]!);
  let format = formatOf("csv")!;
  let reference: string | undefined;
  for (const [name, value] of readProperties(captures["properties"], text)) {
    if (name === "format") {
      const named = formatOf(value);
      if (named === undefined) throw badRequest(`Format '${value}' is not supported.`);
      format = named;
    } else if (name === "ingestionmappingreference") reference = value;
    else if (name !== "ingestionmappingtype") {
      throw badRequest(`Ingestion property '${name}' is not supported.`);
    }
  }
  const key = `${mappingKind(format)} ${reference}`;
  const mapping = reference === undefined
    ? undefined
    : table.mappings.get(key) ?? database.mappings.get(key);
  if (reference !== undefined && mapping === undefined) {
    throw badRequest(
      `Mapping reference '${reference}' was not found.`,
      "BadRequest_MappingReferenceWasNotFound",
    );
  }
  const rows = readRows(captures["data"]!.replace(/^[ \t]*(?:\r?\n)?/, ""), format, table, mapping);
  database.ingest(table, table.prepare(rows));
  return extentResult(context, "inline");
}

async function setOrAppend(
  context: CommandContext,
  name: string,
  query: string,
  mode: "set" | "append" | "set-or-append" | "set-or-replace",
): Promise<CommandResult> {
  const { database, queries, checkTime } = context;
  await queries.load();
  const run = (text: string, catalog: Catalog) => queries.runOne(text, catalog, checkTime);
  const result = run(query, securedCatalog(database, run));
  checkTime();
  let table = database.tables.get(name);
  if (mode === "append" && table === undefined) {
    throw entityNotFound("Table", name, database.database);
  }
  if (mode === "set" && table !== undefined) {
    throw badRequest(`Table '${name}' already exists.`, "BadRequest_EntityAlreadyExists");
  }
  table ??= database.createTable(name, { columns: result.columns, folder: "", docString: "" });
  const { columns, encodings } = table;
  if (
    columns.length !== result.columns.length ||
    columns.some(({ type }, at) => type !== result.columns[at]!.type)
  ) {
    throw badRequest(`Query schema does not match table schema of '${name}'.`);
  }
  const makers = columns.map((column) => cellMaker(column, encodings.get(column.name)));
  const rows = result.rows.map((row): Value[] =>
    makers.map((maker, at) => maker.fromValue(row[at]!))
  );
  if (mode === "set-or-replace") table.clear();
  database.ingest(table, table.prepare(rows));
  return extentResult(context, "");
}

const deleteOperators = new Set(["where"]);

/** The rows that a deletion's predicate picks, which may name nothing but its own table or view. */
async function picked(
  context: CommandContext,
  target: TableSource,
  predicate: string,
): Promise<ReadonlySet<Row>> {
  const source = readToken(predicate, 0);
  const rest = source && findMark(predicate, "|", source.end);
  if (source?.text !== target.name || rest === undefined || rest < 0) {
    throw badRequest(
      `The predicate must begin with '${target.name}' and hold at least one where operator.`,
    );
  }
  let start = rest;
  while (start >= 0) {
    const operator = readToken(predicate, start + 1)?.text.toLowerCase() ?? "";
    if (!deleteOperators.has(operator)) {
      throw badRequest(
        `Operator '${operator}' is not supported by this emulator in the predicate of a deletion.`,
      );
    }
    start = findMark(predicate, "|", start + 1);
  }
  await context.queries.load();
  const alone = catalogOf(target, context.database.database);
  const { rows } = context.queries.runOne(predicate, alone, context.checkTime);
  context.checkTime();
  return new Set(rows);
}

const deletionColumns = columnsOf("ExtentId:guid, TableName:string, RecordsMatchPredicate:long");

async function deleteRecords(
  context: CommandContext,
  captures: Readonly<Record<string, string>>,
): Promise<CommandResult> {
  const { database } = context;
  let whatIf = false;
  for (const [name, value] of readProperties(captures["properties"], context.text)) {
    if (name !== "whatif" || !/^(true|false)$/i.test(value)) {
      throw badRequest(`Property '${name}' = '${value}' is not supported.`);
    }
    whatIf = value.toLowerCase() === "true";
  }
  const view = captures["view"] === undefined ? undefined : database.view(captures["view"]);
  // What is deleted from a view are rows of its materialized part.
  view?.materializeAll();
  const target = view ?? database.table(captures["table"]!);
  const rows = await picked(context, target, captures["predicate"]!);
  if (!whatIf) target.remove(rows);
  if (captures["is:async"] !== undefined) {
    return completed(context, "TableRecordsDelete", database.now());
  }
  return resultOf(
    deletionColumns,
    rows.size === 0 ? [] : [[context.newId(), target.name, BigInt(rows.size)]],
  );
}

const nodeColumns = columnsOf("NodeId:string, Status:string");

/** The commands of this file. */
export const dataCommands: readonly CommandSpec[] = [
  {
    pattern: ".ingest inline into table <table> [with <properties:paren>] <| <data:tail>",
    role: "ingestor",
    run: (captures, context) => ingestInline(context, captures),
  },
  ...(["set", "append", "set-or-append", "set-or-replace"] as const).map((mode): CommandSpec => ({
    pattern: `.${mode} <table> <| <query:tail>`,
    role: mode === "set-or-replace" ? "admin" : mode === "set" ? "user" : "ingestor",
    run: ({ table, query }, context) => setOrAppend(context, table!, query!, mode),
  })),
  {
    pattern: ".delete [async] table <table> records [with <properties:paren>] <| <predicate:tail>",
    role: "admin",
    run: (captures, context) => deleteRecords(context, captures),
  },
  {
    pattern:
      ".delete [async] materialized-view <view> records [with <properties:paren>] <| <predicate:tail>",
    role: "admin",
    run: (captures, context) => deleteRecords(context, captures),
  },
  {
    pattern: ".clear table <table> data",
    role: "admin",
    run: ({ table }, { database }) => {
      database.table(table!).clear();
      return resultOf(nodeColumns, [["Node0", "Succeeded"]]);
    },
  },
  {
    pattern: ".clear table <table> cache streamingingestion schema",
    role: "ingestor",
    run: ({ table }, { database, schemaCache }) => {
      database.table(table!);
      schemaCache.refresh(table!);
      return resultOf(nodeColumns, [["Node0", "Succeeded"]]);
    },
  },
  {
    pattern: ".clear database cache streamingingestion schema",
    role: "ingestor",
    run: (_captures, { schemaCache }) => {
      schemaCache.refreshAll();
      return resultOf(nodeColumns, [["Node0", "Succeeded"]]);
    },
  },
];
