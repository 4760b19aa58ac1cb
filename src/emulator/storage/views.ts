/**
 * A materialized view: rows kept by key, and the source's rows that have not been joined to them yet.
 *
 * As on the service, what a query sees is the materialized part with the newest rows joined to it, so it is never behind
 * its source; rows that are deleted from the source later stay in the view.
 *
 * @module
 */
import type { Catalog, Column, Row, TableSource } from "../language/catalog.ts";
import type { Policies } from "./policies.ts";
import { retentionTicks } from "./policies.ts";
import type { RowListener, StoredRow, Table } from "./tables.ts";
import { emptyValue } from "./tables.ts";
import type { Value } from "../values/values.ts";
import { badView, partsOf, type ViewDefinition, type ViewPart } from "./view_definition.ts";

/** Runs a view's query against a catalog that holds only its source. */
export type ViewRunner = (query: string, catalog: Catalog) => {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
};

/** The settings that a view was created with. */
export interface ViewSettings {
  readonly folder: string;
  readonly docString: string;
  readonly autoUpdateSchema: boolean;
  /** Ticks from which on the source's rows count. */
  readonly effectiveFrom: bigint;
}

/** Rows ingested within one hour are joined together, and are as old as the youngest of them. */
const mergeSpan = 36_000_000_000n;

/** One materialized view. */
export class MaterializedView implements TableSource {
  readonly name: string;
  /** Names the view on disk. */
  readonly key: number;
  readonly source: Table;
  readonly policies: Policies = new Map();
  definition: ViewDefinition;
  settings: ViewSettings;
  columns: readonly Column[] = [];
  isEnabled = true;
  nextRowId = 1;
  /** Told of rows that were added or changed by a merge, with the source row up to which it went. */
  merged: ((rows: readonly StoredRow[], mark: number) => void) | undefined;
  removed: ((rows: readonly StoredRow[] | undefined) => void) | undefined;
  /** The columns of the source that the definition was bound to. */
  sourceColumns: readonly Column[];
  readonly #now: () => bigint;
  readonly #databasePolicies: Policies;
  readonly #run: ViewRunner;
  readonly #listener: RowListener;
  readonly #seen: { columns: readonly Column[]; rows: readonly Row[] };
  readonly #catalog: Catalog & { schemaVersion: number };
  #parts: readonly ViewPart[] = [];
  #rows: StoredRow[] = [];
  #byKey = new Map<string, StoredRow>();
  #indexes = new Map<number, Map<string, Row[]>>();
  #delta: StoredRow[] = [];
  #oldest: bigint | undefined;

