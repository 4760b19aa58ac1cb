/**
 * Calls of the scalar functions that the language brings along.
 *
 * To add one: put it into the table of its kind (`functions_text.ts`, `functions_math.ts`,
 * `functions_time.ts`, `functions_dynamic.ts`) and a row into the test beside it.
 *
 * @module
 */
import { commonType, compareValues } from "./compare.ts";
import { dynamicFunctions } from "./functions_dynamic.ts";
import { mathFunctions } from "./functions_math.ts";
import { textFunctions } from "./functions_text.ts";
import { timeFunctions } from "./functions_time.ts";
import { convertTo, type Run, type Scalar } from "./scalars.ts";
import { refuse, type SyntaxNode } from "./syntax.ts";
import { emptyCell, type ScalarType, type Value } from "./values.ts";

/** A function of values. */
export interface ScalarFunction {
  /** What the arguments are converted to; the last goes for all further ones; absent: left as they are. */
  readonly takes?: readonly (ScalarType | undefined)[];
  /** Whether it is called with nulls too; else one null argument makes the result null. */
  readonly nulls?: boolean;
  /** What it gives, where the parser's word is not enough. */
  readonly gives?: ScalarType;
  readonly call: (args: readonly Value[], types: readonly ScalarType[], run: Run) => Value;
}

/** Compiles a call. */
export function callFunction(node: SyntaxNode, name: string, args: readonly Scalar[]): Scalar {
  if (Object.hasOwn(controlFunctions, name)) return controlFunctions[name]!(node, args);
  if (Object.hasOwn(conversions, name)) return convertTo(args[0]!, conversions[name]!);
  const found = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (!found) throw refuse(node, `the function '${name}'`);
  const type = found.gives ?? node.type ?? "dynamic";
  const operands = args.map((arg, at) => {
    const wanted = found.takes?.[Math.min(at, found.takes.length - 1)];
    return wanted === undefined ? arg : convertTo(arg, wanted);
  });
  const types = operands.map((operand) => operand.type);
  const empty = emptyCell(type);
  return {
    type,
    constant: operands.every(({ constant }) => constant) && !VOLATILE.has(name),
    get: (row, run) => {
      const values = operands.map((operand) => operand.get(row, run));
      if (!found.nulls && values.includes(null)) return empty;
      return found.call(values, types, run) ?? empty;
    },
  };
}

const VOLATILE: ReadonlySet<string> = new Set(["rand", "new_guid"]);

const functions: Readonly<Record<string, ScalarFunction>> = {
  ...textFunctions,
  ...mathFunctions,
  ...timeFunctions,
  ...dynamicFunctions,
};

const conversions: Readonly<Record<string, ScalarType>> = {
  tostring: "string",
  toint: "int",
  tolong: "long",
  todouble: "real",
  toreal: "real",
  todecimal: "decimal",
  tobool: "bool",
  toboolean: "bool",
  todatetime: "datetime",
  totimespan: "timespan",
  toguid: "guid",
};

type Control = (node: SyntaxNode, args: readonly Scalar[]) => Scalar;

const controlFunctions: Readonly<Record<string, Control>> = {
  iff: choose,
  iif: choose,
  case: choose,
  coalesce: (node, args) => {
    const type = resultType(node, args);
    const operands = args.map((arg) => convertTo(arg, type));
    return {
      type,
      constant: operands.every(({ constant }) => constant),
      get: (row, run) => {
        for (const operand of operands) {
          const value = operand.get(row, run);
          if (value !== null && value !== "") return value;
        }
        return emptyCell(type);
      },
    };
  },
  max_of: (node, args) => extreme(node, args, 1),
  min_of: (node, args) => extreme(node, args, -1),
  not: (_node, [operand]) => {
    const value = convertTo(operand!, "bool");
    return {
      ...value,
      get: (row, run) => {
        const holds = value.get(row, run);
        return holds === null ? null : !holds;
      },
    };
  },
  ingestion_time: (node) => {
    throw refuse(node, "the function 'ingestion_time' here");
  },
};

/** `iff(if, then, else)` and `case(if, then, if, then, ..., else)`. */
function choose(node: SyntaxNode, args: readonly Scalar[]): Scalar {
  const results = args.filter((_, at) => at % 2 === 1 || at === args.length - 1);
  const type = resultType(node, results);
  const operands = args.map((arg, at) =>
    convertTo(arg, at % 2 === 0 && at < args.length - 1 ? "bool" : type)
  );
  return {
    type,
    constant: operands.every(({ constant }) => constant),
    get: (row, run) => {
      for (let at = 0; at + 1 < operands.length; at += 2) {
        if (operands[at]!.get(row, run) === true) return operands[at + 1]!.get(row, run);
      }
      return operands.at(-1)!.get(row, run);
    },
  };
}

function resultType(node: SyntaxNode, results: readonly Scalar[]): ScalarType {
  return node.type ?? results.map(({ type }) => type).reduce((a, b) => commonType(a, b) ?? a);
}

function extreme(node: SyntaxNode, args: readonly Scalar[], sign: number): Scalar {
  const type = resultType(node, args);
  const operands = args.map((arg) => convertTo(arg, type));
  return {
    type,
    constant: operands.every(({ constant }) => constant),
    get: (row, run) =>
      operands.map((operand) => operand.get(row, run)).reduce((best, value) => {
        if (value === null) return best;
        return best === null || compareValues(value, best) * sign > 0 ? value : best;
      }),
  };
}
