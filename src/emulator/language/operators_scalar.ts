/**
 * Operators between scalars: arithmetic, comparison, logic and text.
 *
 * Sources: numoperators.md, datetime-timespan-arithmetic.md, logicaloperators.md,
 * datatypes-string-operators.md, null-values.md (Kusto documentation).
 *
 * @module
 */
import { Decimal } from "decimal.js";
import { commonType, compareValues, equalValues } from "../values/compare.ts";
import { hasTerm } from "./expressions.ts";
import { regexOf } from "../functions/regex.ts";
import { convertTo, type Scalar } from "./scalars.ts";
import { part, refuse, type SyntaxNode } from "./syntax.ts";
import type { ScalarType, Value } from "../values/values.ts";

type Operation = (a: Value, b: Value) => Value;

/** Compiles an operator between two operands. */
export function binaryOperator(node: SyntaxNode, left: Scalar, right: Scalar): Scalar {
  const operator = part(node, "Operator").text.trim();
  if (operator === "and" || operator === "or") return logic(operator, left, right);
  if (Object.hasOwn(textOperators, operator)) return textOperator(operator, left, right);
  if (operator === "==" || operator === "!=") return equality(operator, left, right);
  if (Object.hasOwn(orders, operator)) return order(node, operator, left, right);
  return arithmetic(node, operator, left, right);
}

function combine(type: ScalarType, left: Scalar, right: Scalar, apply: Operation): Scalar {
  return {
    type,
    constant: left.constant && right.constant,
    get: (row, run) => apply(left.get(row, run), right.get(row, run)),
  };
}

function logic(operator: string, left: Scalar, right: Scalar): Scalar {
  const [a, b] = [convertTo(left, "bool"), convertTo(right, "bool")];
  const decisive = operator === "or";
  return {
    type: "bool",
    constant: a.constant && b.constant,
    get: (row, run) => {
      const first = a.get(row, run);
      if (first === decisive) return decisive;
      const second = b.get(row, run);
      if (second === decisive) return decisive;
      return first === null || second === null ? null : !decisive;
    },
  };
}

function equality(operator: string, left: Scalar, right: Scalar): Scalar {
  const type = commonType(left.type, right.type) ?? "string";
  const [a, b] = [convertTo(left, type), convertTo(right, type)];
  const negated = operator === "!=";
  return combine("bool", a, b, (x, y) => {
    if (x === null && y === null) return null;
    return equalValues(x, y) !== negated;
  });
}

const orders: Readonly<Record<string, (order: number) => boolean>> = {
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
};

function order(node: SyntaxNode, operator: string, left: Scalar, right: Scalar): Scalar {
  const type = commonType(left.type, right.type);
  if (type === undefined) {
    throw refuse(node, `'${operator}' between ${left.type} and ${right.type}`);
  }
  const holds = orders[operator]!;
  return combine("bool", convertTo(left, type), convertTo(right, type), (x, y) => {
    if (x === null || y === null) return null;
    if (Number.isNaN(x) || Number.isNaN(y)) return false;
    return holds(compareValues(x, y));
  });
}

const sensitive: Readonly<Record<string, (text: string, other: string) => boolean>> = {
  contains: (text, other) => text.includes(other),
  startswith: (text, other) => text.startsWith(other),
  endswith: (text, other) => text.endsWith(other),
  has: hasTerm,
  hasprefix: (text, other) => new RegExp(`(?<![\\p{L}\\p{N}])${quote(other)}`, "u").test(text),
  hassuffix: (text, other) => new RegExp(`${quote(other)}(?![\\p{L}\\p{N}])`, "u").test(text),
};

function quote(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

/** A text with its ASCII letters in lower case: the service ignores the case of no others. */
export function lowerAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (upper) => upper.toLowerCase());
}

type TextTest = (text: string, other: string) => boolean;

const textOperators: Readonly<Record<string, TextTest>> = Object.fromEntries([
  ...Object.entries(sensitive).flatMap(([name, test]): [string, TextTest][] => {
    const insensitive: TextTest = (a, b) => test(lowerAscii(a), lowerAscii(b));
    return [
      [name, insensitive],
      [`!${name}`, (a, b) => !insensitive(a, b)],
      [`${name}_cs`, test],
      [`!${name}_cs`, (a, b) => !test(a, b)],
    ];
  }),
  ["=~", (a: string, b: string) => lowerAscii(a) === lowerAscii(b)],
  ["!~", (a: string, b: string) => lowerAscii(a) !== lowerAscii(b)],
  ["matches regex", (a: string, b: string) => regexOf(b).test(a)],
]);

function textOperator(operator: string, left: Scalar, right: Scalar): Scalar {
  const test = textOperators[operator]!;
  return combine(
    "bool",
    convertTo(left, "string"),
    convertTo(right, "string"),
    (a, b) => test(a as string, b as string),
  );
}

