/**
 * Commands that show the schema as a whole, the cluster, and operations.
 *
 * Sources: show-schema-database, show-table-schema-command, show-databases, show-operations, show-cluster,
 * show-version, principal-roles (Kusto documentation).
 *
 * @module
 */
import {
  columnsOf,
  type CommandContext,
  type CommandResult,
  type CommandSpec,
  resultOf,
} from "./kit.ts";
import { writeName } from "./text.ts";
import { schemaResult } from "./tables.ts";
import type { Database } from "../storage/database.ts";
import { badRequest, entityNotFound } from "../entity_errors.ts";
import { cslSchema, orderedColumns } from "./schema_text.ts";
import { engineType, parseScalar } from "../values/values.ts";

/** The version that `.show version` and the schema tell. */
const version = "1.0.0";

function checkDatabase(database: Database, name: string | undefined): void {
  if (name === undefined || name.toLowerCase() === database.database.toLowerCase()) return;
  throw entityNotFound("Database", name, "cluster");
}

function databaseSchema(database: Database): CommandResult {
  const name = database.database;
  const rows: (string | boolean)[][] = [[name, "", "", "", false, false, "", "v.1.1"]];
  for (const table of database.tables.values()) {
    rows.push([name, table.name, "", "", false, false, "", ""]);
    for (const column of table.columns) {
      rows.push([name, table.name, column.name, engineType(column.type), false, false, "", ""]);
    }
  }
  return resultOf(
    columnsOf(
      "DatabaseName:string, TableName:string, ColumnName:string, ColumnType:string, IsDefaultTable:bool, IsDefaultColumn:bool, PrettyName:string, Version:string",
    ),
    rows,
  );
}

function databaseSchemaJson(database: Database): CommandResult {
  const entries = <T>(items: Iterable<T>, entry: (item: T) => [string, unknown]) =>
    Object.fromEntries([...items].map(entry));
  const name = database.database;
  const schema = {
    Databases: {
      [name]: {
        Name: name,
        Tables: entries(database.tables.values(), (table) => [table.name, {
          Name: table.name,
          Folder: table.folder,
          DocString: table.docString,
          OrderedColumns: orderedColumns(table.columns),
        }]),
        PrettyName: name,
        MajorVersion: 1,
        MinorVersion: 1,
        Functions: entries(database.functions.values(), (stored) => [stored.name, {
          Name: stored.name,
          Parameters: stored.parameters,
          Body: stored.body,
          Folder: stored.folder,
          DocString: stored.docString,
        }]),
        MaterializedViews: entries(database.views.values(), (view) => [view.name, {
          Name: view.name,
          SourceTable: view.source.name,
          Query: view.definition.query.trim(),
          OrderedColumns: orderedColumns(view.columns),
        }]),
      },
    },
  };
  return resultOf(columnsOf("DatabaseSchema:string"), [[JSON.stringify(schema)]]);
}

function databaseCslSchema(database: Database): CommandResult {
  return resultOf(
    columnsOf(
      "TableName:string, Schema:string, DatabaseName:string, Folder:string, DocString:string",
    ),
    [...database.tables.values()].map((table) => [
      table.name,
      cslSchema(table.columns),
      database.database,
      table.folder,
      table.docString,
    ]),
  );
}

function databaseScript(database: Database): CommandResult {
  return resultOf(
    columnsOf("DatabaseSchemaScript:string"),
    [...database.tables.values()].map((table) => [
      `.create-merge table ${writeName(table.name)} (${cslSchema(table.columns)})`,
    ]),
  );
}

function operations({ operations, database }: CommandContext, id?: string): CommandResult {
  const guid = id === undefined ? undefined : parseScalar("guid", id);
  if (guid === null) throw badRequest(`'${id}' is no operation id.`);
  return resultOf(
    columnsOf(
      "OperationId:guid, Operation:string, NodeId:string, StartedOn:datetime, LastUpdatedOn:datetime, Duration:timespan, State:string, Status:string, RootActivityId:guid, ShouldRetry:bool, Database:string",
    ),
    operations.list(guid as string | undefined).map((operation) => [
      operation.id,
      operation.name,
      "",
      operation.startedOn,
      operation.startedOn,
      0n,
      operation.state,
      operation.status,
      operation.id,
      false,
      database.database,
    ]),
  );
}

/** The commands of this file. */
export const showCommands: readonly CommandSpec[] = [
  {
    pattern: ".show database [<database>] schema",
    role: "viewer",
    run: ({ database: name }, { database }) => {
      checkDatabase(database, name);
      return databaseSchema(database);
    },
  },
  {
    pattern: ".show database [<database>] schema as json",
    role: "viewer",
    run: ({ database: name }, { database }) => {
      checkDatabase(database, name);
      return databaseSchemaJson(database);
    },
  },
  {
    pattern: ".show database [<database>] cslschema",
    role: "viewer",
    run: ({ database: name }, { database }) => {
      checkDatabase(database, name);
      return databaseCslSchema(database);
    },
  },
  {
    pattern: ".show database [<database>] schema as csl script",
    role: "viewer",
    run: ({ database: name }, { database }) => {
      checkDatabase(database, name);
      return databaseScript(database);
    },
  },
  {
    pattern: ".show table <table> schema as json",
    role: "viewer",
    run: ({ table }, { database }) => schemaResult(database, database.table(table!)),
  },
  {
    pattern: ".show table <table> cslschema",
    role: "viewer",
    run: ({ table: name }, { database }) => {
      const table = database.table(name!);
      return schemaResult(database, table, cslSchema(table.columns));
    },
  },
  {
    pattern: ".show databases",
    role: "viewer",
    run: (_captures, { database }) =>
      resultOf(
        columnsOf(
          "DatabaseName:string, PersistentStorage:string, Version:string, IsCurrent:bool, DatabaseAccessMode:string, PrettyName:string",
        ),
        [[database.database, "", "v1.1", true, "ReadWrite", ""]],
      ),
  },
  {
    pattern: ".show database <database> principals",
    role: "viewer",
    run: ({ database: name }, { database, roles }) => {
      checkDatabase(database, name);
      return resultOf(
        columnsOf(
          "Role:string, PrincipalType:string, PrincipalDisplayName:string, PrincipalObjectId:string, PrincipalFQN:string, Notes:string",
        ),
        roles.map((role) => [
          `Database ${database.database} ${role[0]!.toUpperCase()}${role.slice(1)}`,
          "Emulator caller",
          "emulator",
          "",
          "emulator",
          "",
        ]),
      );
    },
  },
  {
    pattern: ".show cluster",
    role: "viewer",
    run: (_captures, { database }) =>
      resultOf(
        columnsOf(
          "NodeId:string, Address:string, Name:string, StartTime:datetime, IsAdmin:bool, MachineTotalMemory:long, MachineAvailableMemory:long, ProcessorCount:int, EnvironmentDescription:string",
        ),
        [["Node0", "emulator", "Node0", database.now(), true, null, null, null, "Embedded Kusto"]],
      ),
  },
  {
    pattern: ".show version",
    role: "viewer",
    run: (_captures, { database }) =>
      resultOf(
        columnsOf(
          "BuildVersion:string, BuildTime:datetime, ServiceType:string, ProductVersion:string",
        ),
        [[version, database.now(), "Engine", `EmbeddedKusto_${version}`]],
      ),
  },
  {
    pattern: ".show operations [<id:word>]",
    role: "viewer",
    run: ({ id }, context) => operations(context, id),
  },
];
