/**
 * A materialized view: rows kept by key, and the source's rows that are not joined to them yet.
 *
 * As on the service, what a query of the view sees is the materialized part with the newest rows joined to it, so it is
 * never behind its source; rows that are deleted from the source later stay in the view, but rows that are deleted before
 * they are materialized never come into it.
 *
 * Sources: materialized-view-overview, materialized-view-function (Kusto documentation).
 *
 * @module
 */
import {
  type Catalog,
  catalogOf,
  type Column,
  type Row,
  type TableSource,
  type ViewSource,
} from "../language/catalog.ts";
import type { Policies } from "./policies.ts";
import { retentionTicks } from "./policies.ts";
import { refitting } from "./refitting.ts";
import type { RowListener, StoredRow, Table } from "./tables.ts";
import { badView, partsOf, type ViewDefinition } from "./view_definition.ts";
import { ViewRows } from "./view_rows.ts";

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

/** How far a view's materialization has come, by the numbers of its source's rows. */
export interface ViewProgress {
  /** The last row that was joined. */
  readonly mark: number;
  /** Rows before the mark that were not: they became visible later than those after them. */
  readonly missing: readonly number[];
}

/** What a view is made of. */
export interface ViewSetup {
  readonly name: string;
  /** Names the view on disk. */
  readonly key: number;
  readonly source: Table;
  readonly definition: ViewDefinition;
  readonly settings: ViewSettings;
  readonly run: ViewRunner;
  /** Ticks now. */
  readonly now: () => bigint;
  /** Ticks by which materialization lags behind ingestion. */
  readonly lag: () => bigint;
  readonly databasePolicies: Policies;
  /** Told of rows that a materialization added or changed. */
  readonly materialized: (rows: readonly StoredRow[], progress: ViewProgress) => void;
  /** Told of rows that went; `undefined` stands for all of them. */
  readonly removed: (rows: readonly StoredRow[] | undefined) => void;
}

/** Rows ingested within one hour are joined together, and are as old as the youngest of them. */
const mergeSpan = 36_000_000_000n;

/** One materialized view. */
export class MaterializedView implements ViewSource {
  readonly name: string;
  readonly key: number;
  readonly source: Table;
  readonly policies: Policies = new Map();
  definition: ViewDefinition;
  settings: ViewSettings;
  columns: readonly Column[] = [];
  /** Ticks since when the view is disabled: nothing is materialized then. */
  disabledAt: bigint | undefined;
  /** The columns of the source that the definition was bound to. */
  sourceColumns: readonly Column[];
  /** The materialized part alone. */
  readonly materialized: TableSource;
  readonly #setup: ViewSetup;
  readonly #listener: RowListener;
  readonly #seen: { columns: readonly Column[]; rows: readonly Row[] };
  readonly #catalog: Catalog & { schemaVersion: number };
  /** The materialized part. */
  readonly #held: ViewRows;
  /** Rows of the source that are not materialized. */
  #pending: StoredRow[] = [];
  /** What the pending rows add to the materialized part: new rows, and others in place of `#replaced`. */
  readonly #ahead: ViewRows;
  readonly #replaced = new Set<Row>();
  /** How many of the pending rows `#ahead` has taken up. */
  #lookedAt = 0;
  #mark = 0;

