/**
 * Sums of values of one type.
 *
 * @module
 */
import { Decimal } from "./decimal.ts";
import type { ScalarType, Value } from "./values.ts";

/** The sum of values; 0 of none. */
export function sumOf(values: readonly Value[], type: ScalarType): Value {
  switch (type) {
    case "int":
    case "bool":
      return BigInt(values.reduce<number>((sum, value) => sum + Number(value), 0));
    case "long":
    case "timespan":
      return BigInt.asIntN(64, values.reduce<bigint>((sum, value) => sum + (value as bigint), 0n));
    case "decimal":
      return values.reduce<Decimal>((sum, value) => sum.plus(value as Decimal), new Decimal(0));
    default:
      return values.reduce<number>((sum, value) => sum + Number(value), 0);
  }
}
