/**
 * Where rows come from: tables, views, functions, and the operators that make rows of nothing.
 *
 * Sources: print-operator.md, datatable-operator.md, range-operator.md, materialize-function.md,
 * as-operator.md (Kusto documentation).
 *
 * @module
 */
import type { Column, Row, TableSource, ViewSource } from "./catalog.ts";
import { namedColumns } from "./columns.ts";
import { convertTo, NO_ROW, type Relation, type Scalar } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { itemsOf, nameOf, part, refuse, type SyntaxNode } from "../parser/syntax.ts";
import { callTabularFunction, findFunction } from "./user_functions.ts";
import { scalarType } from "../values/values.ts";

/** Compiles the name of a table, a view or a function. */
export function compileTable(node: SyntaxNode, scope: Scope): Relation {
  const name = node.symbol?.name || nameOf(node);
  const binding = scope.find(name);
  if (binding) scope.read(binding, node);
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
function relationOf(source: TableSource): Relation {
  return {
    columns: source.columns,
    rows: () => source.rows(),
    source,
    ingestedAt: (row) => source.ingestedAt?.(row) ?? null,
  };
}

/** Compiles a call that gives a table. */
export function compileTabularCall(node: SyntaxNode, scope: Scope): Relation {
  const name = part(node, "Name").text.trim();
  const found = findFunction(name, node, scope);
  if (found) return callTabularFunction(node, found, scope);
  const [argument, maxAge] = part(node, "ArgumentList").items;
  const { tables, views } = scope.compilation.catalog;
  const wanted = argument?.literal ?? "";
  const view = views.get(wanted);
  if (name === "materialized_view" && view) {
    return maxAge ? freshEnough(view, scope.scalar(maxAge)) : relationOf(view.materialized);
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

/** Compiles `print`. */
export function compilePrint(node: SyntaxNode, scope: Scope): Relation {
  const scalars = itemsOf(node, "Expressions").map((item) => scope.scalar(item));
  const columns = namedColumns(node, scalars);
  return {
    columns,
    detached: true,
    rows: (run) => [scalars.map((scalar) => scalar.get(NO_ROW, run))],
  };
}

/** Compiles `datatable`. */
export function compileDatatable(node: SyntaxNode, scope: Scope): Relation {
  const columns = part(node, "Schema").parts.Columns!.items.map((declared) => ({
    name: nameOf(part(declared, "Name")),
    type: scalarType(part(declared, "Type").text.trim()) ?? "string",
  }));
  const values = itemsOf(node, "Values").map((item, at) =>
    convertTo(scope.scalar(item), columns[at % columns.length]!.type)
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

/** Compiles `range`. */
export function compileRange(node: SyntaxNode, scope: Scope): Relation {
  const [column] = node.columns ?? [];
  if (!column) throw refuse(node, "this range");
  const of = (name: string) => convertRange(scope.scalar(part(node, name)), column, name);
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
        run.budget.spend(1);
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

/** Compiles `materialize`: rows that are computed once in a run. */
export function compileMaterialize(node: SyntaxNode, scope: Scope): Relation {
  const { source: _source, scan: _scan, ...relation } = scope.relation(part(node, "Expression"));
  return { ...relation, rows: scope.remember(relation.rows) };
}

/** Compiles `as`: a name for rows. */
export function compileAs(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  const name = nameOf(part(node, "Name"));
  const relation = { ...input, rows: scope.remember(input.rows), name };
  scope.bind(name, { kind: "relation", relation });
  return relation;
}

/** Compiles `invoke`: a function whose first argument is piped into it. */
export function compileInvoke(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  const call = part(node, "Function");
  const name = part(call, "Name").text.trim();
  const found = findFunction(name, call, scope);
  if (!found) throw refuse(call, `the function '${name}'`);
  return callTabularFunction(call, found, scope, input);
}
