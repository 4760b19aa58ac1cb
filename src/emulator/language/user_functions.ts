/**
 * Functions that a `let` statement or the database declares: their body is compiled at each call.
 *
 * @module
 */
import { exhausted } from "../exhausted.ts";
import { analyze } from "../parser/parser.ts";
import { compileLet } from "./statements.ts";
import { convertTo, type Relation, type Scalar } from "./scalars.ts";
import { Scope } from "./scope.ts";
import { itemsOf, nameOf, part, refuse, type SyntaxNode } from "../parser/syntax.ts";
import { scalarType } from "../values/values.ts";

/** Calls of declared functions that one text may come to, those inside of their bodies included. */
const mostCalls = 2_000;

/** A function's declaration and the names that its body sees. */
export interface UserFunction {
  readonly declaration: SyntaxNode;
  readonly scope: Scope;
}

/** The function of a name, if a text or the database declares one. */
export function findFunction(
  name: string,
  node: SyntaxNode,
  scope: Scope,
): UserFunction | undefined {
  const binding = scope.find(name);
  if (binding?.kind === "function") return binding;
  const stored = scope.compilation.catalog.functions.get(name);
  if (!stored) return undefined;
  const { catalog } = scope.compilation;
  const tree = analyze(`let stored = ${stored.parameters} ${stored.body}; print 0`, catalog);
  const declared = tree.parts.Statements?.items[0]?.parts.Expression;
  if (declared?.kind !== "FunctionDeclaration") throw refuse(node, `the stored function '${name}'`);
  return { declaration: declared, scope: new Scope(scope.compilation) };
}

/** Compiles a call that gives a scalar. */
export function callUserFunction(node: SyntaxNode, called: UserFunction, scope: Scope): Scalar {
  const { inner, arguments: args } = enter(node, called, scope);
  const first = scope.compilation.slots;
  const body = part(called.declaration, "Body");
  for (const statement of itemsOf(body, "Statements")) compileLet(statement, inner);
  const result = inner.scalar(part(body, "Expression"));
  const last = scope.compilation.slots;
  const constant = args.every(({ scalar }) => scalar.constant);
  return {
    type: result.type,
    constant: result.constant && constant,
    get: (row, run) => {
      run.budget.spend(1);
      for (const { scalar, slot } of args) run.slots[slot] = scalar.get(row, run);
      // What the body computed once is computed anew for other arguments.
      if (!constant) run.slots.fill(undefined, first, last);
      return result.get(row, run);
    },
  };
}

/** Compiles a call that gives a table. */
export function callTabularFunction(
  node: SyntaxNode,
  called: UserFunction,
  scope: Scope,
  piped?: Relation,
): Relation {
  const { inner, arguments: args } = enter(node, called, scope.over([]), piped);
  const body = part(called.declaration, "Body");
  for (const statement of itemsOf(body, "Statements")) compileLet(statement, inner);
  const result = inner.relation(part(body, "Expression"));
  return {
    columns: result.columns,
    rows: (run) => {
      for (const { scalar, slot } of args) run.slots[slot] = scalar.get([], run);
      return result.rows(run);
    },
  };
}

interface Argument {
  readonly scalar: Scalar;
  readonly slot: number;
}

/** Binds the arguments of a call to the parameters of what it calls. */
function enter(
  node: SyntaxNode,
  { declaration, scope: outer }: UserFunction,
  scope: Scope,
  piped?: Relation,
): { inner: Scope; arguments: Argument[] } {
  if (++scope.compilation.calls > mostCalls) {
    throw exhausted(`The query comes to more than ${mostCalls} calls of declared functions`);
  }
  const inner = outer.over([]);
  const given = node.parts.ArgumentList?.items ?? [];
  const named = new Map(
    given.filter((item) => item.kind === "SimpleNamedExpression")
      .map((item) => [nameOf(part(item, "Name")), part(item, "Expression")]),
  );
  const positional = given.filter((item) => item.kind !== "SimpleNamedExpression");
  let position = 0;
  let waiting = piped;
  const args: Argument[] = [];
  for (const parameter of part(declaration, "Parameters").parts.Parameters?.items ?? []) {
    const declared = part(parameter, "NameAndType");
    const name = nameOf(part(declared, "Name"));
    const typed = part(declared, "Type");
    if (typed.kind === "SchemaTypeExpression") {
      const { of: relation, rowDepth } = scope.tracking(() =>
        waiting ?? scope.relation(argument(node, positional[position++]))
      );
      waiting = undefined;
      inner.bind(name, { kind: "relation", relation, rowDepth });
      continue;
    }
    const fallback = parameter.parts.DefaultValue?.parts.Value;
    const expression = argument(node, named.get(name) ?? positional[position++] ?? fallback);
    const given = scope.scalar(expression);
    const type = scalarType(typed.text.trim()) ?? given.type;
    const scalar = convertTo(given, type);
    const slot = scope.compilation.slots++;
    args.push({ scalar, slot });
    inner.bind(name, {
      kind: "scalar",
      scalar: {
        type,
        constant: scalar.constant,
        get: (_row, run) => run.slots[slot] as ReturnType<Scalar["get"]>,
      },
      rowDepth: scalar.constant ? Infinity : scope.compilation.depth,
    });
  }
  return { inner, arguments: args };
}

function argument(node: SyntaxNode, found: SyntaxNode | undefined): SyntaxNode {
  if (!found) throw refuse(node, "a call without one of its arguments");
  return found;
}
