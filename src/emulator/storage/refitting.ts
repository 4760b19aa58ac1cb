/**
 * Rows of some columns under other ones.
 *
 * @module
 */
import type { Column, Row } from "../language/catalog.ts";
import { emptyCell, type Value } from "../values/values.ts";

/**
 * Puts the cells of rows under other columns; columns that the rows do not have are empty.
 *
 * @param isSame Whether a cell of the first column goes under the second; by name when absent.
 */
export function refitting(
  from: readonly Column[],
  to: readonly Column[],
  isSame: (from: Column, to: Column) => boolean = (from, to) => from.name === to.name,
): (row: Row) => Value[] {
  const sources = to.map((column) => from.findIndex((candidate) => isSame(candidate, column)));
  const empty = to.map(({ type }) => emptyCell(type));
  return (row) => sources.map((source, at) => source < 0 ? empty[at]! : row[source]!);
}
