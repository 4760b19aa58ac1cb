/**
 * Functions that choose among their arguments.
 *
 * @module
 */
import { commonType, compareValues } from "../values/compare.ts";
import type { SpecialFunction } from "./functions.ts";
import { convertTo, type Scalar } from "../language/scalars.ts";
import type { Scope } from "../language/scope.ts";
import { part, refuse, type SyntaxNode } from "../parser/syntax.ts";
import { emptyCell, type Value } from "../values/values.ts";

function argumentsOf(node: SyntaxNode, scope: Scope): Scalar[] {
  return part(node, "ArgumentList").items.map((item) => scope.scalar(item));
}

/** Choices brought to the type that they share; a dynamic among them takes the type of the others. */
function alike(node: SyntaxNode, choices: readonly Scalar[]): Scalar[] {
  const shared = choices.map(({ type }) => type).reduce((a, b) => {
    const common = commonType(a, b);
    if (!common) throw refuse(node, `a choice between ${a} and ${b}`);
    return common;
  });
  const type = node.type ?? shared;
  return choices.map((choice) => {
    const converted = convertTo(choice, type);
    if (choice.type !== "dynamic" || type === "dynamic" || type === "string") return converted;
    return {
      ...converted,
      get: (row, run) => {
        const value = converted.get(row, run);
        if (value === null && choice.get(row, run) !== null) {
          throw refuse(node, `a choice between ${type} and a dynamic that is none`);
        }
        return value;
      },
    };
  });
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

const iff: SpecialFunction = (node, scope) => {
  const [condition, ...values] = argumentsOf(node, scope);
  return chooseBy(node, [condition!], values);
};

const choose: SpecialFunction = (node, scope) => {
  const args = argumentsOf(node, scope);
  const conditions = args.filter((_arg, at) => at % 2 === 0 && at < args.length - 1);
  const values = args.filter((_arg, at) => at % 2 === 1 || at === args.length - 1);
  return chooseBy(node, conditions, values);
};

const coalesce: SpecialFunction = (node, scope) => {
  const args = alike(node, argumentsOf(node, scope));
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
  return (node, scope) => {
    const args = alike(node, argumentsOf(node, scope));
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

const not: SpecialFunction = (node, scope) => {
  const operand = convertTo(argumentsOf(node, scope)[0]!, "bool");
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
