/**
 * Operators that look for a text in another.
 *
 * Source: datatypes-string-operators.md (Kusto documentation).
 *
 * @module
 */
import { quotePattern, regexOf } from "../functions/regex.ts";
import { combine, convertTo, type Scalar } from "./scalars.ts";
import { part, refusingBadArguments, type SyntaxNode } from "../parser/syntax.ts";

/** Whether a term stands in a text as a run of letters and digits of its own. */
export function hasTerm(text: string, term: string): boolean {
  if (term === "") return true;
  const word = /[\p{L}\p{N}]/u;
  for (let at = text.indexOf(term); at >= 0; at = text.indexOf(term, at + 1)) {
    const before = text[at - 1];
    const after = text[at + term.length];
    const startsWord = word.test(term[0]!);
    const endsWord = word.test(term.at(-1)!);
    const free = !(startsWord && before !== undefined && word.test(before)) &&
      !(endsWord && after !== undefined && word.test(after));
    if (free) return true;
  }
  return false;
}

const sensitive: Readonly<Record<string, (text: string, other: string) => boolean>> = {
  contains: (text, other) => text.includes(other),
  startswith: (text, other) => text.startsWith(other),
  endswith: (text, other) => text.endsWith(other),
  has: hasTerm,
  hasprefix: (text, other) =>
    new RegExp(`(?<![\\p{L}\\p{N}])${quotePattern(other)}`, "u").test(text),
  hassuffix: (text, other) =>
    new RegExp(`${quotePattern(other)}(?![\\p{L}\\p{N}])`, "u").test(text),
};

/** A text with its ASCII letters in lower case: the service ignores the case of no others. */
export function lowerAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (upper) => upper.toLowerCase());
}

type TextTest = (text: string, other: string) => boolean;

/** The operators by name. */
export const textOperators: Readonly<Record<string, TextTest>> = Object.fromEntries([
  ...Object.entries(sensitive).flatMap(([name, test]): [string, TextTest][] => {
    const insensitive: TextTest = (a, b) => test(lowerAscii(a), lowerAscii(b));
    return [
      [name, insensitive],
      [`!${name}`, (a, b) => !insensitive(a, b)],
      [`${name}_cs`, test],
      [`!${name}_cs`, (a, b) => !test(a, b)],
    ];
  }),
  ["=~", (a: string, b: string) => lowerAscii(a) === lowerAscii(b)],
  ["!~", (a: string, b: string) => lowerAscii(a) !== lowerAscii(b)],
  ["matches regex", (a: string, b: string) => regexOf(b).test(a)],
]);

/** A text operator between two operands. */
export function textOperator(node: SyntaxNode, left: Scalar, right: Scalar): Scalar {
  const test = textOperators[part(node, "Operator").text.trim()]!;
  return combine(
    "bool",
    convertTo(left, "string"),
    convertTo(right, "string"),
    (a, b) => refusingBadArguments(node, () => test(a as string, b as string)),
  );
}
