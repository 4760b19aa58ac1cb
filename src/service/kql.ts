/**
 * Values as KQL literals, and names as KQL names: no other text from outside ever gets into a query.
 *
 * @module
 */
import { KustoInputError } from "../errors.ts";

/** Values of query parameters, by their names. */
export type QueryParameters = Readonly<Record<string, QueryParameter>>;

/**
 * A value of one query parameter: `string`, `long` (whole numbers and bigints), `real`, `bool`,
 * `datetime`; arrays and objects are sent as `dynamic`.
 */
export type QueryParameter =
  | string
  | number
  | bigint
  | boolean
  | Date
  | readonly unknown[]
  | Readonly<{ [field: string]: unknown }>;

/** What is beyond the greatest `long`. */
const LONG_LIMIT = 2n ** 63n;

/**
 * The literal of a parameter's value.
 *
 * A string is always sent as a quoted and escaped literal: the service also takes bare text, and then
 * nobody knows how it reads text that looks like a literal.
 *
 * @throws {KustoInputError} If Kusto has no such value.
 */
export function literal(value: QueryParameter): string {
  switch (typeof value) {
    case "string":
      return stringLiteral(value);
    case "number":
      return numberLiteral(value);
    case "bigint":
      if (value >= LONG_LIMIT || value < -LONG_LIMIT) {
        throw unsendable("a whole number beyond 64 bits");
      }
      return `long(${value})`;
    case "boolean":
      return `bool(${value})`;
    default:
      if (value instanceof Date) return datetimeLiteral(value);
      return dynamicLiteral(value);
  }
}

function numberLiteral(value: number): string {
  // Bare digits are a literal of every type of number, so that a parameter may also be an `int`.
  if (Number.isSafeInteger(value)) return value < 0 ? `long(${value})` : String(value);
  if (Number.isNaN(value)) return "real(nan)";
  if (!Number.isFinite(value)) return value > 0 ? "real(+inf)" : "real(-inf)";
  if (Number.isInteger(value)) {
    throw unsendable("a whole number beyond 2^53: pass a bigint");
  }
  return `real(${value})`;
}

function datetimeLiteral(value: Date): string {
  const year = value.getUTCFullYear();
  if (!(year >= 1 && year <= 9999)) throw unsendable("a time outside of the years 1 to 9999");
  return `datetime(${value.toISOString()})`;
}

/** JSON in a dynamic literal; its short escapes for rare control characters are not KQL's. */
function dynamicLiteral(value: object): string {
  const json = JSON.stringify(value)
    .replace(/\\(.)/g, (escape, of) => of === "b" ? "\\u0008" : of === "f" ? "\\u000c" : escape)
    .replace(/[\x7f-\x9f\u2028\u2029]/g, unicodeEscape);
  return `dynamic(${json})`;
}

function unsendable(what: string): KustoInputError {
  return new KustoInputError(`Cannot send a value as a query parameter: it is ${what}`);
}

const ESCAPED = /["'\\\p{Cc}\u2028\u2029]/gu;

/**
 * A quoted literal that reads back as the text, whatever is in it.
 *
 * @throws {KustoInputError} If it is no well-formed Unicode, which no Kusto string can hold.
 */
export function stringLiteral(text: string): string {
  if (/\p{Surrogate}/u.test(text)) throw unsendable("text that holds half a surrogate pair");
  return `"${text.replace(ESCAPED, unicodeEscape)}"`;
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A name of a table, column or database that reads back as the text, whatever is in it. */
export function entityName(name: string): string {
  return `[${stringLiteral(name)}]`;
}

/** What `in` is given: a list of quoted literals. */
export function inList(texts: Iterable<string>): string {
  return `(${Array.from(texts, stringLiteral).join(", ")})`;
}

/**
 * The command that appends rows within its own text: the one place where values stand in a text.
 *
 * Data after `<|` is not read as KQL but as lines up to the end of the text
 * (https://learn.microsoft.com/kusto/management/data-ingestion/ingest-inline); JSON has its line ends escaped, so
 * a line is a row whatever its values hold.
 *
 * @param lines One JSON object each, in UTF-8.
 * @throws {TypeError} If a line is no JSON object on one line.
 */
export function inlineIngestion(
  table: string,
  mapping: string,
  lines: readonly Uint8Array[],
): string {
  const rows = lines.map((line) => {
    const row = new TextDecoder().decode(line);
    if (!/^\{[^\r\n]*\}$/.test(row)) throw new TypeError("A row is a JSON object on one line");
    return row;
  });
  const properties = `format='multijson', ingestionMappingReference=${stringLiteral(mapping)}`;
  return `.ingest inline into table ${entityName(table)} with (${properties}) <|\n${
    rows.join("\n")
  }`;
}
