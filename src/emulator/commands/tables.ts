/**
 * Commands that make, change and drop tables and their columns.
 *
 * Sources: create-table-command, create-merge-table-command, create-tables-command, create-merge-tables-command,
 * alter-table-command, alter-merge-table-command, drop-table-command, drop-column, rename-table-command,
 * rename-column, alter-column (Kusto documentation).
 *
 * @module
 */
import type { Column } from "../language/catalog.ts";
import { readProperties } from "./grammar.ts";
import { columnsOf, type CommandResult, type CommandSpec, resultOf } from "./kit.ts";
import { closingBracket, readToken, syntaxError } from "./text.ts";
import type { Database } from "../storage/database.ts";
import { badRequest, entityExists, entityNotFound } from "../entity_errors.ts";
import { readColumns, tableSchemaJson } from "./schema_text.ts";
import type { Table } from "../storage/tables.ts";
import { scalarType } from "../values/values.ts";

const schemaColumns = columnsOf(
  "TableName:string, Schema:string, DatabaseName:string, Folder:string, DocString:string",
);
const tableColumns = columnsOf(
  "TableName:string, DatabaseName:string, Folder:string, DocString:string",
);

/** A table's schema as creating and showing it answer. */
export function schemaResult(database: Database, table: Table, schema?: string): CommandResult {
  const text = schema ?? tableSchemaJson(table.name, table);
  return resultOf(schemaColumns, [
    [table.name, text, database.database, table.folder, table.docString],
  ]);
}

/** Tables as `.show tables` lists them. */
function tablesResult(database: Database, tables: Iterable<Table>): CommandResult {
  return resultOf(
    tableColumns,
    [...tables].map((table) => [table.name, database.database, table.folder, table.docString]),
  );
}

interface Description {
  readonly folder?: string;
  readonly docString?: string;
}

function description(properties: string | undefined, command: string): Description {
  const found: { folder?: string; docString?: string } = {};
  for (const [name, value] of readProperties(properties, command)) {
    if (name === "folder") found.folder = value;
    else if (name === "docstring") found.docString = value;
    else throw badRequest(`Property '${name}' is not a property of a table.`);
  }
  return found;
}

/** The table, made or given the columns that it lacks. */
function createOrMerge(
  database: Database,
  name: string,
  columns: readonly Column[],
  { folder, docString }: Description,
): Table {
  const old = database.tables.get(name);
  if (old === undefined) {
    refuseTakenName(database, name);
    return database.createTable(name, {
      columns,
      folder: folder ?? "",
      docString: docString ?? "",
    });
  }
  const merged = mergedColumns(old, columns);
  if (folder !== undefined) old.folder = folder;
  if (docString !== undefined) old.docString = docString;
  database.changeColumns(old, merged);
  return old;
}

function refuseTakenName(database: Database, name: string): void {
  if (database.views.has(name)) throw entityExists("MaterializedView", name);
}

function mergedColumns(table: Table, columns: readonly Column[]): readonly Column[] {
  const merged = [...table.columns];
  for (const column of columns) {
    const same = table.columns.find(({ name }) => name === column.name);
    if (same === undefined) merged.push(column);
    else if (same.type !== column.type) {
      throw badRequest(
        `Column '${column.name}' of table '${table.name}' has type '${same.type}' and cannot be given type '${column.type}'.`,
      );
    }
  }
  return merged;
}

