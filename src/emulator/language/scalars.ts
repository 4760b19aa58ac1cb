/**
 * Compiled expressions, and what they run in.
 *
 * @module
 */
import type { Budget } from "./budget.ts";
import type { Column, Row, TableSource } from "./catalog.ts";
import { convertValue } from "../values/convert.ts";
import type { ScalarType, Value } from "../values/values.ts";

/** What one run of a query carries along. */
export interface Run {
  /** Ticks of `now()`: the same in all of a request. */
  readonly now: bigint;
  readonly random: () => number;
  /** What the query may still cost. */
  readonly budget: Budget;
  /** Results of `let` statements, arguments and parameters, by slot. */
  readonly slots: unknown[];
  /** The rows that an operator goes through, and where it is, for functions that look around. */
  window?: { readonly rows: readonly Row[]; at: number } | undefined;
}

/** A compiled scalar expression. */
export interface Scalar {
  readonly type: ScalarType;
  /** Whether its value is the same for all rows of a run. */
  readonly constant: boolean;
  readonly get: (row: Row, run: Run) => Value;
}

/** A table's rows with conditions on them, in which later conditions may join. */
export interface Scan {
  readonly source: TableSource;
  readonly predicates: readonly Scalar[];
  /** Conditions that an index of the table can answer: a string column is one of some texts. */
  readonly lookups: readonly {
    readonly column: number;
    readonly texts: (run: Run) => ReadonlySet<string>;
  }[];
}

/** A compiled tabular expression. */
export interface Relation {
  readonly columns: readonly Column[];
  readonly rows: (run: Run) => readonly Row[];
  /** Where the rows come from as they are, so that a filter may use an index. */
  readonly source?: TableSource;
  /** The conditions on those rows so far. */
  readonly scan?: Scan;
  /** The name that `as` gave it. */
  readonly name?: string;
  /** Rows whose order a `sort` has fixed. */
  readonly sorted?: boolean;
  /** When a row was ingested, where the rows are still those of a table. */
  readonly ingestedAt?: (row: Row) => bigint | null;
  /** Rows that come from no table, and so were never ingested. */
  readonly detached?: boolean;
}

/** No row: what constants are evaluated with. */
export const NO_ROW: Row = [];

/** An expression converted to a type, as operators and functions do with their operands. */
export function convertTo(scalar: Scalar, type: ScalarType): Scalar {
  const from = scalar.type;
  if (from === type) return scalar;
  return {
    type,
    constant: scalar.constant,
    get: (row, run) => convertValue(scalar.get(row, run), from, type),
  };
}

/** An expression of the values of two others. */
export function combine(
  type: ScalarType,
  left: Scalar,
  right: Scalar,
  apply: (a: Value, b: Value) => Value,
): Scalar {
  return {
    type,
    constant: left.constant && right.constant,
    get: (row, run) => apply(left.get(row, run), right.get(row, run)),
  };
}

/** A value as an expression. */
export function constantScalar(type: ScalarType, value: Value): Scalar {
  return { type, constant: true, get: () => value };
}

/** What stays true of rows that an operator hands on as they are, or fewer of them. */
export function sameRowsAs({ sorted, ingestedAt, detached }: Relation): Partial<Relation> {
  return {
    ...(sorted && { sorted }),
    ...(ingestedAt && { ingestedAt }),
    ...(detached && { detached }),
  };
}

/** What stays true of new rows that an operator makes one by one of others. */
export function inOrderOf({ sorted, detached }: Relation): Partial<Relation> {
  return { ...(sorted && { sorted }), ...(detached && { detached }) };
}

/** Goes through rows so that functions which look around find the neighbours of each. */
export function mapRows<T>(
  rows: readonly Row[],
  run: Run,
  scope: { readonly windowed: boolean },
  of: (row: Row) => T,
): T[] {
  if (!scope.windowed) return rows.map(of);
  const outer = run.window;
  const window = { rows, at: 0 };
  const results: T[] = [];
  try {
    for (; window.at < rows.length; window.at++) {
      run.window = window;
      results.push(of(rows[window.at]!));
    }
  } finally {
    run.window = outer;
  }
  return results;
}
