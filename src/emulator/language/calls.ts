/**
 * Calls of functions, and `toscalar`.
 *
 * Source: toscalar-function.md (Kusto documentation).
 *
 * @module
 */
import { callFunction } from "../functions/functions.ts";
import { NO_ROW, type Scalar } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { isTabular, part, type SyntaxNode } from "../parser/syntax.ts";
import { callUserFunction, findFunction } from "./user_functions.ts";
import { emptyCell } from "../values/values.ts";

/** Compiles a call that gives a value. */
export function compileCall(node: SyntaxNode, scope: Scope): Scalar {
  const found = findFunction(part(node, "Name").text.trim(), node, scope);
  return found ? callUserFunction(node, found, scope) : callFunction(node, scope);
}

/** Compiles `toscalar`: the first cell of a table, computed once in a run. */
export function compileToScalar(node: SyntaxNode, scope: Scope): Scalar {
  const inner = part(node, "Expression");
  if (!isTabular(inner)) return once(scope.scalar(inner), scope);
  const relation = scope.relation(inner);
  const type = relation.columns[0]?.type ?? "dynamic";
  const value = scope.remember((run) => relation.rows(run)[0]?.[0] ?? emptyCell(type));
  return { type, constant: true, get: (_row, run) => value(run) };
}

function once(scalar: Scalar, scope: Scope): Scalar {
  const value = scope.remember((run) => scalar.get(NO_ROW, run));
  return { type: scalar.type, constant: true, get: (_row, run) => value(run) };
}
