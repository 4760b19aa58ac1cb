/**
 * `join` and `lookup`.
 *
 * Sources: join-operator.md and the pages of each kind, lookup-operator.md (Kusto documentation).
 *
 * @module
 */
import { columnIndex, type Row } from "./catalog.ts";
import { commonType, rowKey } from "../values/compare.ts";
import { convertTo, type Relation, type Run, type Scalar } from "./scalars.ts";
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
import { emptyCell } from "../values/values.ts";

interface Condition {
  readonly left: Scalar;
  readonly right: Scalar;
}

const HINTS = ["hint.strategy", "hint.remote", "hint.shufflekey", "hint.num_partitions"];
const KINDS = [
  "innerunique",
  "inner",
  "leftouter",
  "rightouter",
  "fullouter",
  "leftsemi",
  "rightsemi",
  "leftanti",
  "anti",
  "leftantisemi",
  "rightanti",
  "rightantisemi",
] as const;

/** Compiles `join`. */
export function compileJoin(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  checkParameters(node, ["kind", ...HINTS]);
  const kind = operatorParameter(node, "kind") ?? "innerunique";
  const found = KINDS.find((known) => known === kind);
  if (!found) throw refuse(node, `the join kind '${kind}'`);
  const right = scope.relation(part(node, "Expression"));
  const conditions = conditionsOf(node, input, right, scope);
  const { columns } = node;
  if (!columns) throw refuse(node, "a join of columns that are not known");
  return { columns, rows: (run) => joinRows(found, input, right, conditions, run) };
}

/** Compiles `lookup`: a join that leaves the right side's keys out. */
export function compileLookup(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  checkParameters(node, ["kind", ...HINTS]);
  const kind = operatorParameter(node, "kind") ?? "leftouter";
  if (kind !== "leftouter" && kind !== "inner") throw refuse(node, `the lookup kind '${kind}'`);
  const right = scope.relation(part(node, "Expression"));
  const conditions = conditionsOf(node, input, right, scope);
  const keys = new Set(
    itemsOf(part(node, "LookupClause"), "Expressions").map((item) =>
      item.kind === "BinaryExpression"
        ? nameOf(part(part(item, "Right"), "Selector"))
        : nameOf(item)
    ),
  );
  const kept = right.columns.map((column, at) => ({ column, at }))
    .filter(({ column }) => !keys.has(column.name));
  const { columns } = node;
  if (!columns) throw refuse(node, "a lookup of columns that are not known");
  return {
    columns,
    rows: (run) =>
      joinRows(kind, input, right, conditions, run).map((row) => [
        ...row.slice(0, input.columns.length),
        ...kept.map(({ at }) => row[input.columns.length + at]!),
      ]),
  };
}

function conditionsOf(
  node: SyntaxNode,
  left: Relation,
  right: Relation,
  scope: Scope,
): Condition[] {
  const clause = node.parts.ConditionClause ?? node.parts.LookupClause;
  if (!clause || clause.kind !== "JoinOnClause") throw refuse(node, "a join without 'on'");
  return itemsOf(clause, "Expressions").map((item) => {
    if (item.kind === "NameReference") {
      return condition(node, sideColumn(item, left), sideColumn(item, right));
    }
    if (item.kind !== "BinaryExpression" || part(item, "Operator").text.trim() !== "==") {
      throw refuse(item, "this join condition");
    }
    const sides = [part(item, "Left"), part(item, "Right")];
    const of = (side: string, columns: Relation) => {
      const found = sides.find((operand) => operand.text.trim().startsWith(side));
      if (!found || found.kind !== "PathExpression") throw refuse(item, "this join condition");
      return scope.over(columns.columns).scalar(part(found, "Selector"));
    };
    return condition(node, of("$left", left), of("$right", right));
  });
}

function sideColumn(node: SyntaxNode, side: Relation): Scalar {
  const at = columnIndex(side.columns, nameOf(node));
  if (at < 0) throw refuse(node, `a join on '${nameOf(node)}'`);
  return { type: side.columns[at]!.type, constant: false, get: (row) => row[at]! };
}

function condition(node: SyntaxNode, left: Scalar, right: Scalar): Condition {
  const type = commonType(left.type, right.type);
  if (!type) throw refuse(node, `a join of ${left.type} with ${right.type}`);
  return { left: convertTo(left, type), right: convertTo(right, type) };
}

function joinRows(
  kind: (typeof KINDS)[number],
  left: Relation,
  right: Relation,
  conditions: readonly Condition[],
  run: Run,
): Row[] {
  // Rows with a null among their keys match nothing.
  const keyOf = (row: Row, side: keyof Condition): string | undefined => {
    const values = conditions.map((condition) => condition[side].get(row, run));
    return values.some((value) => value === null) ? undefined : rowKey(values);
  };
  let leftRows: readonly Row[] = left.rows(run);
  const rightRows = right.rows(run);
  run.budget.spendRows(rightRows.length, right.columns.length);
  if (kind === "innerunique") leftRows = firstOfEachKey(leftRows, (row) => keyOf(row, "left"));
  const matches = new Map<string, Row[]>();
  for (const row of rightRows) {
    const key = keyOf(row, "right");
    if (key === undefined) continue;
    const same = matches.get(key);
    if (same) same.push(row);
    else matches.set(key, [row]);
  }
  const found = (row: Row): readonly Row[] => {
    const key = keyOf(row, "left");
    return key === undefined ? [] : matches.get(key) ?? [];
  };
  const noLeft = left.columns.map(({ type }) => emptyCell(type));
  const noRight = right.columns.map(({ type }) => emptyCell(type));
  switch (kind) {
    case "leftsemi":
      return leftRows.filter((row) => found(row).length > 0);
    case "leftanti":
    case "anti":
    case "leftantisemi":
      return leftRows.filter((row) => found(row).length === 0);
    case "rightsemi":
    case "rightanti":
    case "rightantisemi": {
      const keys = new Set(leftRows.map((row) => keyOf(row, "left")));
      keys.delete(undefined);
      return rightRows.filter((row) => keys.has(keyOf(row, "right")) === (kind === "rightsemi"));
    }
  }
  const width = left.columns.length + right.columns.length;
  const joined: Row[] = [];
  const matched = new Set<Row>();
  for (const row of leftRows) {
    const others = found(row);
    run.budget.spendRows(others.length + 1, width);
    for (const other of others) {
      matched.add(other);
      joined.push([...row, ...other]);
    }
    if (others.length === 0 && (kind === "leftouter" || kind === "fullouter")) {
      joined.push([...row, ...noRight]);
    }
  }
  if (kind === "rightouter" || kind === "fullouter") {
    for (const row of rightRows) if (!matched.has(row)) joined.push([...noLeft, ...row]);
  }
  return joined;
}

function firstOfEachKey(rows: readonly Row[], keyOf: (row: Row) => string | undefined): Row[] {
  const seen = new Set<string | undefined>();
  return rows.filter((row) => {
    const key = keyOf(row);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
