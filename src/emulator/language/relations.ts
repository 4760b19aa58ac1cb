/**
 * Tabular expressions, compiled.
 *
 * Sources: the pages of the tabular operators (Kusto documentation).
 *
 * @module
 */
import type { Column, Row, TableSource, ViewSource } from "./catalog.ts";
import { compareForSort, type Ordering } from "../values/compare.ts";
import { convertValue } from "../values/convert.ts";
import { columnIndex, compileScalar, nameOf } from "./expressions.ts";
import { compileFilter } from "./filter.ts";
import { compileJoin, compileLookup } from "./join.ts";
import { compileMvApply, compileMvExpand } from "./mv_expand.ts";
import { compileParse } from "./parse.ts";
import {
  convertTo,
  inOrderOf,
  mapRows,
  NO_ROW,
  type Relation,
  type Run,
  sameRowsAs,
  type Scalar,
} from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { compileCount, compileDistinct, compileSummarize } from "./summarize.ts";
import { itemsOf, part, refuse, type SyntaxNode } from "./syntax.ts";
import { compileUnion } from "./union.ts";
import { callTabularFunction, findFunction } from "./user_functions.ts";
import { engineType, scalarType, type Value } from "../values/values.ts";

/** Compiles a tabular expression. */
export function compileRelation(node: SyntaxNode, scope: Scope): Relation {
  const compile = Object.hasOwn(sources, node.kind) ? sources[node.kind] : undefined;
  if (!compile) throw refuse(node, `the table '${node.text.slice(0, 40)}'`);
  return compile(node, scope);
}

type CompileSource = (node: SyntaxNode, scope: Scope) => Relation;

const sources: Readonly<Record<string, CompileSource>> = {
  NameReference: compileTable,
  ParenthesizedExpression: (node, scope) => compileRelation(part(node, "Expression"), scope),
  PipeExpression: (node, scope) =>
    compileOperator(
      part(node, "Operator"),
      compileRelation(part(node, "Expression"), scope),
      scope,
    ),
  MaterializeExpression: (node, scope) => {
    const { source: _source, scan: _scan, ...relation } = compileRelation(
      part(node, "Expression"),
      scope,
    );
    return { ...relation, rows: scope.remember(relation.rows) };
  },
  PrintOperator: compilePrint,
  DataTableExpression: compileDatatable,
  RangeOperator: compileRange,
  UnionOperator: (node, scope) => compileUnion(node, scope),
  FunctionCallExpression: compileCall,
};

/** Compiles an operator over what is piped into it. */
export function compileOperator(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  const compile = Object.hasOwn(operators, node.kind) ? operators[node.kind] : undefined;
  if (!compile) throw refuse(node, `the operator '${node.text.trim().split(/\s/)[0]}'`);
  return compile(node, input, scope);
}

type CompileOperator = (node: SyntaxNode, input: Relation, scope: Scope) => Relation;

const operators: Readonly<Record<string, CompileOperator>> = {
  FilterOperator: compileFilter,
  ProjectOperator: compileProject,
  ProjectAwayOperator: (node, input) => keepColumns(node, input),
  ProjectKeepOperator: (node, input) => keepColumns(node, input),
  ProjectReorderOperator: (node, input) => keepColumns(node, input),
  ProjectRenameOperator: compileRename,
  ExtendOperator: compileExtend,
  SummarizeOperator: compileSummarize,
  DistinctOperator: compileDistinct,
  CountOperator: compileCount,
  SortOperator: compileSort,
  TopOperator: compileTop,
  TakeOperator: compileTake,
  JoinOperator: compileJoin,
  LookupOperator: compileLookup,
  UnionOperator: (node, input, scope) => compileUnion(node, scope, input),
  MvExpandOperator: compileMvExpand,
  AsOperator: (node, input, scope) => {
    const name = nameOf(part(node, "Name"));
    const relation = { ...input, rows: scope.remember(input.rows), name };
    scope.bind(name, { kind: "relation", relation });
    return relation;
  },
  // How rows are drawn is for the client.
  RenderOperator: (_node, input) => input,
  ParseOperator: compileParse,
  ParseWhereOperator: compileParse,
  MvApplyOperator: compileMvApply,
  SampleOperator: compileSample,
  SerializeOperator: (node, input, scope) => ({
    ...compileExtend(node, input, scope),
    sorted: true,
  }),
  GetSchemaOperator: (node, input) => compileGetSchema(node, input),
  InvokeOperator: (node, input, scope) => {
    const call = part(node, "Function");
    const found = findFunction(part(call, "Name").text.trim(), call, scope);
    if (!found) throw refuse(call, "this function");
    return callTabularFunction(call, found, scope, input);
  },
};

