/**
 * Operators between two operands, and logic.
 *
 * Source: logicaloperators.md (Kusto documentation).
 *
 * @module
 */
import { arithmetic } from "./arithmetic.ts";
import { equality, order, orders } from "./comparison.ts";
import { convertTo, type Scalar } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { part, type SyntaxNode } from "../parser/syntax.ts";
import { textOperator, textOperators } from "./text_match.ts";

/** Compiles an operator between two operands. */
export function compileBinary(node: SyntaxNode, scope: Scope): Scalar {
  const operator = part(node, "Operator").text.trim();
  const [left, right] = [scope.scalar(part(node, "Left")), scope.scalar(part(node, "Right"))];
  if (operator === "and" || operator === "or") return logic(operator === "or", left, right);
  if (Object.hasOwn(textOperators, operator)) return textOperator(node, left, right);
  if (operator === "==" || operator === "!=") return equality(node, left, right);
  if (Object.hasOwn(orders, operator)) return order(node, left, right);
  return arithmetic(node, left, right);
}

/** `or` is decided by the first true operand, `and` by the first false one; else a null decides. */
function logic(decisive: boolean, left: Scalar, right: Scalar): Scalar {
  const [a, b] = [convertTo(left, "bool"), convertTo(right, "bool")];
  return {
    type: "bool",
    constant: a.constant && b.constant,
    get: (row, run) => {
      const first = a.get(row, run);
      if (first === decisive) return decisive;
      const second = b.get(row, run);
      if (second === decisive) return decisive;
      return first === null || second === null ? null : !decisive;
    },
  };
}
