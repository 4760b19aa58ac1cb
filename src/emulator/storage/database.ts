/**
 * The one database of an emulator: its tables, views, stored functions and policies, as commands change them.
 *
 * @module
 */
import type { Catalog, StoredFunction } from "../language/catalog.ts";
import { checkEntityName, entityNotFound } from "../entity_errors.ts";
import type { Mapping } from "./mappings.ts";
import { type Policies, streamingAllowed } from "./policies.ts";
import type { Store, StoredState } from "./store.ts";
import { type StoredRow, Table, type TableSchema } from "./tables.ts";
import { MaterializedView, type ViewRunner, type ViewSettings } from "./views.ts";
import { readViewQuery, type ViewDefinition } from "./view_definition.ts";

/** A stored function with what `.show functions` tells of it. */
export interface DescribedFunction extends StoredFunction {
  readonly folder: string;
  readonly docString: string;
}

/** What a database needs from its emulator. */
export interface DatabaseSetup {
  readonly name: string;
  /** Ticks now. */
  readonly now: () => bigint;
  /** Runs the query of a materialized view. */
  readonly runView: ViewRunner;
  /** Ticks by which the materialization of views lags behind ingestion. */
  readonly viewLag: () => bigint;
  /** Where rows and schema are kept, if anywhere. */
  readonly store?: Store | undefined;
}

/** A database. */
export class Database implements Catalog {
  readonly database: string;
  readonly now: () => bigint;
  readonly tables: Map<string, Table> = new Map();
  readonly views: Map<string, MaterializedView> = new Map();
  readonly functions: Map<string, DescribedFunction> = new Map();
  readonly policies: Policies = new Map();
  readonly mappings: Map<string, Mapping> = new Map();
  schemaVersion = 1;
  /** Told of every change of the schema. */
  readonly schemaListeners: (() => void)[] = [];
  readonly #setup: DatabaseSetup;
  readonly #store: Store | undefined;
  #nextKey = 1;

  constructor(setup: DatabaseSetup) {
    this.database = setup.name;
    this.now = setup.now;
    this.#setup = setup;
    this.#store = setup.store;
    const state = setup.store?.load();
    if (state) this.#restore(state);
  }

  /** The table of the name given. */
  table(name: string): Table {
    const table = this.tables.get(name);
    if (table === undefined) throw entityNotFound("Table", name, this.database);
    return table;
  }

  /** The materialized view of the name given. */
  view(name: string): MaterializedView {
    const view = this.views.get(name);
    if (view === undefined) throw entityNotFound("MaterializedView", name, this.database);
    return view;
  }