function compileTable(node: SyntaxNode, scope: Scope): Relation {
  const name = node.symbol?.name || nameOf(node);
  const binding = scope.find(name);
  if (binding?.kind === "relation") return binding.relation;
  if (binding?.kind === "function") return callTabularFunction(node, binding, scope);
  const { catalog } = scope.compilation;
  if (catalog.functions.has(name)) {
    return callTabularFunction(node, findFunction(name, node, scope)!, scope);
  }
  const source = catalog.tables.get(name) ?? catalog.views.get(name);
  if (!source) throw refuse(node, `the table '${name}'`);
  return relationOf(source);
}

/** The rows of a table or view. */
export function relationOf(source: TableSource): Relation {
  return {
    columns: source.columns,
    rows: () => source.rows(),
    source,
    ingestedAt: (row) => source.ingestedAt?.(row) ?? null,
  };
}

function compileCall(node: SyntaxNode, scope: Scope): Relation {
  const name = part(node, "Name").text.trim();
  const found = findFunction(name, node, scope);
  if (found) return callTabularFunction(node, found, scope);
  const [argument, maxAge] = part(node, "ArgumentList").items;
  const { tables, views } = scope.compilation.catalog;
  const wanted = argument?.literal ?? "";
  const view = views.get(wanted);
  if (name === "materialized_view" && view) {
    return maxAge ? freshEnough(view, compileScalar(maxAge, scope)) : relationOf(view.materialized);
  }
  const source = view ?? tables.get(wanted);
  if (name === "table" && source) return relationOf(source);
  throw refuse(node, `the tabular function '${name}'`);
}

/** The materialized part of a view where it is no older than `maxAge`, else all of the view. */
function freshEnough(view: ViewSource, maxAge: Scalar): Relation {
  return {
    columns: view.columns,
    rows: (run) => {
      const isFresh = run.now - view.materializedTo() <= (maxAge.get(NO_ROW, run) as bigint);
      return (isFresh ? view.materialized : view).rows();
    },
  };
}

function compilePrint(node: SyntaxNode, scope: Scope): Relation {
  const scalars = itemsOf(node, "Expressions").map((item) => compileScalar(item, scope));
  const columns = namedColumns(node, scalars);
  return {
    columns,
    detached: true,
    rows: (run) => [scalars.map((scalar) => scalar.get(NO_ROW, run))],
  };
}

/** The columns that the parser names, with the types that the expressions have. */
function namedColumns(node: SyntaxNode, scalars: readonly Scalar[]): Column[] {
  const { columns } = node;
  if (columns?.length !== scalars.length) throw refuse(node, "these columns");
  return scalars.map(({ type }, at) => ({ name: columns[at]!.name, type }));
}

function compileDatatable(node: SyntaxNode, scope: Scope): Relation {
  const columns = part(node, "Schema").parts.Columns!.items.map((declared) => ({
    name: nameOf(part(declared, "Name")),
    type: scalarType(part(declared, "Type").text.trim()) ?? "string",
  }));
  const values = itemsOf(node, "Values").map((item, at) =>
    convertTo(compileScalar(item, scope), columns[at % columns.length]!.type)
  );
  if (values.length % columns.length !== 0) throw refuse(node, "a row that is not complete");
  return {
    columns,
    detached: true,
    rows: scope.remember((run) => {
      const rows: Row[] = [];
      for (let at = 0; at < values.length; at += columns.length) {
        rows.push(values.slice(at, at + columns.length).map((value) => value.get(NO_ROW, run)));
      }
      return rows;
    }),
  };
}

