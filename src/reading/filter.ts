/**
 * Filtering checkpoints by their metadata: narrowed on the server by their search text, exact here.
 *
 * @module
 */
import { searchLine } from "../search_text.ts";

/** What decides on the server whether a row may match a filter of one key. */
export interface SearchTerm {
  /** Must stand in the row's search text, */
  readonly line: string;
  /** unless that text is incomplete and has no line which begins like this. */
  readonly key: string;
}

/**
 * The terms of a filter.
 *
 * Values that are not short scalars give no term: only the client can decide on them.
 */
export function searchTerms(filter: Readonly<Record<string, unknown>>): SearchTerm[] {
  return Object.entries(filter).flatMap(([key, value]) => {
    const line = searchLine(key, value);
    return line === undefined ? [] : [{ line: `\n${line}\n`, key: `\n${JSON.stringify(key)}:` }];
  });
}

/**
 * Whether a checkpoint matches a filter: every key that is not `undefined` must be deeply equal in
 * the metadata, or, where they do not have the key, stand in the row's search text.
 */
export function matchesFilter(
  filter: Readonly<Record<string, unknown>>,
  metadata: Readonly<Record<string, unknown>>,
  search: string,
): boolean {
  return Object.entries(filter).every(([key, value]) => {
    if (value === undefined) return true;
    if (Object.hasOwn(metadata, key)) return deepEqual(metadata[key], value);
    return searchTerms({ [key]: value }).some(({ line }) => search.includes(line));
  });
}

function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (kindOf(a) !== kindOf(b)) return false;
  const [left, right] = [partsOf(a), partsOf(b)];
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && deepEqual(left[key], right[key]));
}

function kindOf(value: object): object {
  return Object.getPrototypeOf(value) ?? Object.prototype;
}

/** What decides whether two objects of a kind are equal; a serializer gives back maps, sets and dates too. */
function partsOf(value: object): Readonly<Record<string, unknown>> {
  if (value instanceof Map || value instanceof Set) return { ...[...value] };
  if (value instanceof Date) return { time: value.getTime() };
  if (value instanceof RegExp) return { pattern: String(value) };
  return value as Record<string, unknown>;
}
