/**
 * A database kept in a folder, by the SQLite that the runtime ships as `node:sqlite`.
 *
 * Write-ahead logging with full synchronisation: a change is on disk when its call returns. The exclusive lock that
 * SQLite holds as long as the process lives keeps a second process out.
 *
 * @module
 */
import type { Column } from "../language/catalog.ts";
import { EmulatorError } from "../emulator_error.ts";
import type { Store, StoredSchema, StoredState } from "./store.ts";
import { cellsOf, cellsText } from "./stored_cells.ts";
import type { StoredRow } from "./tables.ts";
import type { ViewProgress } from "./views.ts";

/** Changes with the form of what is kept. */
const format = "1";

interface Statement {
  run(...values: readonly (string | number)[]): unknown;
  all(...values: readonly (string | number)[]): unknown[];
  get(...values: readonly (string | number)[]): unknown;
}

interface Sqlite {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

/**
 * Opens the store in a folder, which is made where it is missing.
 *
 * @param load Gives the module `node:sqlite`.
 * @throws EmulatorError where the runtime has no SQLite, another process has the folder, or it cannot be read.
 */
export async function openSqliteStore(
  folder: string,
  load: () => Promise<unknown> = () => import("node:sqlite"),
): Promise<Store> {
  const { mkdirSync } = await import("node:fs");
  let DatabaseSync: new (path: string) => Sqlite;
  try {
    ({ DatabaseSync } = await load() as { DatabaseSync: new (path: string) => Sqlite });
  } catch (cause) {
    throw new EmulatorError(
      "NO_SQLITE",
      "Cannot keep rows in a folder: this runtime has no node:sqlite; Deno, Bun and Node.js from version 22 have it",
      cause,
    );
  }
  let sqlite: Sqlite | undefined;
  try {
    mkdirSync(folder, { recursive: true });
    sqlite = new DatabaseSync(`${folder}/kusto.sqlite`);
    sqlite.exec(`
      PRAGMA busy_timeout = 0;
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      BEGIN IMMEDIATE;
      CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS rows (
        owner INTEGER NOT NULL, id INTEGER NOT NULL, ingested TEXT NOT NULL, cells TEXT NOT NULL,
        PRIMARY KEY (owner, id)
      );
      COMMIT;
    `);
    return new SqliteStore(sqlite, folder);
  } catch (cause) {
    sqlite?.close();
    if (cause instanceof EmulatorError) throw cause;
    const locked = cause instanceof Error && /locked|busy/i.test(cause.message);
    throw new EmulatorError(
      locked ? "FOLDER_IN_USE" : "FOLDER_UNREADABLE",
      locked
        ? `Cannot open the folder ${folder}: another process has it open`
        : `Cannot open the folder ${folder}: it cannot be read or written as a database`,
      cause,
    );
  }
}

class SqliteStore implements Store {
  readonly #sqlite: Sqlite;
  readonly #folder: string;
  readonly #put: Statement;
  readonly #removeOne: Statement;
  readonly #removeAll: Statement;
  readonly #setState: Statement;
  #isInside = false;

  constructor(sqlite: Sqlite, folder: string) {
    this.#sqlite = sqlite;
    this.#folder = folder;
    this.#put = sqlite.prepare(
      "INSERT INTO rows (owner, id, ingested, cells) VALUES (?, ?, ?, ?) ON CONFLICT (owner, id) DO UPDATE SET ingested = excluded.ingested, cells = excluded.cells",
    );
    this.#removeOne = sqlite.prepare("DELETE FROM rows WHERE owner = ? AND id = ?");
    this.#removeAll = sqlite.prepare("DELETE FROM rows WHERE owner = ?");
    this.#setState = sqlite.prepare(
      "INSERT INTO state (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    );
  }

  load(): StoredState | undefined {
    const read = this.#sqlite.prepare("SELECT value FROM state WHERE name = ?");
    const value = (name: string): string | undefined =>
      (read.get(name) as { value: string } | undefined)?.value;
    const kept = value("format");
    if (kept === undefined) {
      this.#setState.run("format", format);
      return undefined;
    }
    if (kept !== format) {
      throw new EmulatorError(
        "FOLDER_UNREADABLE",
        `Cannot open the folder ${this.#folder}: it was written by another version (format ${kept}, not ${format})`,
      );
    }
    const schema = value("schema");
    if (schema === undefined) return undefined;
    const rows = this.#sqlite.prepare(
      "SELECT id, ingested, cells FROM rows WHERE owner = ? ORDER BY id",
    );
    return {
      schema: JSON.parse(schema) as StoredSchema,
      rows: (key, columns) =>
        (rows.all(key) as { id: number; ingested: string; cells: string }[]).map((row) =>
          Object.assign(cellsOf(columns, row.cells), {
            ingestedAt: BigInt(row.ingested),
            rowId: row.id,
          })
        ),
      progress: (key) => JSON.parse(value(`progress ${key}`)!) as ViewProgress,
    };
  }

  saveSchema(schema: StoredSchema): void {
    this.#setState.run("schema", JSON.stringify(schema));
  }

  addRows(key: number, columns: readonly Column[], rows: readonly StoredRow[]): void {
    this.together(() => this.#putRows(key, columns, rows));
  }

  removeRows(key: number, rows: readonly StoredRow[] | undefined): void {
    this.together(() => {
      if (rows === undefined) this.#removeAll.run(key);
      else for (const { rowId } of rows) this.#removeOne.run(key, rowId);
    });
  }

  saveView(
    key: number,
    columns: readonly Column[],
    rows: readonly StoredRow[],
    progress: ViewProgress,
  ): void {
    this.together(() => {
      this.#putRows(key, columns, rows);
      this.#setState.run(`progress ${key}`, JSON.stringify(progress));
    });
  }

  together(change: () => void): void {
    if (this.#isInside) {
      change();
      return;
    }
    this.#sqlite.exec("BEGIN IMMEDIATE");
    this.#isInside = true;
    try {
      change();
      this.#sqlite.exec("COMMIT");
    } catch (error) {
      this.#sqlite.exec("ROLLBACK");
      throw error;
    } finally {
      this.#isInside = false;
    }
  }

  close(): void {
    this.#sqlite.close();
  }

  #putRows(key: number, columns: readonly Column[], rows: readonly StoredRow[]): void {
    for (const row of rows) {
      this.#put.run(key, row.rowId, String(row.ingestedAt), cellsText(columns, row));
    }
  }
}
