/**
 * Functions that choose among their arguments.
 *
 * @module
 */
import { commonType, compareValues } from "../values/compare.ts";
import type { Compile, SpecialFunction } from "./functions.ts";
import { convertTo, type Scalar } from "../language/scalars.ts";
import type { Scope } from "../language/scope.ts";
import { part, refuse, type SyntaxNode } from "../language/syntax.ts";
import { emptyCell, type ScalarType, type Value } from "../values/values.ts";

function argumentsOf(node: SyntaxNode, scope: Scope, compile: Compile): Scalar[] {
  return part(node, "ArgumentList").items.map((item) => compile(item, scope));
}

/** Choices brought to the type that they share. */
function alike(node: SyntaxNode, choices: readonly Scalar[]): Scalar[] {
  let type: ScalarType = choices[0]!.type;
  for (const choice of choices) {
    const shared = choice.type === "dynamic" && type !== "dynamic"
      ? "dynamic"
      : commonType(type, choice.type);
    if (!shared) throw refuse(node, `a choice between ${type} and ${choice.type}`);
    type = type === "dynamic" ? "dynamic" : shared;
  }
  return choices.map((choice) => convertTo(choice, type));
}

function chooseBy(
  node: SyntaxNode,
  conditions: readonly Scalar[],
  values: readonly Scalar[],
): Scalar {
  const tests = conditions.map((condition) => convertTo(condition, "bool"));
  const results = alike(node, values);
  return {
    type: results[0]!.type,
    constant: [...tests, ...results].every(({ constant }) => constant),
    get: (row, run) => {
      for (let at = 0; at < tests.length; at++) {
        if (tests[at]!.get(row, run) === true) return results[at]!.get(row, run);
      }
      return results[tests.length]!.get(row, run);
    },
  };
}

const iff: SpecialFunction = (node, scope, compile) => {
  const [condition, ...values] = argumentsOf(node, scope, compile);
  return chooseBy(node, [condition!], values);
};

const choose: SpecialFunction = (node, scope, compile) => {
  const args = argumentsOf(node, scope, compile);
  const conditions = args.filter((_arg, at) => at % 2 === 0 && at < args.length - 1);
  const values = args.filter((_arg, at) => at % 2 === 1 || at === args.length - 1);
  return chooseBy(node, conditions, values);
};

const coalesce: SpecialFunction = (node, scope, compile) => {
  const args = alike(node, argumentsOf(node, scope, compile));
  const type = args[0]!.type;
  return {
    type,
    constant: args.every(({ constant }) => constant),
    get: (row, run) => {
      for (const arg of args) {
        const value = arg.get(row, run);
        if (value !== null && !(type === "string" && value === "")) return value;
      }
      return emptyCell(type);
    },
  };
};

function extremeOf(sign: 1 | -1): SpecialFunction {
  return (node, scope, compile) => {
    const args = alike(node, argumentsOf(node, scope, compile));
    return {
      type: args[0]!.type,
      constant: args.every(({ constant }) => constant),
      get: (row, run) => {
        let best: Value = null;
        for (const arg of args) {
          const value = arg.get(row, run);
          if (value === null) continue;
          if (best === null || compareValues(value, best) * sign > 0) best = value;
        }
        return best;
      },
    };
  };
}

const not: SpecialFunction = (node, scope, compile) => {
  const operand = convertTo(argumentsOf(node, scope, compile)[0]!, "bool");
  return {
    type: "bool",
    constant: operand.constant,
    get: (row, run) => {
      const value = operand.get(row, run);
      return value === null ? null : !value;
    },
  };
};

/** The functions by name. */
export const logicFunctions: Readonly<Record<string, SpecialFunction>> = {
  iff,
  iif: iff,
  case: choose,
  coalesce,
  max_of: extremeOf(1),
  min_of: extremeOf(-1),
  not,
};