function compileRange(node: SyntaxNode, scope: Scope): Relation {
  const [column] = node.columns ?? [];
  if (!column) throw refuse(node, "this range");
  const of = (name: string) => convertRange(compileScalar(part(node, name), scope), column, name);
  const [from, to, step] = [of("From"), of("To"), of("Step")];
  return {
    columns: [column],
    detached: true,
    sorted: true,
    rows: (run) => {
      const [first, last, by] = [from, to, step].map((scalar) => scalar.get(NO_ROW, run));
      const rows: Row[] = [];
      if (first === null || last === null || by === null || !by) return rows;
      const up = (by as number) > 0;
      for (let at = first as number; up ? at <= (last as number) : at >= (last as number);) {
        rows.push([at]);
        at = (at + (by as number)) as number;
      }
      return rows;
    },
  };
}

function convertRange(scalar: Scalar, column: Column, name: string): Scalar {
  return convertTo(
    scalar,
    column.type === "datetime" && name === "Step" ? "timespan" : column.type,
  );
}

function compileProject(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  const inner = scope.inside(input);
  const scalars = itemsOf(node, "Expressions").map((item) => compileScalar(item, inner));
  const columns = namedColumns(node, scalars);
  const rows: Relation["rows"] = (run) =>
    mapRows(input.rows(run), run, inner, (row) => scalars.map((scalar) => scalar.get(row, run)));
  return { columns, rows, ...inOrderOf(input) };
}

function compileExtend(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  const inner = scope.inside(input);
  const items = itemsOf(node, "Expressions");
  if (items.length === 0) return input;
  const scalars = items.map((item) => compileScalar(item, inner));
  const columns: Column[] = [...(node.columns ?? [])];
  const changed = new Map<string, Scalar>();
  const added = columns.filter(({ name }) => columnIndex(input.columns, name) < 0).map((c) =>
    c.name
  );
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

function keepColumns(node: SyntaxNode, input: Relation): Relation {
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

function compileRename(node: SyntaxNode, input: Relation): Relation {
  const names = new Map(
    itemsOf(node, "Expressions").map((item) => [
      nameOf(part(item, "Expression")),
      nameOf(part(item, "Name")),
    ]),
  );
  const columns = input.columns.map(({ name, type }) => ({ name: names.get(name) ?? name, type }));
  return { columns, rows: input.rows, ...sameRowsAs(input) };
}

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
    return { scalar: compileScalar(expression, scope), ordering: { descending, nullsFirst } };
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

function compileSort(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  const keys = sortKeys(itemsOf(node, "Expressions"), scope.over(input.columns));
  return {
    columns: input.columns,
    rows: (run) => sortRows(input.rows(run), keys, run),
    ...sameRowsAs(input),
    sorted: true,
  };
}

function compileTop(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  const count = compileScalar(part(node, "Expression"), scope);
  const keys = sortKeys([part(node, "ByExpression")], scope.over(input.columns));
  return {
    columns: input.columns,
    rows: (run) => sortRows(input.rows(run), keys, run).slice(0, rowCount(count.get(NO_ROW, run))),
    ...sameRowsAs(input),
    sorted: true,
  };
}

function compileTake(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  const count = compileScalar(part(node, "Expression"), scope);
  return {
    columns: input.columns,
    rows: (run) => input.rows(run).slice(0, rowCount(count.get(NO_ROW, run))),
    ...sameRowsAs(input),
  };
}

function compileSample(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  const count = compileScalar(part(node, "Expression"), scope);
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

function compileGetSchema(node: SyntaxNode, input: Relation): Relation {
  const columns = node.columns ?? [];
  const rows = input.columns.map(({ name, type }, at): Row => [
    name,
    convertValue(BigInt(at), "long", columns[1]?.type ?? "long"),
    engineType(type),
    type,
  ]);
  return { columns, rows: () => rows };
}
