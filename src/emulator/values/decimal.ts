/**
 * Decimal numbers of 128 bits: 34 digits.
 *
 * Source: decimal.md (Kusto documentation).
 *
 * @module
 */
import { Decimal as AnyDecimal } from "decimal.js";

/** The library's numbers with as many digits as the service computes with. */
export const Decimal: typeof AnyDecimal = AnyDecimal.clone({ precision: 34 });

/** A decimal number. */
export type Decimal = AnyDecimal;
