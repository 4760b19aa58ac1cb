/**
 * The statements of a text: what they declare, and the tables that they give.
 *
 * @module
 */
import { convertTo, NO_ROW, type Relation } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { isTabular, nameOf, part, refuse, type SyntaxNode } from "../parser/syntax.ts";
import { parameterValue, type RawParameters } from "./parameters.ts";
import { scalarType } from "../values/values.ts";

/** Declares what a `let` statement names. */
export function compileLet(statement: SyntaxNode, scope: Scope): void {
  if (statement.kind !== "LetStatement") throw refuse(statement, "this statement here");
  const name = nameOf(part(statement, "Name"));
  const value = part(statement, "Expression");
  if (value.kind === "FunctionDeclaration") {
    scope.bind(name, { kind: "function", declaration: value, scope });
    return;
  }
  if (isTabular(value) || value.type === undefined) {
    const { of: relation, rowDepth } = scope.tracking(() => scope.relation(value));
    const rows = scope.remember(relation.rows);
    // The rows of a bare table stay open to its index.
    scope.bind(name, {
      kind: "relation",
      relation: relation.source ? relation : { ...relation, rows },
      rowDepth,
    });
    return;
  }
  const { of: scalar, rowDepth } = scope.tracking(() => scope.scalar(value));
  // What gives another value each time is computed anew wherever it is named.
  if (!scalar.constant) {
    scope.bind(name, { kind: "scalar", scalar, rowDepth });
    return;
  }
  const remembered = scope.remember((run) => scalar.get(NO_ROW, run));
  scope.bind(name, {
    kind: "scalar",
    scalar: { ...scalar, constant: true, get: (_row, run) => remembered(run) },
  });
}

/** Declares query parameters; their values come with each run. */
function compileParameters(statement: SyntaxNode, scope: Scope): void {
  for (const parameter of statement.parts.Parameters?.items ?? []) {
    const declared = part(parameter, "NameAndType");
    const name = nameOf(part(declared, "Name"));
    const type = scalarType(part(declared, "Type").text.trim());
    if (!type) throw refuse(parameter, `a query parameter of this type`);
    const fallback = parameter.parts.DefaultValue?.parts.Value;
    const standard = fallback && convertTo(scope.scalar(fallback), type);
    const value = scope.remember((run) => {
      const raw = (run.slots[PARAMETERS_SLOT] as RawParameters).get(name);
      if (raw !== undefined) return parameterValue(name, type, raw);
      if (standard) return standard.get(NO_ROW, run);
      throw refuse(parameter, `a run without a value for the query parameter '${name}'`);
    });
    scope.bind(name, {
      kind: "scalar",
      scalar: { type, constant: true, get: (_row, run) => value(run) },
    });
  }
}

/** Where a run keeps the parameters as they came. */
export const PARAMETERS_SLOT = 0;

/** Compiles the statements of a text; gives one table for each tabular statement. */
export function compileStatements(tree: SyntaxNode, scope: Scope): Relation[] {
  const results: Relation[] = [];
  for (const statement of tree.parts.Statements?.items ?? []) {
    switch (statement.kind) {
      case "LetStatement":
        compileLet(statement, scope);
        break;
      case "SetOptionStatement":
        // An option of the request, for the caller to honour.
        break;
      case "QueryParametersStatement":
        compileParameters(statement, scope);
        break;
      case "ExpressionStatement":
        results.push(compileResult(part(statement, "Expression"), scope));
        break;
      default:
        throw refuse(statement, "this kind of statement");
    }
  }
  return results;
}

function compileResult(node: SyntaxNode, scope: Scope): Relation {
  if (node.type === undefined) return scope.relation(node);
  const scalar = scope.scalar(node);
  return {
    columns: [{ name: "print_0", type: scalar.type }],
    rows: (run) => [[scalar.get(NO_ROW, run)]],
  };
}
