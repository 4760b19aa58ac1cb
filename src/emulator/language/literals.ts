/**
 * Literals.
 *
 * Sources: the pages of the scalar data types (Kusto documentation).
 *
 * @module
 */
import { toDynamic } from "../values/convert.ts";
import { makeDatetime } from "../values/datetime.ts";
import { makeBag, parseJson } from "../values/dynamic.ts";
import { constantScalar, NO_ROW, type Scalar } from "./scalars.ts";
import { part, refuse, type SyntaxNode } from "../parser/syntax.ts";
import { parseScalar, type Value } from "../values/values.ts";

/** Compiles a literal of any type but dynamic. */
export function compileLiteral(node: SyntaxNode): Scalar {
  const type = node.type ?? "string";
  const text = node.literal ?? "";
  if (type === "string") return constantScalar("string", text);
  const inner = /^[a-z0-9_]+\s*\(([\s\S]*)\)$/i.exec(node.text.trim())?.[1]?.trim() ?? text.trim();
  if (inner === "null" || (inner === "" && type !== "dynamic")) return constantScalar(type, null);
  const fields = type === "datetime" && /^\d+(\s*,\s*\d+){2,5}$/.test(inner)
    ? inner.split(",").map(Number)
    : undefined;
  if (fields) {
    const [year, month, ...rest] = fields;
    return constantScalar(type, makeDatetime(year!, month!, ...rest as [number]));
  }
  const unquoted = /^(["'])(.*)\1$/s.exec(inner)?.[2] ?? inner;
  const value = parseScalar(type, unquoted);
  if (value === null) throw refuse(node, `the literal '${node.text.slice(0, 40)}'`);
  return constantScalar(type, value);
}

/** The value inside `dynamic(...)`. */
export function dynamicLiteral(node: SyntaxNode): Value {
  switch (node.kind) {
    case "JsonObjectExpression":
      return makeBag((node.parts.Pairs?.items ?? []).map((pair) => {
        const name = part(pair, "Name").text;
        const key = parseJson(name.startsWith("'") ? `"${name.slice(1, -1)}"` : name);
        return [String(key), dynamicLiteral(part(pair, "Value"))] as const;
      }));
    case "DynamicExpression":
      return dynamicLiteral(part(node, "Expression"));
    case "JsonArrayExpression":
      return (node.parts.Values?.items ?? []).map(dynamicLiteral);
    case "PrefixUnaryExpression": {
      const inner = dynamicLiteral(part(node, "Expression"));
      return typeof inner === "number" || typeof inner === "bigint" ? -inner : inner;
    }
    default: {
      if (node.text.trim() === "null") return null;
      const literal = compileLiteral(node);
      return toDynamic(literal.get(NO_ROW, undefined as never), literal.type);
    }
  }
}