/** Reads `A (a:string), B (b:long)` up to an optional `with (...)`. */
function readTables(text: string, command: string): {
  readonly tables: readonly (readonly [string, readonly Column[]])[];
  readonly properties: string | undefined;
} {
  const tables: [string, readonly Column[]][] = [];
  let at = 0;
  for (;;) {
    const name = readToken(text, at);
    const open = name && readToken(text, name.end);
    if (name === undefined || name.kind === "mark" || open?.text !== "(") {
      throw syntaxError(command, command.length, "expected 'name (columns)'");
    }
    const close = closingBracket(text, open.start);
    tables.push([name.text, readColumns(text.slice(open.end, close), command)]);
    const next = readToken(text, close + 1);
    if (next === undefined) return { tables, properties: undefined };
    if (next.text === ",") {
      at = next.end;
      continue;
    }
    const bracket = readToken(text, next.end);
    if (next.text.toLowerCase() !== "with" || bracket?.text !== "(") {
      throw syntaxError(command, command.length - text.length + next.start, "expected ','");
    }
    const end = closingBracket(text, bracket.start);
    if (readToken(text, end + 1) !== undefined) {
      throw syntaxError(command, command.length - text.length + end + 1, "expected the end");
    }
    return { tables, properties: text.slice(bracket.end, end) };
  }
}

/** Refuses to take away a table or column that a view reads: the view could not be kept up to date. */
function refuseWhileViewed(database: Database, table: Table, what: string): void {
  for (const view of database.views.values()) {
    if (view.source === table) {
      throw badRequest(`${what} cannot be dropped: materialized view '${view.name}' reads it.`);
    }
  }
}

function dropTable(database: Database, name: string, ifExists: boolean): void {
  const table = database.tables.get(name);
  if (table === undefined) {
    if (ifExists) return;
    throw entityNotFound("Table", name, database.database);
  }
  refuseWhileViewed(database, table, `Table '${name}'`);
  database.dropTable(table);
}

function dropColumns(database: Database, tableName: string, names: readonly string[]): Table {
  const table = database.table(tableName);
  for (const name of names) {
    if (!table.columns.some((column) => column.name === name)) {
      throw entityNotFound("Column", name, tableName);
    }
    refuseWhileViewed(database, table, `Column '${name}'`);
  }
  const left = table.columns.filter(({ name }) => !names.includes(name));
  if (left.length === 0) throw badRequest(`Table '${tableName}' would have no columns left.`);
  database.changeColumns(table, left);
  return table;
}

