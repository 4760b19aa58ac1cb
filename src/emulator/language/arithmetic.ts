/**
 * Arithmetic between numbers, points in time and spans of time.
 *
 * Sources: numoperators.md, datetime-timespan-arithmetic.md (Kusto documentation).
 *
 * @module
 */
import { Decimal, finite } from "../values/decimal.ts";
import { combine, convertTo, type Scalar } from "./scalars.ts";
import { part, refuse, type SyntaxNode } from "../parser/syntax.ts";
import { isDatetime } from "../values/datetime.ts";
import type { ScalarType, Value } from "../values/values.ts";

type Operation = (a: Value, b: Value) => Value;

/** The negative of a number or a timespan. */
export function negate(node: SyntaxNode, operand: Scalar): Scalar {
  const type = node.type ?? operand.type;
  if (type === "datetime") throw refuse(node, "the negative of a datetime");
  const scalar = convertTo(operand, type);
  return {
    type,
    constant: scalar.constant,
    get: (row, run) => {
      const value = scalar.get(row, run);
      if (value instanceof Decimal) return value.neg();
      if (typeof value === "bigint") return BigInt.asIntN(64, -value);
      return typeof value === "number" ? -value : null;
    },
  };
}

/** `+`, `-`, `*`, `/` and `%`. */
export function arithmetic(node: SyntaxNode, left: Scalar, right: Scalar): Scalar {
  const operator = part(node, "Operator").text.trim();
  const result = node.type;
  const found = result &&
    (numeric(operator, result, left.type, right.type) ??
      temporal(operator, result, left.type, right.type));
  if (!found) throw refuse(node, `'${operator}' between ${left.type} and ${right.type}`);
  const [first, second, apply] = found;
  return combine(
    result,
    operandOf(node, left, first),
    operandOf(node, right, second),
    (a, b) => a === null || b === null ? null : apply(a, b),
  );
}

/** A dynamic takes the type of what it meets; a fraction would be lost on the way to a whole number. */
function operandOf(node: SyntaxNode, operand: Scalar, type: ScalarType): Scalar {
  const converted = convertTo(operand, type);
  if (operand.type !== "dynamic" || (type !== "long" && type !== "int")) return converted;
  return {
    ...converted,
    get: (row, run) => {
      const value = operand.get(row, run);
      if (typeof value === "number" && !Number.isInteger(value)) {
        throw refuse(node, "arithmetic between a whole number and a dynamic that holds a fraction");
      }
      return converted.get(row, run);
    },
  };
}

type Resolved = readonly [left: ScalarType, right: ScalarType, apply: Operation];

function numeric(
  operator: string,
  result: ScalarType,
  left: ScalarType,
  right: ScalarType,
): Resolved | undefined {
  const apply = operations[result]?.[operator];
  const numbers = [left, right].every((type) => type === "dynamic" || operations[type]);
  return apply && numbers ? [result, result, apply] : undefined;
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
    "+": (a, b) => finite((a as Decimal).plus(b as Decimal)),
    "-": (a, b) => finite((a as Decimal).minus(b as Decimal)),
    "*": (a, b) => finite((a as Decimal).times(b as Decimal)),
    "/": (a, b) => (b as Decimal).isZero() ? null : finite((a as Decimal).div(b as Decimal)),
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

const add: Operation = (a, b) => (a as bigint) + (b as bigint);
const subtract: Operation = (a, b) => (a as bigint) - (b as bigint);
const multiply: Operation = (a, b) => (a as bigint) * (b as bigint);
const scale: Operation = (a, b) => whole(Number(a) * Number(b));
const shrink: Operation = (a, b) => whole(Number(a) / Number(b));
const ratio: Operation = (a, b) => Number(a) / Number(b);
const rest: Operation = (a, b) => b === 0n ? null : moduloLong(a as bigint, b as bigint);

function whole(ticks: number): bigint | null {
  return Number.isFinite(ticks) ? BigInt(Math.round(ticks)) : null;
}

type Pattern = readonly [
  left: ScalarType,
  operator: string,
  right: ScalarType,
  result: ScalarType,
  apply: Operation,
];

const patterns: readonly Pattern[] = [
  ["datetime", "+", "timespan", "datetime", add],
  ["timespan", "+", "datetime", "datetime", add],
  ["timespan", "+", "timespan", "timespan", add],
  ["datetime", "-", "datetime", "timespan", subtract],
  ["datetime", "-", "timespan", "datetime", subtract],
  ["timespan", "-", "timespan", "timespan", subtract],
  ["timespan", "*", "real", "timespan", scale],
  ["real", "*", "timespan", "timespan", scale],
  ["timespan", "*", "long", "timespan", multiply],
  ["long", "*", "timespan", "timespan", multiply],
  ["timespan", "/", "timespan", "real", ratio],
  ["timespan", "/", "real", "timespan", shrink],
  ["timespan", "/", "long", "timespan", shrink],
  ["timespan", "%", "timespan", "timespan", rest],
];

function temporal(
  operator: string,
  result: ScalarType,
  left: ScalarType,
  right: ScalarType,
): Resolved | undefined {
  const found = patterns.find(([first, name, second, gives]) =>
    name === operator && gives === result && fits(left, first) && fits(right, second)
  );
  if (!found) return undefined;
  const [first, , second, , apply] = found;
  return [first, second, (a, b) => inRange(apply(a, b), result)];
}

function fits(actual: ScalarType, wanted: ScalarType): boolean {
  return actual === wanted || actual === "dynamic" || (actual === "int" && wanted === "long") ||
    (actual === "decimal" && wanted === "real");
}

/** A time that no datetime or timespan can hold is null. */
function inRange(value: Value, type: ScalarType): Value {
  if (typeof value !== "bigint") return value;
  const held = type === "datetime" ? isDatetime(value) : BigInt.asIntN(64, value) === value;
  return held ? value : null;
}