  constructor(setup: ViewSetup) {
    const { name, key, source, definition, settings } = setup;
    this.name = name;
    this.key = key;
    this.source = source;
    this.definition = definition;
    this.settings = settings;
    this.sourceColumns = source.columns;
    this.#setup = setup;
    this.#held = new ViewRows(definition.keys.length);
    this.#ahead = new ViewRows(definition.keys.length);
    const seen = { columns: source.columns, rows: [] as readonly Row[] };
    this.#seen = seen;
    const replaced: TableSource = {
      name: source.name,
      get columns() {
        return seen.columns;
      },
      rows: () => seen.rows,
    };
    // One catalog for the view's life, so that its query is analysed once and not at each materialization.
    this.#catalog = catalogOf(replaced);
    this.#listener = {
      added: (rows) => this.#take(rows),
      removing: () => this.#materialize(this.materializedTo()),
      removed: (rows) => this.#forget(rows),
      reshaping: () => this.materializeAll(),
    };
    source.listeners.push(this.#listener);
    const columns = (): readonly Column[] => this.columns;
    this.materialized = {
      name,
      get columns() {
        return columns();
      },
      rows: () => this.#settled().all,
      lookup: (column, values) =>
        this.#isText(column) ? this.#settled().lookup(column, values) : undefined,
    };
  }

  /** Whether rows are being materialized. */
  get isEnabled(): boolean {
    return this.disabledAt === undefined;
  }

