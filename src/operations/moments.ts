/**
 * Moments as callers name them: a date, or so many milliseconds ago.
 *
 * @module
 */
import { KustoInputError } from "../errors.ts";

/** What no age is: whoever passes more means milliseconds since 1970. */
const LONGEST_AGE_MS = 30 * 365 * 24 * 60 * 60_000;

/** The first moment that Kusto knows, to the millisecond. */
export const FIRST_MOMENT = new Date("0001-01-01T00:00:00.000Z");
/** The last one. */
export const LAST_MOMENT = new Date("9999-12-31T23:59:59.999Z");

/** A moment: a date, or an age in milliseconds, such as `24 * 60 * 60_000` for a day ago. */
export type Moment = Date | number;

/**
 * The date of a moment.
 *
 * @param now Milliseconds since 1970.
 * @throws {KustoInputError} If it is neither a date nor an age.
 */
export function dateOf(action: string, field: string, moment: unknown, now: number): Date {
  if (moment instanceof Date && !Number.isNaN(moment.getTime())) return moment;
  if (typeof moment === "number" && moment >= 0 && moment <= LONGEST_AGE_MS) {
    return new Date(now - moment);
  }
  throw new KustoInputError(
    `Cannot ${action}: "${field}" must be a valid Date, or an age in milliseconds from 0 to ${LONGEST_AGE_MS}; pass milliseconds since 1970 as new Date(milliseconds)`,
  );
}
