/**
 * Operators that choose and make columns: `project` in all its forms, `extend`, `getschema`.
 *
 * Sources: project-operator.md and its kin, extend-operator.md, getschema-operator.md (Kusto
 * documentation).
 *
 * @module
 */
import { type Column, columnIndex, type Row } from "./catalog.ts";
import { convertValue } from "../values/convert.ts";
import { inOrderOf, mapRows, type Relation, sameRowsAs, type Scalar } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { itemsOf, nameOf, part, refuse, type SyntaxNode } from "../parser/syntax.ts";
import { engineType } from "../values/values.ts";

/** The columns that the parser names, with the types that the expressions have. */
export function namedColumns(node: SyntaxNode, scalars: readonly Scalar[]): Column[] {
  const { columns } = node;
  if (columns?.length !== scalars.length) throw refuse(node, "these columns");
  return scalars.map(({ type }, at) => ({ name: columns[at]!.name, type }));
}

/** Compiles `project`. */
export function compileProject(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  const inner = scope.inside(input);
  const scalars = itemsOf(node, "Expressions").map((item) => inner.scalar(item));
  const columns = namedColumns(node, scalars);
  const rows: Relation["rows"] = (run) =>
    mapRows(input.rows(run), run, inner, (row) => scalars.map((scalar) => scalar.get(row, run)));
  return { columns, rows, ...inOrderOf(input) };
}

/** Compiles `extend`. */
export function compileExtend(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  const inner = scope.inside(input);
  const items = itemsOf(node, "Expressions");
  if (items.length === 0) return input;
  const scalars = items.map((item) => inner.scalar(item));
  const columns: Column[] = [...(node.columns ?? [])];
  const changed = new Map<string, Scalar>();
  const given = items.filter(({ kind }) => kind === "SimpleNamedExpression")
    .map((item) => nameOf(part(item, "Name")));
  const added = columns.map(({ name }) => name)
    .filter((name) => columnIndex(input.columns, name) < 0 && !given.includes(name));
  for (const [at, item] of items.entries()) {
    const name = item.parts.Name?.text.trim() !== undefined && item.kind === "SimpleNamedExpression"
      ? nameOf(part(item, "Name"))
      : item.kind === "NameReference"
      ? nameOf(item)
      : added.find((candidate) => !changed.has(candidate));
    if (name === undefined) throw refuse(item, "an expression without a name here");
    changed.set(name, scalars[at]!);
  }
  const result = columns.map(({ name, type }) => ({ name, type: changed.get(name)?.type ?? type }));
  const from = result.map(({ name }) => columnIndex(input.columns, name));
  const made = result.map(({ name }) => changed.get(name));
  return {
    columns: result,
    ...inOrderOf(input),
    rows: (run) =>
      mapRows(
        input.rows(run),
        run,
        inner,
        (row) => made.map((scalar, at) => scalar ? scalar.get(row, run) : row[from[at]!]!),
      ),
  };
}

/** Compiles `project-away`, `project-keep` and `project-reorder`. */
export function keepColumns(node: SyntaxNode, input: Relation): Relation {
  const columns = node.columns;
  if (!columns) throw refuse(node, "columns that are not known");
  const from = columns.map(({ name }) => columnIndex(input.columns, name));
  const kept = from.map((at, index) => input.columns[at] ?? columns[index]!);
  return {
    columns: kept,
    rows: (run) => input.rows(run).map((row) => from.map((at) => row[at]!)),
    ...inOrderOf(input),
  };
}

/** Compiles `project-rename`. */
export function compileRename(node: SyntaxNode, input: Relation): Relation {
  const names = new Map(
    itemsOf(node, "Expressions").map((item) => [
      nameOf(part(item, "Expression")),
      nameOf(part(item, "Name")),
    ]),
  );
  const columns = input.columns.map(({ name, type }) => ({ name: names.get(name) ?? name, type }));
  return { columns, rows: input.rows, ...sameRowsAs(input) };
}

/** Compiles `getschema`. */
export function compileGetSchema(node: SyntaxNode, input: Relation): Relation {
  const columns = node.columns ?? [];
  const rows = input.columns.map(({ name, type }, at): Row => [
    name,
    convertValue(BigInt(at), "long", columns[1]?.type ?? "long"),
    engineType(type),
    type,
  ]);
  return { columns, rows: () => rows };
}

/** Compiles `serialize`: rows in a fixed order. */
export function compileSerialize(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  return { ...compileExtend(node, { ...input, sorted: true }, scope), sorted: true };
}
