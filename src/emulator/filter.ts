/**
 * `where`: by an index where the table has one, else row by row.
 *
 * @module
 */
import type { Row, TableSource } from "./catalog.ts";
import { columnIndex, compileScalar, nameOf } from "./expressions.ts";
import { NO_ROW, type Relation, type Run, type Scalar } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { part, type SyntaxNode } from "./syntax.ts";
import { isTabular } from "./statements.ts";
import { compileRelation } from "./relations.ts";
import type { Value } from "./values.ts";

/** A condition that an index can answer: a string column is one of some texts. */
interface Lookup {
  readonly column: number;
  readonly texts: (run: Run) => ReadonlySet<string>;
}

/** Compiles `where`. */
export function compileFilter(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  const condition = part(node, "Condition");
  const predicate = compileScalar(condition, scope.over(input.columns));
  const { source } = input;
  const lookups = source ? lookupsOf(condition, input, source, scope) : [];
  return {
    columns: input.columns,
    ...(input.sorted && { sorted: true }),
    rows: (run) => {
      if (predicate.constant) {
        return predicate.get(NO_ROW, run) === true ? input.rows(run) : [];
      }
      const rows = source ? fewestRows(source, lookups, run) : undefined;
      return (rows ?? input.rows(run)).filter((row) => predicate.get(row, run) === true);
    },
  };
}

function fewestRows(
  source: TableSource,
  lookups: readonly Lookup[],
  run: Run,
): readonly Row[] | undefined {
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
  const scalar = compileScalar(node, scope.over(input.columns));
  return scalar.constant && scalar.type === "string" ? scalar : undefined;
}

function memberTexts(
  node: SyntaxNode,
  input: Relation,
  scope: Scope,
): ((run: Run) => string[]) | undefined {
  if (isTabular(node)) {
    const relation = compileRelation(node, scope);
    if (relation.columns[0]?.type !== "string") return undefined;
    return scope.remember((run) => relation.rows(run).map((row) => String(row[0])));
  }
  const value = constantOf(node, input, scope);
  return value && ((run) => textsOf(value.get(NO_ROW, run)));
}

function textsOf(value: Value): string[] {
  return value === null ? [] : [String(value)];
}
