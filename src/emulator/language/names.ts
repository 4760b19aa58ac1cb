/**
 * Names, and paths into dynamic values.
 *
 * Source: dynamic.md (Kusto documentation).
 *
 * @module
 */
import { type Column, columnIndex } from "./catalog.ts";
import { isArray, isBag } from "../values/dynamic.ts";
import { constantScalar, type Scalar } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { nameOf, part, refuse, type SyntaxNode } from "../parser/syntax.ts";
import { callUserFunction } from "./user_functions.ts";
import type { Value } from "../values/values.ts";

function columnScalar(node: SyntaxNode, columns: readonly Column[], name: string): Scalar {
  const at = columnIndex(columns, name);
  if (at < 0) throw refuse(node, `the column '${name}' here`);
  return { type: columns[at]!.type, constant: false, get: (row) => row[at]! };
}

/** Compiles a name: a column's, a declared value's or that of a function without arguments. */
export function compileName(node: SyntaxNode, scope: Scope): Scalar {
  const name = node.symbol?.name || nameOf(node);
  if (node.symbol?.kind === "Column" || columnIndex(scope.columns, name) >= 0) {
    return columnScalar(node, scope.columns, name);
  }
  const binding = scope.find(name);
  if (binding) scope.read(binding, node);
  if (binding?.kind === "scalar") return binding.scalar;
  if (binding?.kind === "function") return callUserFunction(node, binding, scope);
  throw refuse(node, `the name '${name}' here`);
}

/** Compiles `a.b` and `a['b']`. */
export function compilePath(node: SyntaxNode, scope: Scope): Scalar {
  const owner = part(node, "Expression");
  const selector = part(node, "Selector");
  const side = owner.text.trim();
  if (scope.sides && (side === "$left" || side === "$right")) {
    const { left, right } = scope.sides;
    const found = columnScalar(node, side === "$left" ? left : right, nameOf(selector));
    if (side === "$left") return found;
    return { ...found, get: (row, run) => found.get(row.slice(left.length), run) };
  }
  const bag = scope.scalar(owner);
  const key = selector.kind === "BracketedExpression"
    ? scope.scalar(part(selector, "Expression"))
    : constantScalar("string", nameOf(selector));
  return element(bag, key);
}

/** Compiles `a[b]`. */
export function compileElement(node: SyntaxNode, scope: Scope): Scalar {
  const several = part(node, "Expression");
  if (several.type === undefined && several.columns) throw refuse(node, "one of several results");
  const owner = scope.scalar(part(node, "Expression"));
  const selector = part(node, "Selector");
  return element(owner, scope.scalar(selector.parts.Expression ?? selector));
}

function element(owner: Scalar, key: Scalar): Scalar {
  return {
    type: "dynamic",
    constant: owner.constant && key.constant,
    get: (row, run) => elementOf(owner.get(row, run), key.get(row, run)),
  };
}

/** What a bag holds under a name, or an array at an index, from its end if that is negative. */
function elementOf(value: Value, key: Value): Value {
  if (isBag(value)) {
    return typeof key === "string" && Object.hasOwn(value, key) ? value[key]! : null;
  }
  if (!isArray(value) || (typeof key !== "number" && typeof key !== "bigint")) return null;
  return value.at(Number(key)) ?? null;
}
