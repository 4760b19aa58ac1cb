/**
 * `where`: by an index where the table has one, else row by row.
 *
 * @module
 */
import { columnIndex, type Row, type TableSource } from "./catalog.ts";
import {
  mapRows,
  NO_ROW,
  type Relation,
  type Run,
  sameRowsAs,
  type Scalar,
  type Scan,
} from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { checkParameters, isTabular, nameOf, part, type SyntaxNode } from "../parser/syntax.ts";
import type { Value } from "../values/values.ts";

type Lookup = Scan["lookups"][number];

/** Compiles `where`. */
export function compileFilter(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  checkParameters(node, ["hint.strategy"]);
  const condition = part(node, "Condition");
  const inner = scope.inside(input);
  const predicate = inner.scalar(condition);
  const rest = { columns: input.columns, ...sameRowsAs(input) };
  if (inner.windowed) {
    return {
      ...rest,
      rows: (run) => {
        const rows = input.rows(run);
        const holds = mapRows(rows, run, inner, (row) => predicate.get(row, run) === true);
        return rows.filter((_row, at) => holds[at]);
      },
    };
  }
  const { source } = input;
  const before = input.scan ?? (source && { source, predicates: [], lookups: [] });
  if (!before) {
    return { ...rest, rows: (run) => filterRows(input.rows(run), [predicate], run) };
  }
  const scan: Scan = {
    source: before.source,
    predicates: [...before.predicates, predicate],
    lookups: [...before.lookups, ...lookupsOf(condition, input, before.source, scope)],
  };
  return {
    ...rest,
    scan,
    rows: (run) =>
      // What is false for all rows needs none of them.
      scan.predicates.some((each) => each.constant && each.get(NO_ROW, run) !== true)
        ? []
        : filterRows(
          fewestRows(scan, run) ?? scan.source.rows(),
          scan.predicates.filter((each) => !each.constant),
          run,
        ),
  };
}

function filterRows(rows: readonly Row[], predicates: readonly Scalar[], run: Run): readonly Row[] {
  return predicates.reduce((left, { get }) => {
    run.budget.spend(left.length);
    return left.filter((row) => get(row, run) === true);
  }, rows);
}

function fewestRows({ source, lookups }: Scan, run: Run): readonly Row[] | undefined {
  let fewest: readonly Row[] | undefined;
  for (const { column, texts } of lookups) {
    const found = source.lookup?.(column, texts(run));
    if (found && (!fewest || found.length < fewest.length)) fewest = found;
  }
  return fewest;
}

function lookupsOf(
  condition: SyntaxNode,
  input: Relation,
  source: TableSource,
  scope: Scope,
): Lookup[] {
  if (!source.lookup) return [];
  switch (condition.kind) {
    case "ParenthesizedExpression":
      return lookupsOf(part(condition, "Expression"), input, source, scope);
    case "BinaryExpression": {
      const operator = part(condition, "Operator").text.trim();
      const [left, right] = [part(condition, "Left"), part(condition, "Right")];
      if (operator === "and") {
        return [left, right].flatMap((side) => lookupsOf(side, input, source, scope));
      }
      if (operator !== "==") return [];
      const column = stringColumn(left, input);
      const value = column === undefined ? undefined : constantOf(right, input, scope);
      if (column === undefined || !value) return [];
      return [{ column, texts: (run) => new Set(textsOf(value.get(NO_ROW, run))) }];
    }
    case "InExpression": {
      if (part(condition, "Operator").text.trim() !== "in") return [];
      const column = stringColumn(part(condition, "Left"), input);
      const items = part(condition, "Right").items;
      if (column === undefined) return [];
      const members = items.map((item) => memberTexts(item, input, scope));
      if (!members.every((texts) => texts !== undefined)) return [];
      return [{ column, texts: (run) => new Set(members.flatMap((texts) => texts(run))) }];
    }
    default:
      return [];
  }
}

function stringColumn(node: SyntaxNode, input: Relation): number | undefined {
  if (node.kind !== "NameReference") return undefined;
  const at = columnIndex(input.columns, nameOf(node));
  return input.columns[at]?.type === "string" ? at : undefined;
}

function constantOf(node: SyntaxNode, input: Relation, scope: Scope): Scalar | undefined {
  const scalar = scope.over(input.columns).scalar(node);
  return scalar.constant && scalar.type === "string" ? scalar : undefined;
}

function memberTexts(
  node: SyntaxNode,
  input: Relation,
  scope: Scope,
): ((run: Run) => string[]) | undefined {
  if (isTabular(node)) {
    const relation = scope.relation(node);
    if (relation.columns[0]?.type !== "string") return undefined;
    return scope.remember((run) => relation.rows(run).map((row) => String(row[0])));
  }
  const value = constantOf(node, input, scope);
  return value && ((run) => textsOf(value.get(NO_ROW, run)));
}

function textsOf(value: Value): string[] {
  return value === null ? [] : [String(value)];
}
