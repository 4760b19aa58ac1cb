/**
 * Values as KQL literals, and names as KQL names: no other text from outside ever gets into a query.
 *
 * @module
 */
import { KustoInputError } from "./errors.ts";

/** Values of query parameters: text, whole numbers, truth values; all else is `dynamic`. */
export type QueryParameters = Readonly<Record<string, QueryParameter>>;

/** A value of one query parameter; arrays and objects are sent as `dynamic`. */
export type QueryParameter = string | number | boolean | readonly unknown[];

/**
 * The literal of a parameter's value.
 *
 * A string is always sent as a quoted and escaped literal: the service also takes bare text, and then
 * nobody knows how it reads text that looks like a literal.
 */
export function literal(value: QueryParameter): string {
  switch (typeof value) {
    case "string":
      return stringLiteral(value);
    case "number":
      if (!Number.isSafeInteger(value)) {
        throw new KustoInputError(
          "Cannot send a number as a query parameter: it is not a whole number within 2^53",
        );
      }
      return `long(${value})`;
    case "boolean":
      return `bool(${value})`;
    default:
      return `dynamic(${JSON.stringify(value)})`;
  }
}

const ESCAPED = /["'\\\p{Cc}\u2028\u2029]/gu;

/** A quoted literal that reads back as the text, whatever is in it. */
export function stringLiteral(text: string): string {
  const escaped = text.replace(
    ESCAPED,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `"${escaped}"`;
}

/** A name of a table, column or database that reads back as the text, whatever is in it. */
export function entityName(name: string): string {
  return `[${stringLiteral(name)}]`;
}
