/**
 * Commands about ingestion mappings.
 *
 * Sources: create-ingestion-mapping-command, create-or-alter-ingestion-mapping-command, show-ingestion-mapping-command,
 * drop-ingestion-mapping-command (Kusto documentation).
 *
 * @module
 */
import { columnsOf, type CommandResult, type CommandSpec, resultOf } from "./kit.ts";
import type { Database } from "../storage/database.ts";
import { entityExists, entityNotFound } from "../entity_errors.ts";
import { type Mapping, type MappingKind, mappingText, readMapping } from "../storage/mappings.ts";

const mappingColumns = columnsOf(
  "Name:string, Kind:string, Mapping:string, Database:string, Table:string",
);

const kindNames: Readonly<Record<MappingKind, string>> = { json: "Json", csv: "Csv" };

interface Owner {
  readonly mappings: Map<string, Mapping>;
  readonly table: string;
}

function ownerOf(database: Database, table: string | undefined, name?: string): Owner {
  if (table !== undefined) return { mappings: database.table(table).mappings, table };
  if (name !== undefined && name.toLowerCase() !== database.database.toLowerCase()) {
    throw entityNotFound("Database", name, "cluster");
  }
  return { mappings: database.mappings, table: "" };
}

function listing(database: Database, owners: readonly Owner[], kind?: string): CommandResult {
  return resultOf(
    mappingColumns,
    owners.flatMap(({ mappings, table }) =>
      [...mappings.values()]
        .filter((mapping) => kind === undefined || mapping.kind === kind)
        .map((mapping) => [
          mapping.name,
          kindNames[mapping.kind],
          mappingText(mapping),
          database.database,
          table,
        ])
    ),
  );
}

function create(
  database: Database,
  owner: Owner,
  kind: MappingKind,
  name: string,
  text: string,
  mode: "create" | "alter" | "create-or-alter",
): CommandResult {
  const key = `${kind} ${name}`;
  if (mode === "create" && owner.mappings.has(key)) throw entityExists("Mapping", name);
  if (mode === "alter" && !owner.mappings.has(key)) {
    throw entityNotFound("Mapping", name, owner.table || database.database);
  }
  const mapping = readMapping(name, kind, text);
  if (owner.table !== "") {
    const { columns } = database.table(owner.table);
    for (const { column } of mapping.elements) {
      if (!columns.some((each) => each.name === column)) {
        throw entityNotFound("Column", column, owner.table);
      }
    }
  }
  owner.mappings.set(key, mapping);
  database.settingsChanged();
  return listing(database, [{ table: owner.table, mappings: new Map([[key, mapping]]) }]);
}

const target = "(table <table> | database <database>) ingestion";

function commandsOf(kind: MappingKind): CommandSpec[] {
  return [
    ...(["create", "alter", "create-or-alter"] as const).map((mode): CommandSpec => ({
      pattern: `.${mode} ${target} ${kind} mapping <name:string> <text:string>`,
      role: "ingestor",
      run: ({ table, database: named, name, text }, { database }) =>
        create(database, ownerOf(database, table, named), kind, name!, text!, mode),
    })),
    {
      pattern: `.drop ${target} ${kind} mapping <name:string>`,
      role: "ingestor",
      run: ({ table, database: named, name }, { database }) => {
        const owner = ownerOf(database, table, named);
        if (!owner.mappings.delete(`${kind} ${name}`)) {
          throw entityNotFound("Mapping", name!, owner.table || database.database);
        }
        database.settingsChanged();
        return listing(database, [owner]);
      },
    },
    {
      pattern:
        `.show (table <table> ingestion ${kind} (mappings | mapping <name:string>) | database <database> ingestion ${kind} mappings)`,
      role: "viewer",
      run: ({ table, database: named, name }, { database }) => {
        const owner = ownerOf(database, table, named);
        if (name === undefined) return listing(database, [owner], kind);
        const mapping = owner.mappings.get(`${kind} ${name}`);
        if (mapping === undefined) {
          throw entityNotFound("Mapping", name, owner.table || database.database);
        }
        return listing(database, [{ table: owner.table, mappings: new Map([[name, mapping]]) }]);
      },
    },
  ];
}

/** The commands of this file. */
export const mappingCommands: readonly CommandSpec[] = [
  ...commandsOf("json"),
  ...commandsOf("csv"),
  {
    pattern: `.show ${target} mappings`,
    role: "viewer",
    run: ({ table, database: named }, { database }) =>
      listing(database, [ownerOf(database, table, named)]),
  },
  {
    pattern: ".show ingestion mappings",
    role: "viewer",
    run: (_captures, { database }) =>
      listing(database, [
        ownerOf(database, undefined),
        ...[...database.tables.keys()].map((table) => ownerOf(database, table)),
      ]),
  },
];
