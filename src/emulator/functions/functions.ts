/**
 * Scalar functions: where they are found, and how their calls are compiled.
 *
 * Sources: the page of each function (Kusto documentation). To add one, write a line in the table of
 * its kind and a case in the tests.
 *
 * @module
 */
import { windowFunctions } from "./rows.ts";
import { conversions } from "./conversion.ts";
import { datetimeFunctions } from "./datetime.ts";
import { dynamicFunctions } from "./dynamic.ts";
import { logicFunctions } from "./logic.ts";
import { mathFunctions } from "./math.ts";
import { regexFunctions } from "./regex.ts";
import { textFunctions } from "./text.ts";
import { convertTo, type Run, type Scalar } from "../language/scalars.ts";
import type { Scope } from "../language/scope.ts";
import { part, refuse, refusingBadArguments, type SyntaxNode } from "../parser/syntax.ts";
import type { ScalarType, Value } from "../values/values.ts";

/** A scalar function whose value depends on its arguments alone. */
export interface ScalarFunction {
  /** The types that arguments are converted to, the last one standing for all further ones. */
  readonly takes?: readonly (ScalarType | undefined)[];
  /** The type of the result; without it, the one that the parser gives. */
  readonly type?: ScalarType | ((types: readonly ScalarType[], node: SyntaxNode) => ScalarType);
  /** Whether it looks at null arguments; otherwise one of them makes the result null. */
  readonly nulls?: boolean;
  /** Whether the same arguments may give another value. */
  readonly volatile?: boolean;
  readonly of: (args: readonly Value[], types: readonly ScalarType[], run: Run) => Value;
}

/** A function that needs more than the values of its arguments. */
export type SpecialFunction = (node: SyntaxNode, scope: Scope) => Scalar;

/** Functions of their arguments alone. */
export const functions: Readonly<Record<string, ScalarFunction>> = {
  ...conversions,
  ...datetimeFunctions,
  ...dynamicFunctions,
  ...mathFunctions,
  ...regexFunctions,
  ...textFunctions,
};

/** Functions of more than that. */
export const special: Readonly<Record<string, SpecialFunction>> = {
  ...logicFunctions,
  ...windowFunctions,
};

/** Compiles a call of a built-in function. */
export function callFunction(node: SyntaxNode, scope: Scope): Scalar {
  const name = part(node, "Name").text.trim();
  if (Object.hasOwn(special, name)) return special[name]!(node, scope);
  const found = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (!found) throw refuse(node, `the function '${name}'`);
  const given = part(node, "ArgumentList").items.map((item) => scope.scalar(item));
  const { takes, of, nulls } = found;
  const args = given.map((arg, at) => {
    const wanted = takes && takes[Math.min(at, takes.length - 1)];
    return wanted ? convertTo(arg, wanted) : arg;
  });
  const types = args.map(({ type }) => type);
  const type = typeof found.type === "function" ? found.type(types, node) : found.type ?? node.type;
  if (type === undefined) throw refuse(node, `the function '${name}' here`);
  const constant = !found.volatile && args.every((arg) => arg.constant);
  const get: Scalar["get"] = (row, run) => {
    const values = new Array<Value>(args.length);
    for (let at = 0; at < args.length; at++) {
      const value = args[at]!.get(row, run);
      if (value === null && !nulls) return type === "string" ? "" : null;
      run.budget.spendValue(value);
      values[at] = value;
    }
    const value = refusingBadArguments(node, () => of(values, types, run));
    run.budget.spendValue(value);
    return value;
  };
  if (!constant || args.length === 0) return { type, constant, get };
  const once = scope.remember((run) => get([], run));
  return { type, constant, get: (_row, run) => once(run) };
}
