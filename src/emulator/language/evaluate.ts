/**
 * Query texts → tables: analysed once, compiled once, run as often as wanted.
 *
 * @module
 */
import { Budget } from "./budget.ts";
import type { Catalog, Column, Row } from "./catalog.ts";
import { analyze } from "../parser/parser.ts";
import { executors } from "./executors.ts";
import type { RawParameters } from "./parameters.ts";
import type { Relation, Run } from "./scalars.ts";
import { type Compilation, Scope } from "./scope.ts";
import { compileStatements, PARAMETERS_SLOT } from "./statements.ts";
import { itemsOf, refuse, type SyntaxNode } from "../parser/syntax.ts";

/** A table of an answer. */
export interface QueryTable {
  /** `PrimaryResult`, or the name that `as` gave. */
  readonly name: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

/** What one run of a query is given. */
export interface QueryRequest {
  readonly parameters: RawParameters;
  /** Whether the caller honours the options that the text sets; otherwise they are refused. */
  readonly honoursSettings?: boolean;
  /** Ticks of `now()`. */
  readonly now: bigint;
  /** Gives numbers from 0 up to 1. */
  readonly random: () => number;
  /** Throws when the query's time is over. */
  readonly checkTime?: () => void;
}

interface Compiled {
  readonly relations: readonly Relation[];
  readonly slots: number;
}

/** A text is compiled once for each catalog, as it is bound to the rows, and anew after a change of the schema. */
const compiled = new WeakMap<Catalog, { version: number; trees: WeakMap<SyntaxNode, Compiled> }>();

/**
 * Runs the statements of a text; needs `loadLanguage` of `parser.ts` to have resolved.
 *
 * @returns One table for each tabular statement, in their order.
 * @throws {ServiceError} As the service would answer, or to refuse what is not known here.
 */
export function runQuery(text: string, catalog: Catalog, request: QueryRequest): QueryTable[] {
  const checkTime = request.checkTime ?? (() => {});
  const tree = analyze(text, catalog, checkTime);
  const [setting] = itemsOf(tree, "Statements")
    .filter((statement) => statement.kind === "SetOptionStatement");
  if (setting && !request.honoursSettings) throw refuse(setting, "'set' here");
  const trees = compiledFor(catalog);
  let known = trees.get(tree);
  if (!known) {
    const compilation: Compilation = {
      catalog,
      executors,
      slots: PARAMETERS_SLOT + 1,
      calls: 0,
      depth: 0,
      rowDepth: Infinity,
    };
    const relations = compileStatements(tree, new Scope(compilation));
    trees.set(tree, known = { relations, slots: compilation.slots });
  }
  const slots = new Array<unknown>(known.slots);
  slots[PARAMETERS_SLOT] = request.parameters;
  const budget = new Budget(checkTime);
  const run: Run = { now: request.now, random: request.random, slots, budget };
  return known.relations.map(({ columns, rows, name }) => ({
    name: name ?? "PrimaryResult",
    columns,
    rows: rows(run),
  }));
}

function compiledFor(catalog: Catalog): WeakMap<SyntaxNode, Compiled> {
  let known = compiled.get(catalog);
  if (known?.version !== catalog.schemaVersion) {
    known = { version: catalog.schemaVersion, trees: new WeakMap() };
    compiled.set(catalog, known);
  }
  return known.trees;
}