/** The negative of a number or a timespan. */
export function negate(node: SyntaxNode, operand: Scalar): Scalar {
  const type = operand.type === "dynamic" ? node.type ?? "long" : operand.type;
  const scalar = convertTo(operand, type);
  return {
    type,
    constant: scalar.constant,
    get: (row, run) => {
      const value = scalar.get(row, run);
      if (value === null) return null;
      return value instanceof Decimal ? value.neg() : -(value as number);
    },
  };
}

function arithmetic(node: SyntaxNode, operator: string, left: Scalar, right: Scalar): Scalar {
  const result = node.type;
  const symbols = "+-*/%";
  if (!symbols.includes(operator) || result === undefined) {
    throw refuse(node, `the operator '${operator}' between ${left.type} and ${right.type}`);
  }
  const temporal = [left.type, right.type].some((type) =>
    type === "datetime" || type === "timespan"
  );
  const apply = temporal ? temporalOperation(operator, left.type, right.type, result) : undefined;
  if (temporal) {
    if (!apply) throw refuse(node, `'${operator}' between ${left.type} and ${right.type}`);
    const own = (scalar: Scalar) => scalar.type === "dynamic" ? convertTo(scalar, "long") : scalar;
    return combine(result, own(left), own(right), notNull(apply));
  }
  const operation = operations[result]?.[operator];
  if (!operation) throw refuse(node, `'${operator}' between ${left.type} and ${right.type}`);
  return combine(result, convertTo(left, result), convertTo(right, result), notNull(operation));
}

function notNull(apply: Operation): Operation {
  return (a, b) => a === null || b === null ? null : apply(a, b);
}

type Operations = Readonly<Record<string, Operation>>;

const operations: Readonly<Partial<Record<ScalarType, Operations>>> = {
  int: {
    "+": (a, b) => ((a as number) + (b as number)) | 0,
    "-": (a, b) => ((a as number) - (b as number)) | 0,
    "*": (a, b) => Math.imul(a as number, b as number),
    "/": (a, b) => b === 0 ? null : Math.trunc((a as number) / (b as number)) | 0,
    "%": (a, b) => b === 0 ? null : modulo(a as number, b as number),
  },
  long: {
    "+": (a, b) => BigInt.asIntN(64, (a as bigint) + (b as bigint)),
    "-": (a, b) => BigInt.asIntN(64, (a as bigint) - (b as bigint)),
    "*": (a, b) => BigInt.asIntN(64, (a as bigint) * (b as bigint)),
    "/": (a, b) => b === 0n ? null : BigInt.asIntN(64, (a as bigint) / (b as bigint)),
    "%": (a, b) => b === 0n ? null : moduloLong(a as bigint, b as bigint),
  },
  real: {
    "+": (a, b) => (a as number) + (b as number),
    "-": (a, b) => (a as number) - (b as number),
    "*": (a, b) => (a as number) * (b as number),
    "/": (a, b) => (a as number) / (b as number),
    "%": (a, b) => modulo(a as number, b as number),
  },
  decimal: {
    "+": (a, b) => (a as Decimal).plus(b as Decimal),
    "-": (a, b) => (a as Decimal).minus(b as Decimal),
    "*": (a, b) => (a as Decimal).times(b as Decimal),
    "/": (a, b) => (b as Decimal).isZero() ? null : (a as Decimal).div(b as Decimal),
    "%": (a, b) => (b as Decimal).isZero() ? null : (a as Decimal).mod(b as Decimal),
  },
};

/** The remainder is never negative, as numoperators.md shows. */
function modulo(a: number, b: number): number {
  const rest = a % b;
  return rest < 0 ? rest + Math.abs(b) : rest;
}

function moduloLong(a: bigint, b: bigint): bigint {
  const rest = a % b;
  return rest < 0n ? rest + (b < 0n ? -b : b) : rest;
}

function temporalOperation(
  operator: string,
  left: ScalarType,
  right: ScalarType,
  result: ScalarType,
): Operation | undefined {
  if (operator === "+") return (a, b) => (a as bigint) + (b as bigint);
  if (operator === "-") return (a, b) => (a as bigint) - (b as bigint);
  if (operator === "*") {
    return (a, b) => {
      const [span, factor] = left === "timespan" ? [a, b] : [b, a];
      return typeof factor === "bigint"
        ? (span as bigint) * factor
        : BigInt(Math.round(Number(span) * Number(factor)));
    };
  }
  if (operator === "/" && left === "timespan" && right === "timespan") {
    return (a, b) => b === 0n ? null : Number(a) / Number(b);
  }
  if (operator === "/" && left === "timespan" && result === "timespan") {
    return (a, b) => Number(b) === 0 ? null : BigInt(Math.round(Number(a) / Number(b)));
  }
  if (operator === "%" && left === "timespan") {
    return (a, b) => b === 0n ? null : moduloLong(a as bigint, b as bigint);
  }
  return undefined;
}