  constructor(
    name: string,
    key: number,
    source: Table,
    definition: ViewDefinition,
    settings: ViewSettings,
    run: ViewRunner,
    now: () => bigint,
    databasePolicies: Policies,
  ) {
    this.name = name;
    this.key = key;
    this.source = source;
    this.definition = definition;
    this.settings = settings;
    this.sourceColumns = source.columns;
    this.#run = run;
    this.#now = now;
    this.#databasePolicies = databasePolicies;
    const seen = { columns: source.columns, rows: [] as readonly Row[] };
    this.#seen = seen;
    const replaced: TableSource = {
      name: source.name,
      get columns() {
        return seen.columns;
      },
      rows: () => seen.rows,
    };
    // One catalog for the view's life, so that its query is analysed once and not at each merge.
    this.#catalog = {
      database: "",
      schemaVersion: 1,
      tables: new Map([[source.name, replaced]]),
      views: new Map(),
      functions: new Map(),
    };
    this.#listener = {
      added: (rows) => {
        for (const row of rows) this.#delta.push(row);
      },
      removing: () => this.merge(),
    };
    source.listeners.push(this.#listener);
  }

  /** Binds the view's query, which tells its columns. */
  bind(): void {
    const { columns } = this.#evaluate([]);
    const before = this.columns;
    const parts = partsOf(this.definition, columns.length);
    for (const { aggregate, first } of parts) {
      if (aggregate !== "take_any" && columns[first]!.type === "decimal") {
        throw badView(this.name, `${aggregate} of a decimal is not supported by this emulator`);
      }
    }
    this.columns = columns;
    this.#parts = parts;
    if (before.length === 0 || this.#rows.length === 0) return;
    const from = columns.map((column) => before.findIndex((old) => old.name === column.name));
    for (const row of this.#rows) {
      const cells = from.map((at, index) => at < 0 ? emptyValue(columns[index]!) : row[at]!);
      row.splice(0, row.length, ...cells);
    }
    this.#indexes.clear();
  }

  /** Takes up columns that were bound by an earlier process, so that no query need be analysed yet. */
  resume(columns: readonly Column[]): void {
    this.columns = columns;
    this.#parts = partsOf(this.definition, columns.length);
  }

  /** Gives the view another query over the same keys; rows that it holds stay. */
  redefine(definition: ViewDefinition, settings: ViewSettings): void {
    this.merge();
    this.definition = definition;
    this.settings = settings;
    this.sourceColumns = this.source.columns;
    this.#catalog.schemaVersion++;
    this.bind();
  }

  /** Takes up rows that the source held before, or that were not joined when the process ended. */
  catchUp(rows: readonly StoredRow[]): void {
    for (const row of rows) this.#delta.push(row);
  }

  /** Puts back rows that a durable store kept. */
  restore(rows: readonly StoredRow[]): void {
    for (const row of rows) {
      this.#keep(row);
      this.nextRowId = Math.max(this.nextRowId, row.rowId + 1);
    }
  }

  /** The rows that are materialized. */
  heldRows(): readonly StoredRow[] {
    return this.#rows;
  }

  rows(): readonly Row[] {
    this.#settle();
    return this.#rows;
  }

  lookup(column: number, values: ReadonlySet<string>): readonly Row[] | undefined {
    if (column >= this.definition.keys.length || this.columns[column]?.type !== "string") {
      return undefined;
    }
    this.#settle();
    let index = this.#indexes.get(column);
    if (index === undefined) {
      index = new Map();
      for (const row of this.#rows) addToIndex(index, row[column] as string, row);
      this.#indexes.set(column, index);
    }
    const found: Row[] = [];
    for (const value of values) {
      const rows = index.get(value);
      if (rows) { for (const row of rows) found.push(row); }
    }
    return found;
  }

  /** Joins the rows that came since the last time to those that the view holds. */
  merge(): void {
    while (this.#delta.length > 0) {
      const first = this.#delta[0]!.ingestedAt;
      let end = 1;
      while (end < this.#delta.length && this.#delta[end]!.ingestedAt - first < mergeSpan) end++;
      const batch = this.#delta.splice(0, end);
      const at = batch.at(-1)!.ingestedAt;
      const changed = new Set<StoredRow>();
      for (const row of this.#evaluate(batch).rows) changed.add(this.#join(row, at));
      this.merged?.([...changed], batch.at(-1)!.rowId);
    }
  }

  /** Removes rows of the view, as `.delete materialized-view` does. */
  remove(gone: ReadonlySet<Row>): void {
    if (gone.size === 0) return;
    this.#replaceRows(this.#rows.filter((row) => !gone.has(row)));
    this.removed?.([...gone] as StoredRow[]);
  }

  /** Removes all rows of the view. */
  clear(): void {
    this.merge();
    this.#replaceRows([]);
    this.removed?.(undefined);
  }

  /** Ends the view's listening to its source. */
  drop(): void {
    const at = this.source.listeners.indexOf(this.#listener);
    if (at >= 0) this.source.listeners.splice(at, 1);
  }

  #evaluate(rows: readonly StoredRow[]): ReturnType<ViewRunner> {
    const columns = this.sourceColumns;
    const now = this.source.columns;
    const same = columns.length === now.length &&
      columns.every((column, at) => column.name === now[at]!.name);
    const from = columns.map((column) => now.findIndex(({ name }) => name === column.name));
    const seen: readonly Row[] = same
      ? rows
      : rows.map((row) => from.map((at, index) => at < 0 ? emptyValue(columns[index]!) : row[at]!));
    this.#seen.columns = columns;
    this.#seen.rows = seen;
    const result = this.#run(this.definition.query, this.#catalog);
    this.#seen.rows = [];
    return result;
  }

  #join(row: Row, at: bigint): StoredRow {
    const held = this.#byKey.get(this.#keyOf(row));
    if (held === undefined) {
      const added = Object.assign([...row], { ingestedAt: at, rowId: this.nextRowId++ });
      this.#keep(added);
      return added;
    }
    for (const { aggregate, first, count } of this.#parts) {
      if (aggregate === "sum") {
        held[first] = add(held[first]!, row[first]!);
      } else if (wins(aggregate, row[first]!, held[first]!)) {
        for (let column = first; column < first + count; column++) held[column] = row[column]!;
      }
    }
    held.ingestedAt = at;
    return held;
  }

  #keep(row: StoredRow): void {
    this.#rows.push(row);
    this.#byKey.set(this.#keyOf(row), row);
    for (const [column, index] of this.#indexes) addToIndex(index, row[column] as string, row);
    if (this.#oldest === undefined || row.ingestedAt < this.#oldest) this.#oldest = row.ingestedAt;
  }

  #keyOf(row: Row): string {
    let key = "";
    for (let at = 0; at < this.definition.keys.length; at++) {
      const text = String(row[at]);
      key += `${text.length}:${text}`;
    }
    return key;
  }

  #replaceRows(rows: StoredRow[]): void {
    this.#rows = [];
    this.#byKey.clear();
    this.#indexes.clear();
    this.#oldest = undefined;
    for (const row of rows) this.#keep(row);
  }

  #settle(): void {
    // Reading the source lets rows whose delay is over become visible, which this view is told of.
    this.source.rows();
    this.merge();
    if (this.#oldest === undefined) return;
    const kept = this.#now() - retentionTicks(this.policies, this.#databasePolicies);
    if (this.#oldest > kept) return;
    this.remove(new Set(this.#rows.filter((row) => row.ingestedAt <= kept)));
    this.#oldest = this.#rows.reduce<bigint | undefined>(
      (least, row) => least === undefined || row.ingestedAt < least ? row.ingestedAt : least,
      undefined,
    );
  }
}

function addToIndex(index: Map<string, Row[]>, value: string, row: Row): void {
  const same = index.get(value);
  if (same) same.push(row);
  else index.set(value, [row]);
}

function add(left: Value, right: Value): Value {
  if (left === null) return right;
  if (right === null) return left;
  if (typeof left === "bigint" && typeof right === "bigint") return BigInt.asIntN(64, left + right);
  return Number(left) + Number(right);
}

function wins(aggregate: Exclude<ViewPart["aggregate"], "sum">, next: Value, held: Value): boolean {
  if (aggregate === "take_any") return held === null || held === "";
  if (next === null) return false;
  if (held === null) return true;
  return aggregate === "arg_max" || aggregate === "max" ? next > held : next < held;
}