  /** Rows ingested up to these ticks are materialized. */
  materializedTo(): bigint {
    return (this.disabledAt ?? this.#setup.now()) - this.#setup.lag();
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
    this.resume(columns);
    if (before.length > 0) this.#held.changeColumns(before, columns);
  }

  /** Takes up columns that were bound by an earlier process, so that no query need be analysed yet. */
  resume(columns: readonly Column[]): void {
    this.columns = columns;
    this.#held.parts = this.#ahead.parts = partsOf(this.definition, columns.length);
  }

  /** Gives the view another query over the same keys; rows that it holds stay. */
  redefine(definition: ViewDefinition, settings: ViewSettings): void {
    this.materializeAll();
    this.definition = definition;
    this.settings = settings;
    this.sourceColumns = this.source.columns;
    this.#catalog.schemaVersion++;
    this.bind();
  }

  /** Begins with rows that the source holds already; all others up to `mark` are left out. */
  begin(rows: readonly StoredRow[], mark: number): void {
    this.#mark = mark;
    for (const row of rows) this.#pending.push(row);
    this.materializeAll();
  }

  /** Goes on with rows that a durable store kept, and the source's rows that were not joined to them. */
  restore(rows: readonly StoredRow[], { mark, missing }: ViewProgress): void {
    this.#held.replace(rows);
    this.#mark = mark;
    const late = new Set(missing);
    this.#take(this.source.allRows().filter(({ rowId }) => rowId > mark || late.has(rowId)));
  }

  /** How far materialization has come. */
  progress(): ViewProgress {
    const waiting = [...this.#pending, ...this.source.delayedRows()];
    const missing = waiting.map(({ rowId }) => rowId).filter((rowId) => rowId < this.#mark);
    return { mark: this.#mark, missing };
  }

  /** The rows that are materialized. */
  heldRows(): readonly StoredRow[] {
    return this.#held.all;
  }

  rows(): readonly Row[] {
    const held = this.#settled();
    this.#lookAhead();
    if (this.#lookedAt === 0) return held.all;
    return [...held.all.filter((row) => !this.#replaced.has(row)), ...this.#ahead.all];
  }

  lookup(column: number, values: ReadonlySet<string>): readonly Row[] | undefined {
    if (!this.#isText(column)) return undefined;
    const held = this.#settled().lookup(column, values);
    this.#lookAhead();
    const ahead = this.#lookedAt === 0 ? undefined : this.#ahead.lookup(column, values);
    return held && ahead ? [...held.filter((row) => !this.#replaced.has(row)), ...ahead] : held;
  }

  /** Joins all rows that came since the last time to those that the view holds, however fresh they are. */
  materializeAll(): void {
    this.#materialize(undefined);
  }

  /** Removes rows of the materialized part, as `.delete materialized-view` does. */
  remove(gone: ReadonlySet<Row>): void {
    if (gone.size === 0) return;
    this.#held.replace(this.#held.all.filter((row) => !gone.has(row)));
    this.#lookAgain();
    this.#setup.removed([...gone] as StoredRow[]);
  }

  /** Removes all rows of the view. */
  clear(): void {
    this.materializeAll();
    this.#held.replace([]);
    this.#setup.removed(undefined);
  }

  /** Ends the view's listening to its source. */
  drop(): void {
    const at = this.source.listeners.indexOf(this.#listener);
    if (at >= 0) this.source.listeners.splice(at, 1);
  }

  #isText(column: number): boolean {
    return this.columns[column]?.type === "string";
  }

  /** Takes up rows that became visible, but for those ingested before the view was to begin. */
  #take(rows: readonly StoredRow[]): void {
    const { effectiveFrom } = this.settings;
    for (const row of rows) if (row.ingestedAt >= effectiveFrom) this.#pending.push(row);
  }

  #forget(rows: readonly StoredRow[] | undefined): void {
    if (this.#pending.length === 0) return;
    const gone = rows && new Set(rows);
    this.#pending = gone ? this.#pending.filter((row) => !gone.has(row)) : [];
    this.#lookAgain();
  }

  #evaluate(rows: readonly StoredRow[]): ReturnType<ViewRunner> {
    const columns = this.sourceColumns;
    const now = this.source.columns;
    const same = columns.length === now.length &&
      columns.every((column, at) => column.name === now[at]!.name);
    const seen: readonly Row[] = same ? rows : rows.map(refitting(now, columns));
    this.#seen.columns = columns;
    this.#seen.rows = seen;
    const result = this.#setup.run(this.definition.query, this.#catalog);
    this.#seen.rows = [];
    return result;
  }

  /** Materializes the pending rows ingested up to `last`, or all of them. */
  #materialize(last: bigint | undefined): void {
    if (this.#pending.length === 0) return;
    const isDue = ({ ingestedAt }: StoredRow): boolean => last === undefined || ingestedAt <= last;
    const due = this.#pending.filter(isDue).sort((a, b) => a.rowId - b.rowId);
    if (due.length === 0) return;
    this.#lookAgain();
    while (due.length > 0) {
      const first = due[0]!.ingestedAt;
      let end = 1;
      while (end < due.length && due[end]!.ingestedAt - first < mergeSpan) end++;
      const batch = due.splice(0, end);
      const youngest = batch.at(-1)!;
      const changed = new Set<StoredRow>();
      for (const row of this.#evaluate(batch).rows) {
        changed.add(this.#held.join(row, youngest.ingestedAt));
      }
      const joined = new Set(batch);
      this.#pending = this.#pending.filter((row) => !joined.has(row));
      this.#mark = Math.max(this.#mark, youngest.rowId);
      this.#setup.materialized([...changed], this.progress());
    }
  }

  /** Joins pending rows to copies, so that queries see them and the materialized part stays as it is. */
  #lookAhead(): void {
    const next = this.#pending.slice(this.#lookedAt);
    if (next.length === 0) return;
    for (const row of this.#evaluate(next).rows) {
      const held = this.#held.find(row);
      if (held && !this.#ahead.find(row)) {
        const { ingestedAt, rowId } = held;
        this.#ahead.keep(Object.assign([...held], { ingestedAt, rowId }));
        this.#replaced.add(held);
      }
      this.#ahead.join(row, next.at(-1)!.ingestedAt);
    }
    this.#lookedAt = this.#pending.length;
  }

  #lookAgain(): void {
    if (this.#lookedAt === 0) return;
    this.#ahead.replace([]);
    this.#replaced.clear();
    this.#lookedAt = 0;
  }

  /** The materialized part as it is now. */
  #settled(): ViewRows {
    // Reading the source lets rows whose delay is over become visible, which this view is told of.
    this.source.rows();
    this.#materialize(this.materializedTo());
    const period = retentionTicks(this.policies, this.#setup.databasePolicies);
    this.remove(new Set(this.#held.upTo(this.#setup.now() - period)));
    return this.#held;
  }
}
