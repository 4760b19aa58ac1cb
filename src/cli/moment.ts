/**
 * Moments on the command line: a date, or how long ago.
 *
 * @module
 */
import { type Arguments, UsageError } from "./arguments.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** What a moment looks like, for the help. */
export const MOMENT_FORMS = "an age such as 30d, 12h, 45m or 10s, or a date such as 2026-01-31";

/**
 * The value of an option as a date.
 *
 * @param now Milliseconds since 1970.
 * @throws {UsageError} If it is neither an age nor a date.
 */
export function momentOf(args: Arguments, name: string, now: number): Date | undefined {
  const text = args.text(name);
  if (text === undefined) return undefined;
  const age = ageOf(text);
  const date = age === undefined && /^\d{4}-\d\d-\d\d/.test(text)
    ? new Date(text)
    : new Date(now - (age ?? NaN));
  if (Number.isNaN(date.getTime())) throw new UsageError(`--${name} must be ${MOMENT_FORMS}`);
  return date;
}

/**
 * The value of an option as an age in milliseconds.
 *
 * @throws {UsageError} If it is none.
 */
export function durationOf(args: Arguments, name: string): number | undefined {
  const text = args.text(name);
  if (text === undefined) return undefined;
  const age = ageOf(text);
  if (age === undefined) throw new UsageError(`--${name} must be an age such as 30d, 12h or 0s`);
  return age;
}

function ageOf(text: string): number | undefined {
  const [, number, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * UNIT_MS[unit!]!;
}
