/**
 * Operators that look for a text in another.
 *
 * Source: datatypes-string-operators.md (Kusto documentation).
 *
 * @module
 */
import { patternOf } from "../functions/pattern.ts";
import { quotePattern } from "../functions/regex.ts";
import type { Budget } from "./budget.ts";
import { convertTo, type Scalar } from "./scalars.ts";
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

type TextTest = (text: string, other: string, budget: Budget) => boolean;

/** The operators by name. */
export const textOperators: Readonly<Record<string, TextTest>> = Object.fromEntries<TextTest>([
  ...Object.entries(sensitive).flatMap(([name, test]): [string, TextTest][] => {
    const insensitive = (a: string, b: string): boolean => test(lowerAscii(a), lowerAscii(b));
    return [
      [name, insensitive],
      [`!${name}`, (a, b) => !insensitive(a, b)],
      [`${name}_cs`, test],
      [`!${name}_cs`, (a, b) => !test(a, b)],
    ];
  }),
  ["=~", (a, b) => lowerAscii(a) === lowerAscii(b)],
  ["!~", (a, b) => lowerAscii(a) !== lowerAscii(b)],
  ["matches regex", (a, b, budget) => patternOf(b, budget).test(a, budget)],
]);

/** A text operator between two operands. */
export function textOperator(node: SyntaxNode, left: Scalar, right: Scalar): Scalar {
  const test = textOperators[part(node, "Operator").text.trim()]!;
  const [text, other] = [convertTo(left, "string"), convertTo(right, "string")];
  return {
    type: "bool",
    constant: left.constant && right.constant,
    get: (row, run) => {
      const [a, b] = [text.get(row, run) as string, other.get(row, run) as string];
      return refusingBadArguments(node, () => test(a, b, run.budget));
    },
  };
}