  /** Makes a table. */
  createTable(name: string, schema: TableSchema): Table {
    checkEntityName(name);
    const table = new Table(name, this.#nextKey++, schema, this.now, this.policies);
    this.#adopt(table);
    this.changed();
    return table;
  }

  /** Forgets a table and its rows. */
  dropTable(table: Table): void {
    this.tables.delete(table.name);
    this.#together(() => {
      this.#store?.removeRows(table.key, undefined);
      this.changed();
    });
  }

  /** Makes a view over a table; `rows` are those of the source that it begins with. */
  createView(
    name: string,
    source: Table,
    definition: ViewDefinition,
    settings: ViewSettings,
    rows: readonly StoredRow[],
  ): MaterializedView {
    checkEntityName(name);
    const view = this.#makeView(name, this.#nextKey++, source, definition, settings);
    try {
      view.bind();
    } catch (error) {
      view.drop();
      throw error;
    }
    this.views.set(name, view);
    this.#together(() => {
      view.begin(rows, source.nextRowId - 1);
      this.#store?.saveView(view.key, view.columns, [], view.progress());
      this.changed();
    });
    return view;
  }

  /** Forgets a view and its rows. */
  dropView(view: MaterializedView): void {
    view.drop();
    this.views.delete(view.name);
    this.#together(() => {
      this.#store?.removeRows(view.key, undefined);
      this.changed();
    });
  }

  /** Takes rows into a table: durable first, visible from `visibleAt` on. */
  ingest(table: Table, rows: readonly StoredRow[], visibleAt?: bigint): void {
    this.#store?.addRows(table.key, table.columns, rows);
    table.append(rows, visibleAt);
  }

  /** Whether rows may be streamed into a table. */
  allowsStreaming(table: Table): boolean {
    return streamingAllowed(table.policies, this.policies);
  }

  /** Notes that names, columns or texts of the schema changed: analysed texts are bound anew. */
  changed(): void {
    this.schemaVersion++;
    this.settingsChanged();
  }

  /** Notes that policies or mappings changed, which no analysed text depends on. */
  settingsChanged(): void {
    this.#store?.saveSchema(describe(this, this.#nextKey));
    for (const listener of this.schemaListeners) listener();
  }

  /** Gives a table other columns and tells the views over it. */
  changeColumns(table: Table, columns: Table["columns"]): void {
    const added = columns.some(({ name }) => !table.columns.some((old) => old.name === name));
    const lost = table.columns.some(({ name }) => !columns.some((kept) => kept.name === name));
    const same = columns.length === table.columns.length &&
      columns.every(({ name, type }, at) =>
        name === table.columns[at]!.name && type === table.columns[at]!.type
      );
    if (same) {
      this.settingsChanged();
      return;
    }
    this.#together(() => {
      table.changeColumns(columns);
      this.#store?.removeRows(table.key, undefined);
      this.#store?.addRows(table.key, columns, table.allRows());
      for (const view of this.views.values()) {
        if (view.source !== table) continue;
        const star = view.definition.aggregates.some(({ count }) => count < 0);
        if (view.settings.autoUpdateSchema) {
          this.redefineView(view, view.definition, view.settings);
        } else if (lost || (added && star)) view.disabledAt ??= this.now();
      }
      this.changed();
    });
  }

  /** Gives a view another query or other settings. */
  redefineView(view: MaterializedView, definition: ViewDefinition, settings: ViewSettings): void {
    const old = { definition: view.definition, settings: view.settings };
    this.#together(() => {
      try {
        view.redefine(definition, settings);
      } catch (error) {
        view.redefine(old.definition, old.settings);
        throw error;
      }
      this.#store?.saveView(view.key, view.columns, view.heldRows(), view.progress());
      this.changed();
    });
  }

  /** Makes the changes of a call durable as one. */
  #together(change: () => void): void {
    if (this.#store) this.#store.together(change);
    else change();
  }

  #adopt(table: Table): void {
    this.tables.set(table.name, table);
    table.listeners.push({
      removed: (rows) => this.#store?.removeRows(table.key, rows),
    });
  }

  #makeView(
    name: string,
    key: number,
    source: Table,
    definition: ViewDefinition,
    settings: ViewSettings,
  ): MaterializedView {
    const view: MaterializedView = new MaterializedView({
      name,
      key,
      source,
      definition,
      settings,
      run: this.#setup.runView,
      now: this.now,
      lag: this.#setup.viewLag,
      databasePolicies: this.policies,
      materialized: (rows, progress) => this.#store?.saveView(key, view.columns, rows, progress),
      removed: (rows) => this.#store?.removeRows(key, rows),
    });
    return view;
  }

  #restore(state: StoredState): void {
    this.#nextKey = state.schema.nextKey;
    fill(this.policies, state.schema.policies);
    fill(this.mappings, state.schema.mappings);
    for (const stored of state.schema.functions) this.functions.set(stored.name, stored);
    for (const stored of state.schema.tables) {
      const table = new Table(stored.name, stored.key, stored, this.now, this.policies);
      fill(table.policies, stored.policies);
      fill(table.encodings, stored.encodings);
      fill(table.mappings, stored.mappings);
      const rows = state.rows(stored.key, stored.columns);
      table.append(rows);
      table.nextRowId = Math.max(stored.nextRowId, (rows.at(-1)?.rowId ?? 0) + 1);
      this.#adopt(table);
    }
    for (const stored of state.schema.views) {
      const source = this.table(stored.source);
      const definition = readViewQuery(stored.name, stored.source, stored.query);
      const settings = { ...stored.settings, effectiveFrom: BigInt(stored.effectiveFrom) };
      const view = this.#makeView(stored.name, stored.key, source, definition, settings);
      fill(view.policies, stored.policies);
      if (stored.disabledAt !== null) view.disabledAt = BigInt(stored.disabledAt);
      view.sourceColumns = stored.sourceColumns;
      view.resume(stored.columns);
      const progress = state.progress(stored.key);
      // Rows that were joined and then deleted may have had the highest numbers: none is given again.
      source.nextRowId = Math.max(source.nextRowId, progress.mark + 1);
      view.restore(state.rows(stored.key, stored.columns), progress);
      this.views.set(stored.name, view);
    }
  }
}

function fill<K extends string, V>(map: Map<K, V>, entries: readonly (readonly [string, V])[]) {
  for (const [key, value] of entries) map.set(key as K, value);
}

/** A database's schema as a durable store keeps it. */
function describe(database: Database, nextKey: number): StoredState["schema"] {
  return {
    nextKey,
    policies: [...database.policies],
    mappings: [...database.mappings],
    functions: [...database.functions.values()],
    tables: [...database.tables.values()].map((table) => ({
      name: table.name,
      key: table.key,
      nextRowId: table.nextRowId,
      columns: table.columns,
      folder: table.folder,
      docString: table.docString,
      policies: [...table.policies],
      encodings: [...table.encodings],
      mappings: [...table.mappings],
    })),
    views: [...database.views.values()].map((view) => ({
      name: view.name,
      key: view.key,
      source: view.source.name,
      query: view.definition.query,
      settings: {
        folder: view.settings.folder,
        docString: view.settings.docString,
        autoUpdateSchema: view.settings.autoUpdateSchema,
      },
      effectiveFrom: String(view.settings.effectiveFrom),
      disabledAt: view.disabledAt === undefined ? null : String(view.disabledAt),
      columns: view.columns,
      sourceColumns: view.sourceColumns,
      policies: [...view.policies],
    })),
  };
}
