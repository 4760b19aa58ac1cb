/**
 * What the query language may see of a database: its tables, views and stored functions, and their rows.
 *
 * The evaluator reads a catalog and never changes it; the tables behind it are changed by commands and ingestion.
 *
 * @module
 */
import type { ScalarType, Value } from "../values/values.ts";

/** A column of a table, a view or a result. */
export interface Column {
  readonly name: string;
  readonly type: ScalarType;
}

/** The index of a column by name; -1 where there is none. */
export function columnIndex(columns: readonly Column[], name: string): number {
  return columns.findIndex((column) => column.name === name);
}

/** One row: a value for each column, in the columns' order. */
export type Row = readonly Value[];

/** Rows with named, typed columns. */
export interface TableSource {
  readonly name: string;
  readonly columns: readonly Column[];
  /** All rows that a query may see now. */
  rows(): readonly Row[];
  /**
   * The rows whose cell in the string column at `column` equals one of `values`, found without a scan;
   * `undefined` where the table has no index on that column.
   */
  lookup?(column: number, values: ReadonlySet<string>): readonly Row[] | undefined;
  /** When a row that this source gave was ingested, in ticks: what `ingestion_time()` says; absent or null where it is null. */
  ingestedAt?(row: Row): bigint | null;
}

/** A materialized view: as a table it shows all rows of its source, its materialized part may be behind. */
export interface ViewSource extends TableSource {
  readonly materialized: TableSource;
  /** Rows ingested up to these ticks are materialized. */
  materializedTo(): bigint;
}

/** A stored function: `.create function NAME(parameters) { body }`. */
export interface StoredFunction {
  readonly name: string;
  /** The parameter list as written, parentheses included: `(since:datetime, n:long = 5)`. */
  readonly parameters: string;
  /** The body as written, braces included. */
  readonly body: string;
}

/** The schema and rows that a query is bound and run against. */
export interface Catalog {
  readonly database: string;
  /** Grows with every change of the schema, so that an analysed text may be kept for as long as it stays. */
  readonly schemaVersion: number;
  readonly tables: ReadonlyMap<string, TableSource>;
  readonly views: ReadonlyMap<string, ViewSource>;
  readonly functions: ReadonlyMap<string, StoredFunction>;
}

/** A catalog that holds nothing but one table or view, which is read as a table. */
export function catalogOf(table: TableSource, database = ""): Catalog {
  return {
    database,
    schemaVersion: 1,
    tables: new Map([[table.name, table]]),
    views: new Map(),
    functions: new Map(),
  };
}
