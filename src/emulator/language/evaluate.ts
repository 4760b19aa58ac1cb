/**
 * Query texts → tables: analysed once, compiled once, run as often as wanted.
 *
 * @module
 */
import type { Catalog, Column, Row } from "./catalog.ts";
import { analyze, loadLanguage } from "./language.ts";
import type { RawParameters } from "./parameters.ts";
import type { Relation, Run } from "./scalars.ts";
import { type Compilation, Scope } from "./scope.ts";
import { compileStatements, PARAMETERS_SLOT } from "./statements.ts";
import type { SyntaxNode } from "./syntax.ts";

/** A table of an answer. */
export interface ResultTable {
  /** `PrimaryResult`, or the name that `as` gave. */
  readonly name: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

/** What one run of a query is given. */
export interface QueryRequest {
  readonly parameters: RawParameters;
  /** Ticks of `now()`. */
  readonly now: bigint;
  /** Gives numbers from 0 up to 1. */
  readonly random: () => number;
}

interface Compiled {
  readonly relations: readonly Relation[];
  readonly slots: number;
}

const compiled = new WeakMap<SyntaxNode, Compiled>();

/**
 * Runs the statements of a text; needs {@linkcode loadLanguage} to have resolved.
 *
 * @returns One table for each tabular statement, in their order.
 * @throws {ServiceError} As the service would answer, or to refuse what is not known here.
 */
export function runQuery(text: string, catalog: Catalog, request: QueryRequest): ResultTable[] {
  const tree = analyze(text, catalog);
  let known = compiled.get(tree);
  if (!known) {
    const compilation: Compilation = { catalog, slots: PARAMETERS_SLOT + 1 };
    const relations = compileStatements(tree, new Scope(compilation));
    compiled.set(tree, known = { relations, slots: compilation.slots });
  }
  const slots = new Array<unknown>(known.slots);
  slots[PARAMETERS_SLOT] = request.parameters;
  const run: Run = { now: request.now, random: request.random, slots };
  return known.relations.map(({ columns, rows, name }) => ({
    name: name ?? "PrimaryResult",
    columns,
    rows: rows(run),
  }));
}

export { loadLanguage };