/** The commands of this file. */
export const tableCommands: readonly CommandSpec[] = [
  {
    pattern: ".create table <table> <columns:paren> [with <properties:paren>]",
    role: "user",
    run: ({ table, columns, properties }, { database, text }) => {
      const wanted = readColumns(columns!, text);
      const described = description(properties, text);
      const old = database.tables.get(table!);
      // As documented: creating a table that exists succeeds and changes nothing.
      return schemaResult(database, old ?? createOrMerge(database, table!, wanted, described));
    },
  },
  {
    pattern: ".create-merge table <table> <columns:paren> [with <properties:paren>]",
    role: "user",
    run: ({ table, columns, properties }, { database, text }) =>
      schemaResult(
        database,
        createOrMerge(
          database,
          table!,
          readColumns(columns!, text),
          description(properties, text),
        ),
      ),
  },
  {
    pattern: "(.create|.create-merge) tables <tables:tail>",
    role: "user",
    run: ({ tables, "is:create-merge": merge }, { database, text }) => {
      const read = readTables(tables!, text);
      const described = description(read.properties, text);
      for (const [name, columns] of read.tables) {
        refuseTakenName(database, name);
        const old = database.tables.get(name);
        if (old && merge) mergedColumns(old, columns);
      }
      const made = read.tables.map(([name, columns]) =>
        (merge ? undefined : database.tables.get(name)) ??
          createOrMerge(database, name, columns, described)
      );
      return tablesResult(database, made);
    },
  },
  {
    pattern: ".alter-merge table <table> <columns:paren> [with <properties:paren>]",
    role: "admin",
    run: ({ table, columns, properties }, { database, text }) => {
      database.table(table!);
      const wanted = readColumns(columns!, text);
      const described = description(properties, text);
      return schemaResult(database, createOrMerge(database, table!, wanted, described));
    },
  },
  {
    pattern: ".alter table <table> <columns:paren> [with <properties:paren>]",
    role: "admin",
    run: ({ table: name, columns, properties }, { database, text }) => {
      const table = database.table(name!);
      const wanted = readColumns(columns!, text);
      const { folder, docString } = description(properties, text);
      mergedColumns(table, wanted);
      for (const { name: lost } of table.columns) {
        if (!wanted.some((column) => column.name === lost)) {
          refuseWhileViewed(database, table, `Column '${lost}'`);
        }
      }
      if (folder !== undefined) table.folder = folder;
      if (docString !== undefined) table.docString = docString;
      database.changeColumns(table, wanted);
      return schemaResult(database, table);
    },
  },
  {
    pattern: ".alter table <table> folder <folder:string>",
    role: "admin",
    run: ({ table: name, folder }, { database }) => {
      const table = database.table(name!);
      table.folder = folder!;
      database.settingsChanged();
      return schemaResult(database, table);
    },
  },
  {
    pattern: ".alter table <table> docstring <docstring:string>",
    role: "admin",
    run: ({ table: name, docstring }, { database }) => {
      const table = database.table(name!);
      table.docString = docstring!;
      database.settingsChanged();
      return schemaResult(database, table);
    },
  },
  {
    pattern: ".alter column <table>.<column> type = <type:word>",
    role: "admin",
    run: ({ table: name, column, type: alias }, { database }) => {
      const table = database.table(name!);
      const old = table.columns.find((candidate) => candidate.name === column);
      if (old === undefined) throw entityNotFound("Column", column!, name!);
      const type = scalarType(alias!);
      if (type === undefined) throw badRequest(`Type '${alias}' is unknown.`);
      if (type === old.type) return schemaResult(database, table);
      refuseWhileViewed(database, table, `The data of column '${column}'`);
      // A column of the same name and another type is another column: its data is lost, as on the service.
      database.changeColumns(
        table,
        table.columns.map((each) => each === old ? { name: old.name, type } : each),
      );
      return schemaResult(database, table);
    },
  },
  {
    pattern: ".drop table <table> [ifexists]",
    role: "admin",
    run: ({ table, "is:ifexists": ifExists }, { database }) => {
      dropTable(database, table!, ifExists !== undefined);
      return tablesResult(database, database.tables.values());
    },
  },
  {
    pattern: ".drop tables (<tables:paren>) [ifexists]",
    role: "admin",
    run: ({ tables, "is:ifexists": ifExists }, { database, text }) => {
      for (const name of readNames(tables!, text)) {
        dropTable(database, name, ifExists !== undefined);
      }
      return tablesResult(database, database.tables.values());
    },
  },
  {
    pattern: ".drop column <table>.<column>",
    role: "admin",
    run: ({ table, column }, { database }) =>
      schemaResult(database, dropColumns(database, table!, [column!])),
  },
  {
    pattern: ".drop table <table> columns <columns:paren>",
    role: "admin",
    run: ({ table, columns }, { database, text }) =>
      schemaResult(database, dropColumns(database, table!, readNames(columns!, text))),
  },
  {
    pattern: ".show tables [<tables:paren>]",
    role: "viewer",
    run: ({ tables }, { database, text }) =>
      tablesResult(
        database,
        tables === undefined
          ? database.tables.values()
          : readNames(tables, text).map((name) => database.table(name)),
      ),
  },
];

/** Names with commas between them, from between brackets. */
function readNames(text: string, command: string): readonly string[] {
  const names: string[] = [];
  let at = 0;
  for (;;) {
    const name = readToken(text, at);
    if (name === undefined || name.kind === "mark") {
      throw syntaxError(command, Math.max(command.indexOf(text), 0) + at, "expected a name");
    }
    names.push(name.text);
    const comma = readToken(text, name.end);
    if (comma === undefined) return names;
    if (comma.text !== ",") {
      throw syntaxError(command, Math.max(command.indexOf(text), 0) + comma.start, "expected ','");
    }
    at = comma.end;
  }
}
