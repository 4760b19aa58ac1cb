/**
 * What a database needs of the place where it is kept; SQLite is the only one so far.
 *
 * @module
 */
import type { Column } from "../language/catalog.ts";
import type { DescribedFunction } from "./database.ts";
import type { Mapping } from "./mappings.ts";
import type { StoredRow, TableSchema } from "./tables.ts";
import type { ViewProgress } from "./views.ts";

/** Named policies as they are kept. */
export type StoredPolicies = readonly (readonly [string, Record<string, unknown>])[];

/** The schema as it is kept. */
export interface StoredSchema {
  readonly nextKey: number;
  readonly policies: StoredPolicies;
  readonly mappings: readonly (readonly [string, Mapping])[];
  readonly functions: readonly DescribedFunction[];
  readonly tables: readonly (TableSchema & {
    readonly name: string;
    readonly key: number;
    readonly nextRowId: number;
    readonly policies: StoredPolicies;
    readonly encodings: readonly (readonly [string, string])[];
    readonly mappings: readonly (readonly [string, Mapping])[];
  })[];
  readonly views: readonly {
    readonly name: string;
    readonly key: number;
    readonly source: string;
    readonly query: string;
    readonly settings: {
      readonly folder: string;
      readonly docString: string;
      readonly autoUpdateSchema: boolean;
    };
    readonly effectiveFrom: string;
    readonly disabledAt: string | null;
    readonly columns: readonly Column[];
    readonly sourceColumns: readonly Column[];
    readonly policies: StoredPolicies;
  }[];
}

/** What was kept by an earlier process. */
export interface StoredState {
  readonly schema: StoredSchema;
  rows(key: number, columns: readonly Column[]): StoredRow[];
  /** How far a view's materialization had come. */
  progress(key: number): ViewProgress;
}

/** Keeps a database; a call that returns has made its change durable. */
export interface Store {
  /** What an earlier process kept; undefined for a new store. */
  load(): StoredState | undefined;
  saveSchema(schema: StoredSchema): void;
  addRows(key: number, columns: readonly Column[], rows: readonly StoredRow[]): void;
  /** Removes rows, or all rows of the table or view. */
  removeRows(key: number, rows: readonly StoredRow[] | undefined): void;
  /** Keeps new and changed rows of a view, with how far its materialization has come. */
  saveView(
    key: number,
    columns: readonly Column[],
    rows: readonly StoredRow[],
    progress: ViewProgress,
  ): void;
  /** Makes all that a function changes durable as one, or nothing of it. */
  together(change: () => void): void;
  close(): void;
}
