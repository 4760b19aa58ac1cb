/**
 * Operators that put rows in order, or take some of them: `sort`, `top`, `take`, `sample`.
 *
 * Sources: sort-operator.md, top-operator.md, take-operator.md, sample-operator.md (Kusto
 * documentation).
 *
 * @module
 */
import type { Row } from "./catalog.ts";
import { NO_ROW, type Relation, type Run, sameRowsAs, type Scalar } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { itemsOf, part, type SyntaxNode } from "../parser/syntax.ts";
import { compareForSort, type Ordering } from "../values/compare.ts";
import type { Value } from "../values/values.ts";

interface SortKey {
  readonly scalar: Scalar;
  readonly ordering: Ordering;
}

function sortKeys(expressions: readonly SyntaxNode[], scope: Scope): SortKey[] {
  return expressions.map((item) => {
    const ordered = item.kind === "OrderedExpression";
    const words = ordered ? item.parts.Ordering?.text.trim().split(/\s+/) ?? [] : [];
    const descending = !words.includes("asc");
    const nullsFirst = words.includes("first") || (!words.includes("last") && !descending);
    const expression = ordered ? part(item, "Expression") : item;
    return { scalar: scope.scalar(expression), ordering: { descending, nullsFirst } };
  });
}

function sortRows(
  rows: readonly Row[],
  keys: readonly SortKey[],
  run: Run,
): Row[] {
  const keyed = rows.map((row) => ({
    row,
    values: keys.map(({ scalar }) => scalar.get(row, run)),
  }));
  keyed.sort((a, b) => {
    for (const [at, { ordering }] of keys.entries()) {
      const order = compareForSort(a.values[at]!, b.values[at]!, ordering);
      if (order !== 0) return order;
    }
    return 0;
  });
  return keyed.map(({ row }) => row);
}

/** Compiles `sort`. */
export function compileSort(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  const keys = sortKeys(itemsOf(node, "Expressions"), scope.over(input.columns));
  return {
    columns: input.columns,
    rows: (run) => sortRows(input.rows(run), keys, run),
    ...sameRowsAs(input),
    sorted: true,
  };
}

/** Compiles `top`. */
export function compileTop(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  const count = scope.scalar(part(node, "Expression"));
  const keys = sortKeys([part(node, "ByExpression")], scope.over(input.columns));
  return {
    columns: input.columns,
    rows: (run) => sortRows(input.rows(run), keys, run).slice(0, rowCount(count.get(NO_ROW, run))),
    ...sameRowsAs(input),
    sorted: true,
  };
}

/** Compiles `take`. */
export function compileTake(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  const count = scope.scalar(part(node, "Expression"));
  return {
    columns: input.columns,
    rows: (run) => input.rows(run).slice(0, rowCount(count.get(NO_ROW, run))),
    ...sameRowsAs(input),
  };
}

/** Compiles `sample`. */
export function compileSample(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  const count = scope.scalar(part(node, "Expression"));
  return {
    columns: input.columns,
    ...sameRowsAs(input),
    rows: (run) => {
      const rows = [...input.rows(run)];
      const wanted = Math.min(rows.length, rowCount(count.get(NO_ROW, run)));
      for (let at = 0; at < wanted; at++) {
        const other = at + Math.floor(run.random() * (rows.length - at));
        [rows[at], rows[other]] = [rows[other]!, rows[at]!];
      }
      return rows.slice(0, wanted);
    },
  };
}

function rowCount(value: Value): number {
  return Math.max(0, Number(value ?? 0));
}
