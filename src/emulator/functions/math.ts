/**
 * Functions over numbers, and rounding of numbers and times to bins.
 *
 * @module
 */
import { Decimal } from "../values/decimal.ts";
import { commonType } from "../values/compare.ts";
import { convertValue } from "../values/convert.ts";
import type { ScalarFunction } from "./functions.ts";
import type { ScalarType, Value } from "../values/values.ts";

/** A function of reals; what is no number stays null. */
function real(of: (...args: number[]) => number): ScalarFunction {
  return { takes: ["real"], type: "real", of: (args) => of(...args as number[]) };
}

function bits(of: (a: bigint, b: bigint) => bigint): ScalarFunction {
  return {
    takes: ["long"],
    type: "long",
    of: ([a, b]) => BigInt.asIntN(64, of(a as bigint, b as bigint)),
  };
}

function floorDivide(value: bigint, size: bigint): bigint {
  const quotient = value / size;
  return value % size !== 0n && (value < 0n) !== (size < 0n) ? quotient - 1n : quotient;
}

/** The greatest multiple of a size, counted from a start, that is not above a value. */
function binOf(value: Value, size: Value, start: Value, type: ScalarType): Value {
  if (type === "real") {
    const [number, width, from] = [value as number, size as number, start as number];
    return width <= 0 ? null : Math.floor((number - from) / width) * width + from;
  }
  if (type === "decimal") {
    const [number, width, from] = [value as Decimal, size as Decimal, start as Decimal];
    return width.lte(0) ? null : number.minus(from).div(width).floor().times(width).plus(from);
  }
  const [number, width, from] = [value, size, start].map((each) => BigInt(each as bigint | number));
  if (width! <= 0n) return null;
  const result = floorDivide(number! - from!, width!) * width! + from!;
  return type === "int" ? Number(result) : result;
}

function binType(types: readonly ScalarType[]): ScalarType {
  const [value = "long", size = "long"] = types;
  if (value === "datetime" || value === "timespan") return value;
  return commonType(value, size) ?? value;
}

function binArgument(value: Value, from: ScalarType, type: ScalarType): Value {
  // A bare number beside a time counts days.
  if (type === "datetime" || type === "timespan") {
    if (from === "datetime" || from === "timespan") return value;
    return BigInt(Math.round(Number(value) * 864_000_000_000));
  }
  return convertValue(value, from, type);
}

const bin: ScalarFunction = {
  type: binType,
  of: ([value, size], types) => {
    const type = binType(types);
    const width = size === undefined
      ? convertValue(1n, "long", type)
      : binArgument(size, types[1]!, type);
    return binOf(binArgument(value!, types[0]!, type), width, convertValue(0n, "long", type), type);
  },
};

const binAt: ScalarFunction = {
  type: (types) => {
    const type = binType(types);
    return type === "datetime" || type === "timespan" ? type : commonType(type, types[2]!) ?? type;
  },
  of: ([value, size, start], types) => {
    const [first, second, third] = types;
    const base = binType(types);
    const type = base === "datetime" || base === "timespan"
      ? base
      : commonType(base, third!) ?? base;
    return binOf(
      binArgument(value!, first!, type),
      binArgument(size!, second!, type),
      binArgument(start!, third!, type),
      type,
    );
  },
};

function round([value, precision]: readonly Value[], [type]: readonly ScalarType[]): Value {
  const digits = precision === undefined ? 0 : Number(precision);
  if (value instanceof Decimal) {
    const factor = new Decimal(10).pow(digits);
    return value.times(factor).toDecimalPlaces(0, Decimal.ROUND_HALF_EVEN).div(factor);
  }
  if (type === "int" || type === "long") {
    const whole = new Decimal(String(value)).toNearest(new Decimal(10).pow(Math.max(0, -digits)));
    return type === "int" ? whole.toNumber() : BigInt(whole.toFixed());
  }
  if (!Number.isFinite(value)) return value!;
  const scaled = new Decimal(value as number).times(new Decimal(10).pow(digits));
  return scaled.toDecimalPlaces(0, Decimal.ROUND_HALF_UP).div(new Decimal(10).pow(digits))
    .toNumber();
}

function absolute([value]: readonly Value[]): Value {
  if (value instanceof Decimal) return value.abs();
  return (value as number) < 0 ? -(value as number) : value!;
}

const whole = (of: (value: number) => number): ScalarFunction => ({
  type: (types) =>
    types[0] === "int" || types[0] === "long"
      ? types[0]
      : types[0] === "decimal"
      ? "decimal"
      : "real",
  of: ([value], [type]) => {
    if (type === "int" || type === "long") return value!;
    if (value instanceof Decimal) return of(0.5) === 1 ? value.ceil() : value.floor();
    return of(Number(value));
  },
});

function isReal(type: ScalarType): boolean {
  return type === "real" || type === "decimal";
}

function power(base: number, exponent: number): number {
  return base ** exponent;
}

/** The functions by name. */
export const mathFunctions: Readonly<Record<string, ScalarFunction>> = {
  bin,
  floor: bin,
  bin_at: binAt,
  ceiling: whole(Math.ceil),
  round: {
    type: (types) =>
      types[0] === "long" || types[0] === "int" || types[0] === "decimal" ? types[0] : "real",
    of: round,
  },
  abs: { type: (types) => types[0]!, of: absolute },
  sign: {
    type: (types) => isReal(types[0]!) ? "real" : "long",
    of: ([value], [type]) => {
      const sign = Math.sign(Number(value));
      return isReal(type!) ? sign : BigInt(sign);
    },
  },
  sqrt: real((x) => x < 0 ? NaN : Math.sqrt(x)),
  exp: real(Math.exp),
  exp2: real((x) => 2 ** x),
  exp10: real((x) => 10 ** x),
  log: real(Math.log),
  log2: real(Math.log2),
  log10: real(Math.log10),
  pow: real(power),
  sin: real(Math.sin),
  cos: real(Math.cos),
  tan: real(Math.tan),
  cot: real((x) => 1 / Math.tan(x)),
  asin: real(Math.asin),
  acos: real(Math.acos),
  atan: real(Math.atan),
  atan2: real(Math.atan2),
  pi: real(() => Math.PI),
  radians: real((x) => x * Math.PI / 180),
  degrees: real((x) => x * 180 / Math.PI),
  isnan: { takes: ["real"], type: "bool", of: ([value]) => Number.isNaN(value) },
  isinf: {
    takes: ["real"],
    type: "bool",
    of: ([value]) => value === Infinity || value === -Infinity,
  },
  isfinite: { takes: ["real"], type: "bool", of: ([value]) => Number.isFinite(value) },
  rand: {
    type: (types) => types.length === 0 ? "real" : "long",
    volatile: true,
    of: ([limit], _types, run) =>
      limit === undefined ? run.random() : BigInt(Math.floor(run.random() * Number(limit))),
  },
  binary_and: bits((a, b) => a & b),
  binary_or: bits((a, b) => a | b),
  binary_xor: bits((a, b) => a ^ b),
  binary_not: bits((a) => ~a),
  binary_shift_left: bits((a, b) => a << (b & 63n)),
  binary_shift_right: bits((a, b) => a >> (b & 63n)),
  bitset_count_ones: bits((a) =>
    BigInt(BigInt.asUintN(64, a).toString(2).replaceAll("0", "").length)
  ),
};
