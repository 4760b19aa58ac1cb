/**
 * Functions of numbers.
 *
 * Sources: the pages of the mathematical, rounding and binary functions (Kusto documentation).
 *
 * @module
 */
import { Decimal } from "decimal.js";
import type { ScalarFunction } from "./functions.ts";
import type { ScalarType, Value } from "./values.ts";

const real = (of: (...numbers: number[]) => number): ScalarFunction => ({
  takes: ["real"],
  gives: "real",
  call: (args) => of(...args.map(Number)),
});

const bits = (of: (a: bigint, b: bigint) => bigint): ScalarFunction => ({
  takes: ["long"],
  gives: "long",
  call: ([a, b]) => BigInt.asIntN(64, of(a as bigint, (b ?? 0n) as bigint)),
});

/** `bin(value, size)`: the multiple of the size at or below the value. */
export function bin([value, size]: readonly Value[], types: readonly ScalarType[]): Value {
  const [type, sizeType] = types;
  if (type === "datetime" || type === "timespan") {
    const step = sizeType === "timespan"
      ? size as bigint
      : BigInt(Math.round(Number(size))) * 864_000_000_000n;
    return step <= 0n ? null : (value as bigint) - moduloLong(value as bigint, step);
  }
  if (type === "decimal" || sizeType === "decimal") {
    const step = new Decimal(String(size));
    return step.isZero() ? null : new Decimal(String(value)).div(step).floor().times(step);
  }
  if (type === "real" || sizeType === "real") {
    const step = Number(size);
    return step === 0 ? null : Math.floor(Number(value) / step) * step;
  }
  const [whole, step] = [BigInt(value as bigint), BigInt(size as bigint)];
  if (step <= 0n) return null;
  const floor = whole - moduloLong(whole, step);
  return type === "int" && sizeType === "int" ? Number(floor) : floor;
}

function moduloLong(value: bigint, step: bigint): bigint {
  const rest = value % step;
  return rest < 0n ? rest + step : rest;
}

function round([value, digits]: readonly Value[], types: readonly ScalarType[]): Value {
  const places = Number(digits ?? 0);
  if (types[0] === "decimal") return (value as Decimal).toDecimalPlaces(places);
  if (types[0] !== "real") return value!;
  return Number.isFinite(value)
    ? new Decimal(value as number).toDecimalPlaces(places).toNumber()
    : value!;
}

function sameKind(of: (value: number) => number, exact: (value: bigint) => bigint): ScalarFunction {
  return {
    call: ([value]) => {
      if (typeof value === "bigint") return exact(value);
      if (value instanceof Decimal) return new Decimal(of(value.toNumber()));
      return of(Number(value));
    },
  };
}

/** The functions of numbers. */
export const mathFunctions: Readonly<Record<string, ScalarFunction>> = {
  abs: {
    call: ([value]) =>
      typeof value === "bigint"
        ? value < 0n ? -value : value
        : value instanceof Decimal
        ? value.abs()
        : Math.abs(Number(value)),
  },
  sign: sameKind(Math.sign, (value) => value < 0n ? -1n : value > 0n ? 1n : 0n),
  ceiling: sameKind(Math.ceil, (value) => value),
  floor: { call: bin },
  bin: { call: bin },
  bin_at: {
    call: ([value, size, fixed], types) => {
      if (types[0] === "real" || types[1] === "real") {
        const step = Number(size);
        return Math.floor((Number(value) - Number(fixed)) / step) * step + Number(fixed);
      }
      const [at, step, from] = [value, size, fixed].map((operand) => BigInt(operand as bigint));
      return at! - moduloLong(at! - from!, step!);
    },
  },
  round: { call: round },
  sqrt: real(Math.sqrt),
  exp: real(Math.exp),
  exp2: real((value) => 2 ** value),
  exp10: real((value) => 10 ** value),
  log: real(Math.log),
  log2: real(Math.log2),
  log10: real(Math.log10),
  pow: real((base, power) => base ** power),
  sin: real(Math.sin),
  cos: real(Math.cos),
  tan: real(Math.tan),
  cot: real((value) => 1 / Math.tan(value)),
  asin: real(Math.asin),
  acos: real(Math.acos),
  atan: real(Math.atan),
  atan2: real(Math.atan2),
  pi: real(() => Math.PI),
  degrees: real((value) => value * 180 / Math.PI),
  radians: real((value) => value * Math.PI / 180),
  isnan: { takes: ["real"], call: ([value]) => Number.isNaN(value) },
  isinf: { takes: ["real"], call: ([value]) => value === Infinity || value === -Infinity },
  isfinite: { takes: ["real"], call: ([value]) => Number.isFinite(value) },
  binary_and: bits((a, b) => a & b),
  binary_or: bits((a, b) => a | b),
  binary_xor: bits((a, b) => a ^ b),
  binary_not: bits((a) => ~a),
  binary_shift_left: bits((a, b) => a << (b % 64n)),
  binary_shift_right: bits((a, b) => a >> (b % 64n)),
  bitset_count_ones: bits((a) =>
    BigInt(BigInt.asUintN(64, a).toString(2).replaceAll("0", "").length)
  ),
  rand: {
    takes: ["long"],
    call: ([limit], _types, run) =>
      limit === undefined ? run.random() : Math.floor(run.random() * Number(limit)),
    gives: "real",
  },
};
