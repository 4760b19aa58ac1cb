/**
 * Values from one scalar type to another, as the `to<type>()` functions do it.
 *
 * Sources: the pages of toint, tolong, todouble, todecimal, tobool, todatetime, totimespan, toguid,
 * tostring, todynamic (Kusto documentation).
 *
 * @module
 */
import { Decimal } from "./decimal.ts";
import { DynamicScalar, isArray, isBag, parseJson } from "./dynamic.ts";
import { parseScalar, type ScalarType, toText, type Value } from "./values.ts";

/** Converts a value; what has no counterpart becomes null. */
export function convertValue(value: Value, from: ScalarType, to: ScalarType): Value {
  if (from === to) return value;
  if (value === null) return to === "string" ? "" : null;
  if (to === "string") return toText(from, value);
  if (from === "dynamic") return fromDynamic(value, to);
  if (from === "string") {
    return to === "dynamic" ? parseJson(value as string) : parseScalar(to, value as string);
  }
  switch (to) {
    case "dynamic":
      return toDynamic(value, from);
    case "bool":
      return isNumeric(from) ? Number(value) !== 0 : null;
    case "int": {
      const whole = toWhole(value, from);
      return whole === null || BigInt.asIntN(32, whole) !== whole ? null : Number(whole);
    }
    case "long":
      return toWhole(value, from);
    case "real":
      return from === "guid" ? null : Number(value);
    case "decimal":
      return isNumeric(from) && Number.isFinite(Number(value)) ? new Decimal(String(value)) : null;
    case "timespan":
    case "datetime":
      return from === "int" || from === "long" ? BigInt(value as number | bigint) : null;
    default:
      return null;
  }
}

function isNumeric(type: ScalarType): boolean {
  return type === "int" || type === "long" || type === "real" || type === "decimal";
}

function toWhole(value: Value, from: ScalarType): bigint | null {
  switch (from) {
    case "bool":
      return value ? 1n : 0n;
    case "int":
      return BigInt(value as number);
    case "long":
    case "datetime":
    case "timespan":
      return value as bigint;
    case "real":
      return Number.isFinite(value as number) ? inRange(BigInt(Math.trunc(value as number))) : null;
    case "decimal":
      return inRange(BigInt((value as Decimal).trunc().toFixed()));
    default:
      return null;
  }
}

function inRange(whole: bigint): bigint | null {
  return BigInt.asIntN(64, whole) === whole ? whole : null;
}

/** A scalar as a dynamic. */
export function toDynamic(value: Value, from: ScalarType): Value {
  if (value === null) return null;
  switch (from) {
    case "long":
      return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    case "decimal":
      return Number(value);
    case "datetime":
    case "timespan":
      return new DynamicScalar(from, value as bigint);
    case "guid":
      return new DynamicScalar(from, value as string);
    default:
      return value;
  }
}

/** The scalar type of what a dynamic holds; `undefined` for arrays, bags and null. */
export function dynamicScalarType(value: Value): ScalarType | undefined {
  if (value === null || isArray(value) || isBag(value)) return undefined;
  if (value instanceof DynamicScalar) return value.type;
  if (value instanceof Decimal) return "decimal";
  switch (typeof value) {
    case "string":
      return "string";
    case "boolean":
      return "bool";
    case "bigint":
      return "long";
    default:
      return Number.isInteger(value) ? "long" : "real";
  }
}

function fromDynamic(value: Value, to: ScalarType): Value {
  const type = dynamicScalarType(value);
  if (type === undefined) return null;
  if (value instanceof DynamicScalar) return convertValue(value.value, type, to);
  if (type === "long") return convertValue(BigInt(value as number | bigint), "long", to);
  return convertValue(value, type, to);
}
