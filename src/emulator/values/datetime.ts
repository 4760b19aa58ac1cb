/**
 * Points in time and spans of time, in ticks of 100 ns, and their texts.
 *
 * Sources: the datetime and timespan data types (Kusto documentation).
 *
 * @module
 */

/** Ticks of one millisecond. */
export const MILLISECOND: bigint = 10_000n;
/** Ticks of one second. */
export const SECOND: bigint = 1000n * MILLISECOND;
/** Ticks of one minute. */
export const MINUTE: bigint = 60n * SECOND;
/** Ticks of one hour. */
export const HOUR: bigint = 60n * MINUTE;
/** Ticks of one day. */
export const DAY: bigint = 24n * HOUR;

/** Ticks from the year 1, where Kusto counts from, to 1970, where JavaScript does. */
const EPOCH = 621_355_968_000_000_000n;
const LAST = 3_155_378_975_999_999_999n;

/** Ticks of a time given in milliseconds since 1970. */
export function ticksFromMilliseconds(ms: number): bigint {
  return EPOCH + BigInt(Math.floor(ms)) * MILLISECOND;
}

/** Milliseconds since 1970, what is below a millisecond left out. */
export function millisecondsFromTicks(ticks: bigint): number {
  const since = ticks - EPOCH;
  const ms = since / MILLISECOND;
  return Number(since < 0n && since % MILLISECOND !== 0n ? ms - 1n : ms);
}

/** Whether ticks are within the years 1 to 9999. */
export function isDatetime(ticks: bigint): boolean {
  return ticks >= 0n && ticks <= LAST;
}

/** `2024-01-02T03:04:05.1234567Z`. */
export function formatDatetime(ticks: bigint): string {
  const fraction = String(((ticks % SECOND) + SECOND) % SECOND).padStart(7, "0");
  return `${new Date(millisecondsFromTicks(ticks)).toISOString().slice(0, 19)}.${fraction}Z`;
}

/** `[-][d.]hh:mm:ss[.fffffff]`. */
export function formatTimespan(ticks: bigint): string {
  const size = ticks < 0n ? -ticks : ticks;
  const two = (value: bigint) => String(value).padStart(2, "0");
  const days = size / DAY;
  const fraction = size % SECOND;
  return `${ticks < 0n ? "-" : ""}${days > 0n ? `${days}.` : ""}${two(size / HOUR % 24n)}:${
    two(size / MINUTE % 60n)
  }:${two(size / SECOND % 60n)}${fraction > 0n ? `.${String(fraction).padStart(7, "0")}` : ""}`;
}

const ISO =
  /^(\d{4})[-/](\d{1,2})(?:[-/](\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,7})\d*)?)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/i;
const AMERICAN =
  /^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?)?\s*(Z)?$/i;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const RFC_822 =
  /^(?:[a-z]{3},?\s+)?(\d{1,2})\s+([a-z]{3})[a-z]*\s+(\d{4})(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?)?\s*(?:GMT|UTC|Z)?$/i;
const MONTH_FIRST = /^([a-z]{3})[a-z]*\s+(\d{1,2}),?\s+(\d{4})$/i;
const COMPACT = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2}):?(\d{2}):?(\d{2}))?Z?$/;

/** Ticks of a datetime's text in one of the formats that the service documents; `null` of others. */
export function parseDatetime(text: string): bigint | null {
  const trimmed = text.trim();
  const iso = ISO.exec(trimmed);
  if (iso) {
    return toTicks([iso[1], iso[2], iso[3] ?? "1", iso[4], iso[5], iso[6]], iso[7], iso[8]);
  }
  const american = AMERICAN.exec(trimmed);
  if (american) {
    const [, month, day, year, hour, minute, second, fraction] = american;
    return toTicks([year, month, day, hour, minute, second], fraction, undefined);
  }
  const rfc = RFC_822.exec(trimmed);
  if (rfc) {
    const month = MONTHS.indexOf(rfc[2]!.toLowerCase()) + 1;
    return toTicks([rfc[3], String(month), rfc[1], rfc[4], rfc[5], rfc[6]], undefined, undefined);
  }
  const named = MONTH_FIRST.exec(trimmed);
  if (named) {
    const month = MONTHS.indexOf(named[1]!.toLowerCase()) + 1;
    return makeDatetime(Number(named[3]), month, Number(named[2]));
  }
  const compact = COMPACT.exec(trimmed);
  if (compact) return toTicks(compact.slice(1), undefined, undefined);
  return null;
}

function toTicks(
  parts: readonly (string | undefined)[],
  fraction: string | undefined,
  zone: string | undefined,
): bigint | null {
  const [year = 1, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.map((part) =>
    part === undefined ? undefined : Number(part)
  );
  return makeDatetime(year, month, day, hour, minute, second, fraction, zone);
}

/** Ticks of a date and time of day; `null` where there is no such day or time. */
export function makeDatetime(
  year: number,
  month: number,
  day: number,
  hour = 0,
  minute = 0,
  second = 0,
  fraction = "",
  zone = "Z",
): bigint | null {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const valid = year >= 1 && year <= 9999 && month >= 1 && date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day && date.getUTCHours() === hour && date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second;
  if (!valid) return null;
  const ticks = ticksFromMilliseconds(date.getTime()) + BigInt(fraction.padEnd(7, "0"));
  if (zone.toUpperCase() === "Z") return ticks;
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(zone)!;
  const offset = BigInt(hours!) * HOUR + BigInt(minutes!) * MINUTE;
  const shifted = sign === "+" ? ticks - offset : ticks + offset;
  return isDatetime(shifted) ? shifted : null;
}

const CLOCK =
  /^(-)?(?:(\d+)(?:\.|:(?=\d+:\d+:)))?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7})\d*)?)?$/;
const AMOUNT =
  /^(-)?(\d+(?:\.\d+)?)\s*(days?|d|hours?|hrs?|h|minutes?|min|m|seconds?|sec|s|milliseconds?|millis|milli|ms|microseconds?|micros|micro|nanoseconds?|nanos|nano|ticks?|tick)$/i;

function unitTicks(unit: string): number {
  const name = unit.toLowerCase();
  if (name.startsWith("d")) return Number(DAY);
  if (name.startsWith("h")) return Number(HOUR);
  if (name.startsWith("milli") || name === "ms") return Number(MILLISECOND);
  if (name.startsWith("micro")) return 10;
  if (name.startsWith("m")) return Number(MINUTE);
  if (name.startsWith("s")) return Number(SECOND);
  return name.startsWith("nano") ? 0.01 : 1;
}

/** Ticks of a timespan's text: `1.02:03:04.5`, `90m`, or a bare number of days; `null` of others. */
export function parseTimespan(text: string): bigint | null {
  const trimmed = text.trim();
  const clock = CLOCK.exec(trimmed);
  if (clock) {
    const [, minus, days = "0", hours, minutes, seconds = "0", fraction = ""] = clock;
    if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return null;
    const ticks = BigInt(days) * DAY + BigInt(hours!) * HOUR + BigInt(minutes!) * MINUTE +
      BigInt(seconds) * SECOND + BigInt(fraction.padEnd(7, "0"));
    return minus ? -ticks : ticks;
  }
  const amount = AMOUNT.exec(trimmed);
  if (amount) {
    const ticks = BigInt(Math.round(Number(amount[2]) * unitTicks(amount[3]!)));
    return amount[1] ? -ticks : ticks;
  }
  return /^-?\d+$/.test(trimmed) ? BigInt(trimmed) * DAY : null;
}
