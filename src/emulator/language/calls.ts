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

/** Compiles `toscalar`: the first cell of a table, or a value, computed once in a run. */
export function compileToScalar(node: SyntaxNode, scope: Scope): Scalar {
  scope.compilation.depth++;
  const scalar = firstCell(part(node, "Expression"), scope.over([]));
  scope.compilation.depth--;
  const value = scope.remember((run) => scalar.get(NO_ROW, run));
  return { type: scalar.type, constant: true, get: (_row, run) => value(run) };
}

function firstCell(node: SyntaxNode, scope: Scope): Scalar {
  if (!isTabular(node)) return scope.scalar(node);
  const relation = scope.relation(node);
  const type = relation.columns[0]?.type ?? "dynamic";
  return {
    type,
    constant: true,
    get: (_row, run) => relation.rows(run)[0]?.[0] ?? emptyCell(type),
  };
}
