/**
 * What the tests of the query language share: a small database, and queries over it.
 *
 * @module
 */
import type {
  Catalog,
  Row,
  StoredFunction,
  TableSource,
} from "../../src/emulator/language/catalog.ts";
import { runQuery } from "../../src/emulator/language/evaluate.ts";
import { loadLanguage } from "../../src/emulator/parser/parser.ts";
import { toWire } from "../../src/emulator/values/values.ts";

/** 2024-01-01T00:00:00Z, in ticks. */
export const NOW = 638_396_640_000_000_000n;

/** A database of the tables and functions given. */
export function catalogOf(
  tables: readonly TableSource[] = [],
  functions: readonly StoredFunction[] = [],
): Catalog {
  return {
    database: "db",
    schemaVersion: 1,
    tables: new Map(tables.map((table) => [table.name, table])),
    views: new Map(),
    functions: new Map(functions.map((stored) => [stored.name, stored])),
  };
}

/** A table that counts how often it was scanned and how often its index was asked. */
export class CountedTable implements TableSource {
  readonly name: string = "People";
  readonly columns = [{ name: "id", type: "string" }, { name: "age", type: "long" }] as const;
  scans = 0;
  lookups = 0;
  readonly #rows: readonly Row[];

  constructor(rows: readonly Row[]) {
    this.#rows = rows;
  }

  rows(): readonly Row[] {
    this.scans++;
    return this.#rows;
  }

  lookup(column: number, values: ReadonlySet<string>): readonly Row[] {
    this.lookups++;
    return this.#rows.filter((row) => values.has(row[column] as string));
  }

  ingestedAt(): bigint {
    return NOW;
  }
}

/** The tables that a text gives: names and types of columns, and cells as JSON texts. */
export async function ask(
  text: string,
  catalog: Catalog = catalogOf(),
  parameters: Readonly<Record<string, unknown>> = {},
): Promise<{ name: string; columns: string; rows: string[][] }[]> {
  await loadLanguage();
  const tables = runQuery(text, catalog, {
    parameters: new Map(Object.entries(parameters)),
    now: NOW,
    random: () => 0.5,
  });
  return tables.map(({ name, columns, rows }) => ({
    name,
    columns: columns.map((column) => `${column.name}:${column.type}`).join(", "),
    rows: rows.map((row) => row.map((cell, at) => toWire(columns[at]!.type, cell))),
  }));
}

/** The cells that `print` gives for expressions, as JSON texts. */
export async function print(expressions: string): Promise<string> {
  const [table] = await ask(`print ${expressions}`);
  return table!.rows[0]!.join(" | ");
}
