/**
 * `mv-expand`: one row for each element of an array or entry of a bag.
 *
 * Source: mv-expand-operator.md (Kusto documentation).
 *
 * @module
 */
import type { Column, Row } from "./catalog.ts";
import { convertValue } from "./convert.ts";
import { isArray, isBag } from "./dynamic.ts";
import { columnIndex, compileScalar, nameOf } from "./expressions.ts";
import { NO_ROW, type Relation, type Scalar } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import {
  checkParameters,
  itemsOf,
  operatorParameter,
  part,
  refuse,
  type SyntaxNode,
} from "./syntax.ts";
import { emptyCell, type ScalarType, scalarType, type Value } from "./values.ts";

interface Expansion {
  readonly scalar: Scalar;
  readonly name: string;
  readonly type: ScalarType;
  /** Where the element goes among the result's columns. */
  at: number;
}

/** Compiles `mv-expand`. */
export function compileMvExpand(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  checkParameters(node, ["bagexpansion", "kind", "with_itemindex"]);
  const asArrays = (operatorParameter(node, "bagexpansion") ?? operatorParameter(node, "kind")) ===
    "array";
  const indexName = operatorParameter(node, "with_itemindex");
  const inner = scope.over(input.columns);
  const expansions = itemsOf(node, "Expressions").map((item) => expansionOf(item, inner));
  const columns: Column[] = [...input.columns];
  for (const expansion of expansions) {
    const { name, type } = expansion;
    const known = columnIndex(columns, name);
    expansion.at = known < 0 ? columns.push({ name, type }) - 1 : known;
    columns[expansion.at] = { name, type };
  }
  if (indexName !== undefined) columns.push({ name: indexName, type: "long" });
  const limitNode = node.parts.RowLimitClause?.parts.Expression;
  const limit = limitNode && compileScalar(limitNode, scope);
  return {
    columns,
    ...(input.sorted && { sorted: true }),
    rows: (run) => {
      const most = limit ? Number(limit.get(NO_ROW, run)) : Infinity;
      const rows: Row[] = [];
      for (const row of input.rows(run)) {
        const lists = expansions.map(({ scalar }) => elementsOf(scalar.get(row, run), asArrays));
        const count = Math.min(most, Math.max(...lists.map((list) => list.length)));
        for (let item = 0; item < count; item++) {
          const expanded: Value[] = [...row];
          for (const [which, { at, type }] of expansions.entries()) {
            const value = lists[which]![item] ?? null;
            expanded[at] = value === null ? emptyCell(type) : convertValue(value, "dynamic", type);
          }
          if (indexName !== undefined) expanded.push(BigInt(item));
          rows.push(expanded);
        }
      }
      return rows;
    },
  };
}

function expansionOf(node: SyntaxNode, scope: Scope): Expansion {
  const named = part(node, "Expression");
  const scalar = compileScalar(named, scope);
  if (scalar.type !== "dynamic") throw refuse(node, `the expansion of a ${scalar.type}`);
  const name = named.kind === "SimpleNamedExpression"
    ? nameOf(part(named, "Name"))
    : named.kind === "PathExpression"
    ? named.text.trim().replaceAll(".", "_")
    : nameOf(named);
  const typed = node.parts.ToTypeOf?.parts.TypeOf?.parts.Types?.items[0]?.text.trim();
  return { scalar, name, type: scalarType(typed ?? "dynamic") ?? "dynamic", at: -1 };
}

/** An empty array gives no row, a null one; a scalar is its own only element. */
function elementsOf(value: Value, asArrays: boolean): readonly Value[] {
  if (isArray(value)) return value;
  if (isBag(value)) {
    return Object.entries(value).map(([key, item]) => asArrays ? [key, item] : { [key]: item });
  }
  return [value];
}
