/**
 * Indexes of rows by the texts in a column, made when a column is first looked up.
 *
 * @module
 */
import type { Row } from "../language/catalog.ts";

/** The indexes of a set of rows that grows, by column. */
export class TextIndexes {
  readonly #byColumn = new Map<number, Map<string, Row[]>>();

  /**
   * The rows whose cell in a string column is one of `values`.
   *
   * @param all All rows that there are, for a column that has no index yet.
   */
  lookup(column: number, values: ReadonlySet<string>, all: readonly Row[]): readonly Row[] {
    let index = this.#byColumn.get(column);
    if (index === undefined) {
      index = new Map();
      for (const row of all) addTo(index, column, row);
      this.#byColumn.set(column, index);
    }
    if (values.size === 1) {
      for (const value of values) return index.get(value) ?? [];
    }
    const found: Row[] = [];
    for (const value of values) {
      const rows = index.get(value);
      if (rows) { for (const row of rows) found.push(row); }
    }
    return found;
  }

  /** Takes up a row that came. */
  add(row: Row): void {
    for (const [column, index] of this.#byColumn) addTo(index, column, row);
  }

  /** Forgets all indexes, where rows went or changed. */
  clear(): void {
    this.#byColumn.clear();
  }
}

function addTo(index: Map<string, Row[]>, column: number, row: Row): void {
  const value = row[column] as string;
  const same = index.get(value);
  if (same) same.push(row);
  else index.set(value, [row]);
}
