/**
 * `union`.
 *
 * Source: union-operator.md (Kusto documentation).
 *
 * @module
 */
import type { Column, Row } from "./catalog.ts";
import { columnIndex } from "./expressions.ts";
import { compileRelation } from "./relations.ts";
import type { Relation } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { checkParameters, itemsOf, operatorParameter, refuse, type SyntaxNode } from "./syntax.ts";
import { emptyCell } from "../values/values.ts";

/** Compiles `union`, with what is piped into it as its first leg. */
export function compileUnion(node: SyntaxNode, scope: Scope, input?: Relation): Relation {
  checkParameters(node, [
    "kind",
    "withsource",
    "with_source",
    "isfuzzy",
    "hint.concurrency",
    "hint.spread",
  ]);
  const source = operatorParameter(node, "withsource") ?? operatorParameter(node, "with_source");
  const items = itemsOf(node, "Expressions");
  const legs = [
    ...(input ? [{ relation: input, name: input.name ?? "union_arg0" }] : []),
    ...items.map((item, at) => {
      const relation = compileRelation(item, scope);
      const name = relation.name ?? item.symbol?.name ?? `union_arg${at + (input ? 1 : 0)}`;
      return { relation, name };
    }),
  ];
  const all = node.columns;
  if (!all) throw refuse(node, "a union of columns that are not known");
  const inner = operatorParameter(node, "kind") === "inner";
  const columns = inner
    ? all.filter((column) =>
      column.name === source || legs.every(({ relation }) => sourceColumn(column, relation) >= 0)
    )
    : all;
  const maps = legs.map(({ relation }) => columns.map((column) => sourceColumn(column, relation)));
  return {
    columns,
    rows: (run) =>
      legs.flatMap(({ relation, name }, leg) =>
        relation.rows(run).map((row): Row =>
          columns.map((column, at) => {
            if (column.name === source) return name;
            const from = maps[leg]![at]!;
            return from < 0 ? emptyCell(column.type) : row[from]!;
          })
        )
      ),
  };
}

/** Columns of one name with different types come apart as `name_type`. */
function sourceColumn({ name, type }: Column, relation: Relation): number {
  const at = columnIndex(relation.columns, name);
  if (relation.columns[at]?.type === type) return at;
  const suffix = `_${type}`;
  if (!name.endsWith(suffix)) return -1;
  const plain = columnIndex(relation.columns, name.slice(0, -suffix.length));
  return relation.columns[plain]?.type === type ? plain : -1;
}
