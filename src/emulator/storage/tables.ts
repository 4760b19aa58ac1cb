/**
 * A table of the database: its rows with the time each was ingested, its indexes and what its policies say of it.
 *
 * @module
 */
import type { Column, Row, TableSource } from "../language/catalog.ts";
import type { Policies } from "./policies.ts";
import { retentionTicks } from "./policies.ts";
import type { Mapping } from "./mappings.ts";
import { refitting } from "./refitting.ts";
import { TextIndexes } from "./text_indexes.ts";
import type { Value } from "../values/values.ts";

/** A row as a table keeps it. */
export interface StoredRow extends Array<Value> {
  /** Ticks at which it was ingested. */
  ingestedAt: bigint;
  /** Grows with every row of the table; names the row on disk. */
  rowId: number;
}

/** Told of what happens to a table's rows: materialized views and the durable store listen. */
export interface RowListener {
  /** Rows became visible to queries. */
  added?(rows: readonly StoredRow[]): void;
  /** Rows are about to go. */
  removing?(): void;
  /** Rows are about to be given other columns. */
  reshaping?(): void;
  /** Rows went; `undefined` stands for all of them. */
  removed?(rows: readonly StoredRow[] | undefined): void;
}

/** A table's description, without its rows. */
export interface TableSchema {
  readonly columns: readonly Column[];
  readonly folder: string;
  readonly docString: string;
}

interface Delayed {
  readonly visibleAt: bigint;
  readonly rows: readonly StoredRow[];
}

/** One table. */
export class Table implements TableSource {
  readonly name: string;
  /** Names the table on disk, where a name may be used again after a drop. */
  readonly key: number;
  columns: readonly Column[];
  folder: string;
  docString: string;
  readonly policies: Policies = new Map();
  /** The encoding type of each column that was given one. */
  readonly encodings: Map<string, string> = new Map();
  readonly mappings: Map<string, Mapping> = new Map();
  readonly listeners: RowListener[] = [];
  nextRowId = 1;
  readonly #now: () => bigint;
  readonly #databasePolicies: Policies;
  #rows: StoredRow[] = [];
  #delayed: Delayed[] = [];
  readonly #indexes = new TextIndexes();

  constructor(
    name: string,
    key: number,
    schema: TableSchema,
    now: () => bigint,
    databasePolicies: Policies,
  ) {
    this.name = name;
    this.key = key;
    this.columns = schema.columns;
    this.folder = schema.folder;
    this.docString = schema.docString;
    this.#now = now;
    this.#databasePolicies = databasePolicies;
  }

  rows(): readonly StoredRow[] {
    this.#settle();
    return this.#rows;
  }

  lookup(column: number, values: ReadonlySet<string>): readonly Row[] | undefined {
    if (this.columns[column]?.type !== "string") return undefined;
    this.#settle();
    return this.#indexes.lookup(column, values, this.#rows);
  }

  ingestedAt(row: Row): bigint | null {
    return (row as StoredRow).ingestedAt ?? null;
  }

  /** Makes stored rows of cells, which then wait for {@linkcode append}. */
  prepare(cells: readonly Value[][]): StoredRow[] {
    const now = this.#now();
    return cells.map((row) => Object.assign(row, { ingestedAt: now, rowId: this.nextRowId++ }));
  }

  /** Adds rows, which queries see from `visibleAt` on, or at once. */
  append(rows: readonly StoredRow[], visibleAt?: bigint): void {
    if (rows.length === 0) return;
    if (visibleAt !== undefined && visibleAt > this.#now()) {
      this.#delayed.push({ visibleAt, rows });
    } else {
      this.#show(rows);
    }
  }

  /** Removes the rows given, as `.delete` and retention do. */
  remove(gone: ReadonlySet<Row>): void {
    if (gone.size === 0) return;
    for (const listener of this.listeners) listener.removing?.();
    this.#rows = this.#rows.filter((row) => !gone.has(row));
    this.#indexes.clear();
    const removed = [...gone] as StoredRow[];
    for (const listener of this.listeners) listener.removed?.(removed);
  }

  /** Removes all rows, those not visible yet included. */
  clear(): void {
    for (const listener of this.listeners) listener.removing?.();
    this.#rows = [];
    this.#delayed = [];
    this.#indexes.clear();
    for (const listener of this.listeners) listener.removed?.(undefined);
  }

  /** Gives the table other columns; cells of columns that stay are kept, matched by name. */
  changeColumns(columns: readonly Column[]): void {
    for (const listener of this.listeners) listener.reshaping?.();
    const refit = refitting(
      this.columns,
      columns,
      (from, to) => from.name === to.name && from.type === to.type,
    );
    const change = (row: StoredRow): StoredRow =>
      Object.assign(refit(row), { ingestedAt: row.ingestedAt, rowId: row.rowId });
    this.#rows = this.#rows.map(change);
    this.#delayed = this.#delayed.map(({ visibleAt, rows }) => ({
      visibleAt,
      rows: rows.map(change),
    }));
    this.#indexes.clear();
    this.columns = columns;
    for (const name of this.encodings.keys()) {
      if (!columns.some((column) => column.name === name)) this.encodings.delete(name);
    }
  }

  /** Every row held, those not visible yet included: what a durable store must keep. */
  allRows(): readonly StoredRow[] {
    return [...this.#rows, ...this.delayedRows()];
  }

  /** The rows that are not visible yet. */
  delayedRows(): readonly StoredRow[] {
    return this.#delayed.flatMap(({ rows }) => rows);
  }

  #show(rows: readonly StoredRow[]): void {
    for (const row of rows) {
      this.#rows.push(row);
      this.#indexes.add(row);
    }
    for (const listener of this.listeners) listener.added?.(rows);
  }

  #settle(): void {
    const now = this.#now();
    if (this.#delayed.length > 0) {
      const due = this.#delayed.filter(({ visibleAt }) => visibleAt <= now);
      this.#delayed = this.#delayed.filter(({ visibleAt }) => visibleAt > now);
      for (const { rows } of due) this.#show(rows);
    }
    const first = this.#rows[0];
    if (first === undefined) return;
    const kept = now - retentionTicks(this.policies, this.#databasePolicies);
    if (first.ingestedAt > kept) return;
    this.remove(new Set(this.#rows.filter((row) => row.ingestedAt <= kept)));
  }
}
