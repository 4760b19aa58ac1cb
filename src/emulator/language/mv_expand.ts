/**
 * `mv-expand` and `mv-apply`: one row for each element of an array or entry of a bag.
 *
 * Sources: mv-expand-operator.md, mv-apply-operator.md (Kusto documentation).
 *
 * @module
 */
import { type Column, columnIndex, type Row } from "./catalog.ts";
import { convertValue, dynamicScalarType } from "../values/convert.ts";
import { isArray, isBag } from "../values/dynamic.ts";
import { inOrderOf, NO_ROW, type Relation, type Run, type Scalar } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import {
  checkParameters,
  itemsOf,
  nameOf,
  operatorParameter,
  part,
  refuse,
  type SyntaxNode,
} from "../parser/syntax.ts";
import { emptyCell, type ScalarType, scalarType, type Value } from "../values/values.ts";

interface Expansion {
  readonly scalar: Scalar;
  readonly name: string;
  readonly type: ScalarType;
  /** Where the element goes among the result's columns. */
  at: number;
}

interface Expander {
  readonly columns: readonly Column[];
  /** The rows that one row becomes. */
  readonly expand: (row: Row, run: Run) => Row[];
}

/** Compiles `mv-expand`. */
export function compileMvExpand(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  checkParameters(node, ["bagexpansion", "kind", "with_itemindex"]);
  const { columns, expand } = expander(node, input, scope);
  return {
    columns,
    ...inOrderOf(input),
    rows: (run) => input.rows(run).flatMap((row) => expand(row, run)),
  };
}

/** Compiles `mv-apply`: a subquery over what each row becomes. */
export function compileMvApply(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  checkParameters(node, ["bagexpansion", "kind", "with_itemindex"]);
  if (node.parts.ContextIdClause) throw refuse(node, "mv-apply with an id");
  const { columns: expanded, expand } = expander(node, input, scope);
  const { compilation } = scope;
  const slot = compilation.slots++;
  const first = compilation.slots;
  const subquery = compileSubquery(part(part(node, "Subquery"), "Expression"), {
    columns: expanded,
    sorted: true,
    rows: (run) => run.slots[slot] as readonly Row[],
  }, scope);
  const last = compilation.slots;
  const names = node.columns;
  if (!names) throw refuse(node, "a subquery whose columns are not known");
  const from = names.map(({ name }) => {
    const inner = columnIndex(subquery.columns, name);
    return { inner, outer: columnIndex(input.columns, name) };
  });
  if (from.some(({ inner, outer }) => inner < 0 && outer < 0)) {
    throw refuse(node, "a subquery that renames columns of the input");
  }
  return {
    columns: from.map(({ inner, outer }, at) => ({
      name: names[at]!.name,
      type: (inner < 0 ? input.columns[outer]! : subquery.columns[inner]!).type,
    })),
    ...inOrderOf(input),
    rows: (run) =>
      input.rows(run).flatMap((row) => {
        run.slots[slot] = expand(row, run);
        run.slots.fill(undefined, first, last);
        return subquery.rows(run).map((found) =>
          from.map(({ inner, outer }) => inner < 0 ? row[outer]! : found[inner]!)
        );
      }),
  };
}

/** A subquery begins with an operator and not with a table. */
function compileSubquery(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  if (node.kind !== "PipeExpression") return scope.operator(node, input);
  return scope.operator(
    part(node, "Operator"),
    compileSubquery(part(node, "Expression"), input, scope),
  );
}

function expander(node: SyntaxNode, input: Relation, scope: Scope): Expander {
  const asArrays = (operatorParameter(node, "bagexpansion") ?? operatorParameter(node, "kind")) ===
    "array";
  const indexName = operatorParameter(node, "with_itemindex");
  const inner = scope.inside(input);
  const expansions = itemsOf(node, "Expressions").map((item) => expansionOf(item, inner));
  const columns: Column[] = [...input.columns];
  for (const expansion of expansions) {
    const { name, type } = expansion;
    const known = columnIndex(columns, name);
    expansion.at = known < 0 ? columns.push({ name, type }) - 1 : known;
    columns[expansion.at] = { name, type };
  }
  if (indexName !== undefined) columns.push({ name: indexName, type: "long" });
  const clause = node.parts.RowLimitClause;
  const limit = clause && scope.scalar(part(clause, "RowLimit"));
  const expand: Expander["expand"] = (row, run) => {
    const most = limit ? Number(limit.get(NO_ROW, run)) : Infinity;
    const lists = expansions.map(({ scalar }) => elementsOf(scalar.get(row, run), asArrays));
    const count = Math.min(most, Math.max(...lists.map((list) => list.length)));
    const rows: Row[] = [];
    if (count > 0) run.budget.spendRows(count, columns.length);
    for (let item = 0; item < count; item++) {
      const expanded: Value[] = [...row];
      for (const [which, { at, type }] of expansions.entries()) {
        const value = lists[which]![item] ?? null;
        expanded[at] = fits(value, type) ? convertValue(value, "dynamic", type) : emptyCell(type);
      }
      if (indexName !== undefined) expanded.push(BigInt(item));
      rows.push(expanded);
    }
    return rows;
  };
  return { columns, expand };
}

function expansionOf(node: SyntaxNode, scope: Scope): Expansion {
  const named = part(node, "Expression");
  const scalar = scope.scalar(named);
  if (scalar.type !== "dynamic") throw refuse(node, `the expansion of a ${scalar.type}`);
  const name = named.kind === "SimpleNamedExpression"
    ? nameOf(part(named, "Name"))
    : named.kind === "PathExpression"
    ? named.text.trim().replaceAll(".", "_")
    : nameOf(named);
  const typed = node.parts.ToTypeOf?.parts.TypeOf?.parts.Types?.items[0]?.text.trim();
  return { scalar, name, type: scalarType(typed ?? "dynamic") ?? "dynamic", at: -1 };
}

/** Whether an element may become a value of a type: none is parsed, so that no text becomes a number. */
function fits(value: Value, type: ScalarType): boolean {
  const held = dynamicScalarType(value);
  switch (type) {
    case "int":
    case "long":
    case "real":
    case "decimal":
      return held === "long" || held === "real" || held === "decimal";
    case "bool":
      return held === "bool" || held === "long";
    default:
      return value !== null;
  }
}

/** An empty array gives no row, a null one; a scalar is its own only element. */
function elementsOf(value: Value, asArrays: boolean): readonly Value[] {
  if (isArray(value)) return value;
  if (isBag(value)) {
    return Object.entries(value).map(([key, item]) => asArrays ? [key, item] : { [key]: item });
  }
  return [value];
}
