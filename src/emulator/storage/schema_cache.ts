/**
 * What streaming ingestion knows of the schema, which lags behind commands as it does on the service.
 *
 * A table, mapping or policy that was changed is known to it five minutes later, or after `.clear ... cache
 * streamingingestion schema`. Source: streaming-ingestion-schema-changes (Kusto documentation).
 *
 * @module
 */
import type { Column } from "../language/catalog.ts";
import type { Database } from "./database.ts";
import type { Mapping } from "./mappings.ts";
import { streamingAllowed } from "./policies.ts";
import type { Table } from "./tables.ts";

/** What streaming ingestion knows of one table. */
export interface StreamingTable {
  readonly table: Table;
  readonly columns: readonly Column[];
  readonly mappings: ReadonlyMap<string, Mapping>;
  readonly encodings: ReadonlyMap<string, string>;
  readonly allowed: boolean;
}

const lagTicks = 3_000_000_000n;

/** The schema as streaming ingestion last saw it. */
export class SchemaCache {
  readonly #database: Database;
  readonly #lags: boolean;
  #known = new Map<string, StreamingTable>();
  #staleSince = new Map<string, bigint>();
  #databaseMappings: ReadonlyMap<string, Mapping> = new Map();

  constructor(database: Database, lags: boolean) {
    this.#database = database;
    this.#lags = lags;
    for (const name of database.tables.keys()) this.refresh(name);
    database.schemaListeners.push(() => this.#noteChange());
  }

  /** The table as streaming ingestion knows it; undefined while it knows none of that name. */
  table(name: string): StreamingTable | undefined {
    const since = this.#staleSince.get(name);
    if (since !== undefined && this.#database.now() - since >= lagTicks) this.refresh(name);
    return this.#known.get(name);
  }

  /** A mapping as streaming ingestion knows it: the table's own before the database's. */
  mapping(table: StreamingTable, kind: string, name: string): Mapping | undefined {
    return table.mappings.get(`${kind} ${name}`) ?? this.#databaseMappings.get(`${kind} ${name}`);
  }

  /** Learns a table as it is now. */
  refresh(name: string): void {
    this.#staleSince.delete(name);
    this.#databaseMappings = new Map(this.#database.mappings);
    const table = this.#database.tables.get(name);
    if (table === undefined) {
      this.#known.delete(name);
      return;
    }
    this.#known.set(name, {
      table,
      columns: table.columns,
      mappings: new Map(table.mappings),
      encodings: new Map(table.encodings),
      allowed: streamingAllowed(table.policies, this.#database.policies),
    });
  }

  /** Learns every table as it is now. */
  refreshAll(): void {
    for (const name of new Set([...this.#known.keys(), ...this.#database.tables.keys()])) {
      this.refresh(name);
    }
  }

  #noteChange(): void {
    if (!this.#lags) {
      this.refreshAll();
      return;
    }
    const now = this.#database.now();
    for (const name of new Set([...this.#known.keys(), ...this.#database.tables.keys()])) {
      if (!this.#staleSince.has(name)) this.#staleSince.set(name, now);
    }
  }
}
