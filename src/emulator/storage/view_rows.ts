/**
 * Rows of a materialized view, one for each of its keys, into which results over further rows are joined.
 *
 * @module
 */
import type { Column, Row } from "../language/catalog.ts";
import { refitting } from "./refitting.ts";
import type { StoredRow } from "./tables.ts";
import { TextIndexes } from "./text_indexes.ts";
import type { Value } from "../values/values.ts";
import type { ViewPart } from "./view_definition.ts";

/** Rows by key. */
export class ViewRows {
  /** How each aggregate of the view joins. */
  parts: readonly ViewPart[] = [];
  nextRowId = 1;
  readonly #keys: number;
  #rows: StoredRow[] = [];
  #byKey = new Map<string, StoredRow>();
  readonly #indexes = new TextIndexes();
  #oldest: bigint | undefined;

  /** Makes an empty set of rows whose first `keys` cells are their key. */
  constructor(keys: number) {
    this.#keys = keys;
  }

  /** All rows. */
  get all(): readonly StoredRow[] {
    return this.#rows;
  }

  /** The row with the key of the row given. */
  find(row: Row): StoredRow | undefined {
    return this.#byKey.get(this.#keyOf(row));
  }

  /** The rows whose cell in a string column of the key is one of `values`; undefined for another column. */
  lookup(column: number, values: ReadonlySet<string>): readonly Row[] | undefined {
    if (column >= this.#keys) return undefined;
    return this.#indexes.lookup(column, values, this.#rows);
  }

  /** Joins a result over further rows, the youngest of them ingested at `at`; gives the row that took it up. */
  join(row: Row, at: bigint): StoredRow {
    const held = this.find(row);
    if (held === undefined) {
      const added = Object.assign([...row], { ingestedAt: at, rowId: this.nextRowId });
      this.keep(added);
      return added;
    }
    for (const { aggregate, first, count } of this.parts) {
      if (aggregate === "sum") {
        held[first] = add(held[first]!, row[first]!);
      } else if (wins(aggregate, row[first]!, held[first]!)) {
        for (let column = first; column < first + count; column++) held[column] = row[column]!;
      }
    }
    held.ingestedAt = at;
    return held;
  }

  /** Takes up a row of a key that no other row has. */
  keep(row: StoredRow): void {
    this.#rows.push(row);
    this.#byKey.set(this.#keyOf(row), row);
    this.#indexes.add(row);
    if (this.#oldest === undefined || row.ingestedAt < this.#oldest) this.#oldest = row.ingestedAt;
    this.nextRowId = Math.max(this.nextRowId, row.rowId + 1);
  }

  /** Holds the rows given in place of all others. */
  replace(rows: readonly StoredRow[]): void {
    this.#rows = [];
    this.#byKey.clear();
    this.#indexes.clear();
    this.#oldest = undefined;
    for (const row of rows) this.keep(row);
  }

  /** Gives the rows other columns; cells of columns that stay are kept, matched by name. */
  changeColumns(before: readonly Column[], columns: readonly Column[]): void {
    const refit = refitting(before, columns);
    for (const row of this.#rows) row.splice(0, row.length, ...refit(row));
    this.#indexes.clear();
  }

  /** The rows that were ingested at `last` or before. */
  upTo(last: bigint): StoredRow[] {
    if (this.#oldest === undefined || this.#oldest > last) return [];
    // A row that was joined to is younger than it was when it became the oldest.
    this.#oldest = this.#rows.reduce<bigint | undefined>(
      (least, row) => least === undefined || row.ingestedAt < least ? row.ingestedAt : least,
      undefined,
    );
    return this.#rows.filter((row) => row.ingestedAt <= last);
  }

  #keyOf(row: Row): string {
    let key = "";
    for (let at = 0; at < this.#keys; at++) {
      const text = String(row[at]);
      key += `${text.length}:${text}`;
    }
    return key;
  }
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
