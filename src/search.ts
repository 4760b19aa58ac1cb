/**
 * Filtering checkpoints by their metadata: exact on the client, narrowed on the server.
 *
 * A `dynamic` column cannot be compared exactly (strings in it may be re-typed), so each checkpoint
 * row carries its scalars once more as plain text, one `"key":value` line each. A text that does not
 * hold all begins with `*`: the server may filter its row out only for a key that it does hold.
 *
 * @module
 */
import type { RunnableConfig } from "@langchain/core/runnables";

const INCOMPLETE = "*";
const VALUE_LIMIT = 256;
const TEXT_LIMIT = 16 * 1024;

type Scalar = string | number | boolean | null;

/**
 * The search text of a checkpoint row.
 *
 * @param metadata The metadata as it will be read back, or `undefined` where only the serializer can
 * tell what is in it.
 * @param extra Further scalars to search by, such as a `user_id` from the run's configuration. Where
 * only the serializer can read the metadata, a key that both have must have the same value in both.
 */
export function searchText(
  metadata: Readonly<Record<string, unknown>> | undefined,
  extra: Readonly<Record<string, unknown>>,
): string {
  if (metadata !== undefined) {
    const text = searchLines({ ...extra, ...metadata });
    if (text.length <= TEXT_LIMIT) return text;
  }
  const beside = searchLines(extra);
  return beside.length <= TEXT_LIMIT ? INCOMPLETE + beside : INCOMPLETE;
}

/**
 * What `list` may filter on by the option `searchKeys`: values of a checkpoint's metadata, else of the
 * run's configuration.
 */
export function searchExtra(
  config: RunnableConfig,
  metadata: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): Record<string, unknown> {
  const bag: Record<string, unknown> = { ...config.configurable, ...config.metadata, ...metadata };
  return Object.fromEntries(
    keys.filter((key) => Object.hasOwn(bag, key)).map((key) => [key, bag[key]]),
  );
}

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

function searchLines(bag: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(bag)
    .map(([key, value]) => searchLine(key, value))
    .filter((line) => line !== undefined);
  return lines.length === 0 ? "" : `\n${lines.join("\n")}\n`;
}

function searchLine(key: string, value: unknown): string | undefined {
  if (!isScalar(value)) return undefined;
  const line = `${JSON.stringify(key)}:${JSON.stringify(value)}`;
  return line.length > VALUE_LIMIT ? undefined : line;
}

function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === "string" || typeof value === "boolean" ||
    (typeof value === "number" && Number.isFinite(value));
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
