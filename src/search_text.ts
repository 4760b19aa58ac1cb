/**
 * What the server narrows a filter of checkpoints by.
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

function searchLines(bag: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(bag)
    .map(([key, value]) => searchLine(key, value))
    .filter((line) => line !== undefined);
  return lines.length === 0 ? "" : `\n${lines.join("\n")}\n`;
}

/** One line of a search text; `undefined` for what is no short scalar. */
export function searchLine(key: string, value: unknown): string | undefined {
  if (!isScalar(value)) return undefined;
  const line = `${JSON.stringify(key)}:${JSON.stringify(value)}`;
  return line.length > VALUE_LIMIT ? undefined : line;
}

function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === "string" || typeof value === "boolean" ||
    (typeof value === "number" && Number.isFinite(value));
}
