/**
 * `summarize`, `distinct` and `count`.
 *
 * Sources: summarize-operator.md, distinct-operator.md, count-operator.md (Kusto documentation).
 *
 * @module
 */
import { compileAggregate } from "../functions/aggregates.ts";
import type { Column, Row } from "./catalog.ts";
import { rowKey } from "../values/compare.ts";
import type { Relation } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { checkParameters, itemsOf, refuse, type SyntaxNode } from "../parser/syntax.ts";
import type { Value } from "../values/values.ts";

/** Compiles `summarize`. */
export function compileSummarize(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  checkParameters(node, ["hint.strategy", "hint.shufflekey", "hint.num_partitions"]);
  const inner = scope.over(input.columns);
  const clause = node.parts.ByClause;
  const by = clause ? itemsOf(clause, "Expressions") : [];
  const keys = by.map((item) => inner.scalar(item));
  const grouped = new Set(
    by.filter((item) => item.kind === "NameReference").map((item) => item.text.trim()),
  );
  const aggregates = itemsOf(node, "Aggregates").map((item) =>
    compileAggregate(item, inner, grouped)
  );
  const types = [...keys.map(({ type }) => type), ...aggregates.flatMap(({ types }) => types)];
  const columns = node.columns;
  if (columns?.length !== types.length) throw refuse(node, "these aggregates together");
  const result: Column[] = types.map((type, at) => ({ name: columns[at]!.name, type }));
  return {
    columns: result,
    rows: (run) => {
      const groups = new Map<string, { keys: Value[]; rows: Row[] }>();
      for (const row of input.rows(run)) {
        const values = keys.map((key) => key.get(row, run));
        const name = rowKey(values);
        const group = groups.get(name);
        if (group) group.rows.push(row);
        else groups.set(name, { keys: values, rows: [row] });
      }
      if (!clause && groups.size === 0) groups.set("", { keys: [], rows: [] });
      return Array.from(groups.values(), (group) => [
        ...group.keys,
        ...aggregates.flatMap((aggregate) => aggregate.of(group.rows, run)),
      ]);
    },
  };
}

/** Compiles `distinct`. */
export function compileDistinct(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  const items = itemsOf(node, "Expressions");
  const star = items.length === 1 && items[0]!.kind === "StarExpression";
  const inner = scope.over(input.columns);
  const scalars = star ? [] : items.map((item) => inner.scalar(item));
  const columns = star ? input.columns : scalars.map(({ type }, at) => ({
    name: node.columns?.[at]?.name ?? items[at]!.text.trim(),
    type,
  }));
  return {
    columns,
    rows: (run) => {
      const seen = new Map<string, Row>();
      for (const row of input.rows(run)) {
        const values = star ? row : scalars.map((scalar) => scalar.get(row, run));
        const key = rowKey(values);
        if (!seen.has(key)) seen.set(key, values);
      }
      return [...seen.values()];
    },
  };
}

/** Compiles `count`. */
export function compileCount(node: SyntaxNode, input: Relation): Relation {
  return {
    columns: [{ name: node.columns?.[0]?.name ?? "Count", type: "long" }],
    rows: (run) => [[BigInt(input.rows(run).length)]],
  };
}
