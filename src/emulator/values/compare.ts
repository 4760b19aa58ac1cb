/**
 * Equality and order of values.
 *
 * Sources: scalar-data-types/null-values.md, sort-operator.md (Kusto documentation).
 *
 * @module
 */
import { Decimal } from "./decimal.ts";
import { DynamicScalar, dynamicWire } from "./dynamic.ts";
import type { ScalarType, Value } from "./values.ts";

/** Compares two values of one type that are not null. */
export function compareValues(a: Value, b: Value): number {
  if (a instanceof Decimal && b instanceof Decimal) return a.comparedTo(b);
  if (isComplex(a) || isComplex(b)) return compareText(keyText(a), keyText(b));
  const left = a as number | bigint | string | boolean;
  const right = b as number | bigint | string | boolean;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Whether two values of one type are equal; nulls equal nothing. */
export function equalValues(a: Value, b: Value): boolean {
  if (a === null || b === null) return false;
  if (typeof a === "object" || typeof b === "object") return keyText(a) === keyText(b);
  return a === b;
}

/** A text that is the same for values that are equal, nulls among each other included. */
export function keyText(value: Value): string {
  switch (typeof value) {
    case "string":
      return `s${value}`;
    case "boolean":
      return value ? "t" : "f";
    case "number":
    case "bigint":
      return `n${value}`;
    default:
      if (value === null) return "0";
      if (value instanceof DynamicScalar) return `d${value.text}`;
      return value instanceof Decimal ? `n${value.toFixed()}` : `j${dynamicWire(value)}`;
  }
}

/** One text for several values, distinct for distinct values. */
export function rowKey(values: readonly Value[]): string {
  let key = "";
  for (const value of values) {
    const text = keyText(value);
    key += `${text.length}:${text}`;
  }
  return key;
}

/** How rows are ordered by one value. */
export interface Ordering {
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** Compares two values for `sort`: nulls where the ordering wants them, NaN next to them. */
export function compareForSort(a: Value, b: Value, { descending, nullsFirst }: Ordering): number {
  const [left, right] = [emptiness(a), emptiness(b)];
  if (left !== right) return (left - right) * (nullsFirst ? -1 : 1);
  if (left > 0) return 0;
  return descending ? -compareValues(a, b) : compareValues(a, b);
}

function emptiness(value: Value): number {
  return value === null ? 2 : Number.isNaN(value) ? 1 : 0;
}

function isComplex(value: Value): boolean {
  return typeof value === "object" && value !== null;
}

/** Compares texts by character value, as `strcmp` does. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const NUMERIC_ORDER: readonly ScalarType[] = ["int", "long", "decimal", "real"];

/** The type in which two operands meet; `undefined` where they cannot. */
export function commonType(a: ScalarType, b: ScalarType): ScalarType | undefined {
  if (a === b) return a;
  const [left, right] = [NUMERIC_ORDER.indexOf(a), NUMERIC_ORDER.indexOf(b)];
  if (left >= 0 && right >= 0) return NUMERIC_ORDER[Math.max(left, right)];
  // A dynamic takes the type of what it meets.
  if (a === "dynamic") return b;
  return b === "dynamic" ? a : undefined;
}
