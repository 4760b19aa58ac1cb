/**
 * Equality, order and `between`.
 *
 * Sources: numoperators.md, null-values.md, between-operator.md (Kusto documentation).
 *
 * @module
 */
import { commonType, compareValues, equalValues } from "../values/compare.ts";
import { combine, convertTo, type Scalar } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { part, refuse, type SyntaxNode } from "../parser/syntax.ts";

/** Operands brought to the type in which they can be compared. */
function alike(node: SyntaxNode, operands: readonly Scalar[]): Scalar[] {
  const type = operands.map((operand) => operand.type).reduce((a, b) => {
    const common = commonType(a, b);
    if (common === undefined) throw refuse(node, `a comparison of ${a} with ${b}`);
    return common;
  });
  return operands.map((operand) => convertTo(operand, type));
}

/** `==` and `!=`. */
export function equality(node: SyntaxNode, left: Scalar, right: Scalar): Scalar {
  const negated = part(node, "Operator").text.trim() === "!=";
  const [a, b] = alike(node, [left, right]);
  return combine(
    "bool",
    a!,
    b!,
    (x, y) => x === null && y === null ? null : equalValues(x, y) !== negated,
  );
}

/** What the operators that order want of the order of their operands. */
export const orders: Readonly<Record<string, (order: number) => boolean>> = {
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
};

/** `<`, `<=`, `>` and `>=`. */
export function order(node: SyntaxNode, left: Scalar, right: Scalar): Scalar {
  const holds = orders[part(node, "Operator").text.trim()]!;
  const [a, b] = alike(node, [left, right]);
  if (a!.type === "dynamic") throw refuse(node, "an order between two dynamics");
  return combine("bool", a!, b!, (x, y) => {
    if (x === null || y === null) return null;
    if (Number.isNaN(x) || Number.isNaN(y)) return false;
    return holds(compareValues(x, y));
  });
}

/** Compiles `between` and `!between`. */
export function compileBetween(node: SyntaxNode, scope: Scope): Scalar {
  const negated = part(node, "Operator").text.trim().startsWith("!");
  const couple = part(node, "Right");
  const [left, first, last] = [
    scope.scalar(part(node, "Left")),
    scope.scalar(part(couple, "First")),
    scope.scalar(part(couple, "Second")),
  ];
  // `between (t .. 1h)` counts the span from its start.
  const span = left.type === "datetime" && last.type === "timespan";
  const [value, from, to] = span
    ? [...alike(node, [left, first]), last]
    : alike(node, [left, first, last]);
  return {
    type: "bool",
    constant: value!.constant && from!.constant && to!.constant,
    get: (row, run) => {
      const [at, low, high] = [value!, from!, to!].map((scalar) => scalar.get(row, run));
      if (at === null || low === null || high === null) return null;
      const end = span ? (low as bigint) + (high as bigint) : high;
      return (compareValues(at!, low!) >= 0 && compareValues(at!, end!) <= 0) !== negated;
    },
  };
}
