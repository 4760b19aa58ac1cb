/**
 * What ingestion does to single cells: types, and the size that a cell may have.
 *
 * Sources: string, dynamic, encoding-policy, ingest-invalid-data (Kusto documentation).
 *
 * @module
 */
import type { Column } from "../language/catalog.ts";
import { encodings } from "../storage/policies.ts";
import { ingestScalar, parseScalar, toWire, type Value } from "../values/values.ts";

const plainLimit = 1_048_576;

/** Makes the cells of one column. */
export interface CellMaker {
  /** The cell that a JSON value becomes. */
  fromJson(json: unknown): Value;
  /** The cell that a field of delimited text becomes. */
  fromText(text: string): Value;
  /** The cell that a value of the column's own type becomes. */
  fromValue(value: Value): Value;
}

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();

/** Whether a text takes more bytes of UTF-8; they are counted only where it is long enough to matter. */
function isLonger(text: string, limit: number): boolean {
  if (text.length > limit) return true;
  return text.length * 3 > limit && utf8.encode(text).length > limit;
}

/** Cuts a text to a number of bytes of UTF-8, at the end of a character. */
function cut(text: string, limit: number): string {
  const bytes = utf8.encode(text);
  let end = limit;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return fromUtf8.decode(bytes.subarray(0, end));
}

/** The maker of a column's cells, under the encoding that the column was given. */
export function cellMaker(column: Column, encoding: string | undefined): CellMaker {
  const limit = encodings.get(encoding ?? "Null") ?? plainLimit;
  const { type } = column;
  if (type === "string") {
    const bounded = (text: string): string =>
      isLonger(text, limit) ? cut(wellFormed(text), limit) : wellFormed(text);
    return {
      fromJson: (json) => bounded(ingestScalar("string", json) as string),
      fromText: bounded,
      fromValue: (value) => bounded(value as string),
    };
  }
  if (type === "dynamic") {
    const bounded = (value: Value): Value =>
      isSmall(value) || !isLonger(toWire("dynamic", value), limit) ? value : null;
    return {
      fromJson: (json) => bounded(ingestScalar("dynamic", json)),
      fromText: (text) => bounded(parseScalar("dynamic", text)),
      fromValue: bounded,
    };
  }
  return {
    fromJson: (json) => ingestScalar(type, json),
    fromText: (text) => parseScalar(type, text),
    fromValue: (value) => value,
  };
}

/** Text without half surrogates: they have no UTF-8, and the service keeps U+FFFD in their place. */
function wellFormed(text: string): string {
  return /[\ud800-\udfff]/.test(text) && !isWellFormed(text)
    ? fromUtf8.decode(utf8.encode(text))
    : text;
}

function isWellFormed(text: string): boolean {
  return !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);
}

const budget = 4_000;

/** Whether a dynamic is certainly far below any limit, found without writing it out. */
function isSmall(value: Value): boolean {
  let left = budget;
  const spend = (part: unknown): boolean => {
    left -= typeof part === "string" ? part.length + 2 : 24;
    if (left < 0) return false;
    if (Array.isArray(part)) return part.every(spend);
    if (typeof part === "object" && part !== null) {
      for (const key in part) {
        left -= key.length;
        if (!spend((part as Record<string, unknown>)[key])) return false;
      }
    }
    return left >= 0;
  };
  return spend(value);
}
