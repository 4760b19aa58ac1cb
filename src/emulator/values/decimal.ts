/**
 * Decimal numbers of 128 bits: 34 digits.
 *
 * Source: decimal.md (Kusto documentation).
 *
 * @module
 */
import { Decimal as AnyDecimal } from "decimal.js";

/** The library's numbers with as many digits, and as far a range, as the service computes with; beyond it they are infinite. */
export const Decimal: typeof AnyDecimal = AnyDecimal.clone({
  precision: 34,
  maxE: 6144,
  minE: -6176,
});

/** A decimal number. */
export type Decimal = AnyDecimal;

/** A number if the type can hold it, else null. */
export function finite(value: Decimal): Decimal | null {
  return value.isFinite() ? value : null;
}
