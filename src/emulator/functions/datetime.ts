/**
 * Functions over points in time and spans of time.
 *
 * @module
 */
import {
  DAY,
  formatDatetime,
  HOUR,
  isDatetime,
  makeDatetime,
  MILLISECOND,
  millisecondsFromTicks,
  MINUTE,
  SECOND,
  ticksFromMilliseconds,
} from "../values/datetime.ts";
import { BadArgument } from "../parser/syntax.ts";
import type { ScalarFunction } from "./functions.ts";
import type { ScalarType, Value } from "../values/values.ts";

/** Units of a fixed length, in ticks. */
const UNITS: Readonly<Record<string, bigint>> = {
  week: 7n * DAY,
  day: DAY,
  hour: HOUR,
  minute: MINUTE,
  second: SECOND,
  millisecond: MILLISECOND,
  microsecond: 10n,
};
const MONTHS: Readonly<Record<string, number>> = { year: 12, quarter: 3, month: 1 };

function badPart(name: string): BadArgument {
  return new BadArgument(`the part '${name}' of a date`);
}

function dateOf(ticks: Value): Date {
  return new Date(millisecondsFromTicks(ticks as bigint));
}

function inRange(ticks: bigint): bigint | null {
  return isDatetime(ticks) ? ticks : null;
}

function floorTo(ticks: bigint, size: bigint): bigint {
  const rest = ((ticks % size) + size) % size;
  return ticks - rest;
}

/** Months later, the day cut to the last of its month. */
function addMonths(ticks: bigint, count: number): bigint | null {
  const date = dateOf(ticks);
  const month = date.getUTCFullYear() * 12 + date.getUTCMonth() + count;
  const year = Math.floor(month / 12);
  const index = month - year * 12;
  const last = new Date(Date.UTC(2000 + ((year % 400) + 400) % 400, index + 1, 0)).getUTCDate();
  const moved = makeDatetime(year, index + 1, Math.min(date.getUTCDate(), last));
  return moved === null ? null : moved + (((ticks % DAY) + DAY) % DAY);
}

function add([unit, amount, ticks]: readonly Value[]): Value {
  const name = (unit as string).toLowerCase();
  if (Object.hasOwn(MONTHS, name)) {
    return addMonths(ticks as bigint, MONTHS[name]! * Number(amount));
  }
  if (name === "nanosecond") return inRange((ticks as bigint) + (amount as bigint) / 100n);
  const size = UNITS[name];
  if (size === undefined) throw badPart(name);
  return inRange((ticks as bigint) + size * (amount as bigint));
}

/** How many borders of a unit lie between two times. */
function difference([unit, a, b]: readonly Value[]): Value {
  const name = (unit as string).toLowerCase();
  if (Object.hasOwn(MONTHS, name)) {
    const index = (ticks: Value) => {
      const date = dateOf(ticks);
      return Math.floor((date.getUTCFullYear() * 12 + date.getUTCMonth()) / MONTHS[name]!);
    };
    return BigInt(index(a!) - index(b!));
  }
  if (name === "nanosecond") return ((a as bigint) - (b as bigint)) * 100n;
  const size = UNITS[name];
  if (size === undefined) throw badPart(name);
  // The first day of the calendar was a Monday, and weeks begin on Sunday.
  const shift = name === "week" ? DAY : 0n;
  return ((a as bigint) + shift) / size - ((b as bigint) + shift) / size;
}

function dayOfYear(date: Date): number {
  const first = new Date(0);
  first.setUTCFullYear(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - first.getTime()) / 86_400_000) + 1;
}

/** The number of the week by ISO 8601. */
function weekOfYear(date: Date): number {
  const thursday = new Date(date.getTime());
  thursday.setUTCDate(date.getUTCDate() + 4 - (date.getUTCDay() || 7));
  return Math.ceil(dayOfYear(thursday) / 7);
}

function datePart([name, ticks]: readonly Value[]): Value {
  const date = dateOf(ticks!);
  const inSecond = ((ticks as bigint) % SECOND + SECOND) % SECOND;
  switch ((name as string).toLowerCase()) {
    case "year":
      return BigInt(date.getUTCFullYear());
    case "quarter":
      return BigInt(Math.floor(date.getUTCMonth() / 3) + 1);
    case "month":
      return BigInt(date.getUTCMonth() + 1);
    case "week_of_year":
    case "weekofyear":
      return BigInt(weekOfYear(date));
    case "day":
      return BigInt(date.getUTCDate());
    case "dayofyear":
      return BigInt(dayOfYear(date));
    case "hour":
      return BigInt(date.getUTCHours());
    case "minute":
      return BigInt(date.getUTCMinutes());
    case "second":
      return BigInt(date.getUTCSeconds());
    case "millisecond":
      return inSecond / MILLISECOND;
    case "microsecond":
      return inSecond / 10n;
    case "nanosecond":
      return inSecond * 100n;
    default:
      throw badPart(name as string);
  }
}

/** The start of the period that a time lies in, `offset` periods on. */
function startOf(period: string, ticks: bigint, offset: number): bigint | null {
  if (period === "day") return inRange(floorTo(ticks, DAY) + BigInt(offset) * DAY);
  if (period === "week") {
    return inRange(floorTo(ticks + DAY, 7n * DAY) - DAY + BigInt(offset) * 7n * DAY);
  }
  const date = dateOf(ticks);
  const month = period === "year" ? 1 : date.getUTCMonth() + 1;
  const first = makeDatetime(date.getUTCFullYear(), month, 1)!;
  return addMonths(first, (period === "year" ? 12 : 1) * offset);
}

function start(period: string): ScalarFunction {
  return {
    takes: ["datetime", "long"],
    type: "datetime",
    of: ([ticks, offset]) => startOf(period, ticks as bigint, Number(offset ?? 0)),
  };
}

function end(period: string): ScalarFunction {
  return {
    takes: ["datetime", "long"],
    type: "datetime",
    of: ([ticks, offset]) => {
      const next = startOf(period, ticks as bigint, Number(offset ?? 0) + 1);
      return next === null ? null : next - 1n;
    },
  };
}

function padded(value: number | bigint, width: number): string {
  return String(value).padStart(width, "0");
}

const FORMAT_PARTS = /([A-Za-z])\1*/g;

function fraction(ticks: bigint, spec: string): string {
  const digits = padded(ticks % SECOND, 7).slice(0, spec.length);
  return spec.startsWith("F") ? digits.replace(/0+$/, "") : digits;
}

function formatDate([value, format]: readonly Value[]): string {
  const ticks = value as bigint;
  const iso = formatDatetime(ticks);
  const [year, month, day] = [iso.slice(0, 4), iso.slice(5, 7), iso.slice(8, 10)];
  const [hour, minute, second] = [iso.slice(11, 13), iso.slice(14, 16), iso.slice(17, 19)];
  const twelve = padded(Number(hour) % 12 || 12, 2);
  const parts: Readonly<Record<string, string>> = {
    yyyy: year,
    yy: year.slice(2),
    y: String(Number(year.slice(2))),
    MM: month,
    M: String(Number(month)),
    dd: day,
    d: String(Number(day)),
    HH: hour,
    H: String(Number(hour)),
    hh: twelve,
    h: String(Number(twelve)),
    mm: minute,
    m: String(Number(minute)),
    ss: second,
    s: String(Number(second)),
    tt: Number(hour) < 12 ? "AM" : "PM",
  };
  return (format as string).replaceAll(FORMAT_PARTS, (spec) => {
    if (/^(f{1,7}|F{1,7})$/.test(spec)) return fraction(ticks, spec);
    if (!Object.hasOwn(parts, spec)) throw new BadArgument(`'${spec}' in the format of a date`);
    return parts[spec]!;
  });
}

const SPAN_PARTS = /^(d{1,8}|HH?|hh?|mm?|ss?|f{1,7}|F{1,7})$/;

function formatSpan([value, format]: readonly Value[]): string {
  const ticks = value as bigint;
  const size = ticks < 0n ? -ticks : ticks;
  const [hour, minute, second] = [size / HOUR % 24n, size / MINUTE % 60n, size / SECOND % 60n];
  const text = (format as string).replaceAll(FORMAT_PARTS, (spec) => {
    if (!SPAN_PARTS.test(spec)) throw new BadArgument(`'${spec}' in the format of a timespan`);
    const width = spec.length;
    switch (spec[0]) {
      case "d":
        return padded(size / DAY, width);
      case "H":
      case "h":
        return padded(hour, width);
      case "m":
        return padded(minute, width);
      case "s":
        return padded(second, width);
      default:
        return fraction(size, spec);
    }
  });
  return ticks < 0n ? `-${text}` : text;
}

function part(name: string, type: ScalarType = "int"): ScalarFunction {
  return {
    takes: ["datetime"],
    type,
    of: ([ticks]) => {
      const value = datePart([name, ticks!]);
      return type === "int" ? Number(value) : value;
    },
  };
}

function fromUnix(size: bigint): ScalarFunction {
  return {
    takes: ["real"],
    type: "datetime",
    of: ([value]) => {
      if (!Number.isFinite(value)) return null;
      const ticks = BigInt(Math.round((value as number) * Number(size)));
      return inRange(ticksFromMilliseconds(0) + ticks);
    },
  };
}

/** The functions by name. */
export const datetimeFunctions: Readonly<Record<string, ScalarFunction>> = {
  now: {
    takes: ["timespan"],
    type: "datetime",
    of: ([offset], _types, run) => run.now + ((offset as bigint | undefined) ?? 0n),
  },
  ago: {
    takes: ["timespan"],
    type: "datetime",
    of: ([span], _types, run) => run.now - (span as bigint),
  },
  datetime_add: { takes: ["string", "long", "datetime"], type: "datetime", of: add },
  datetime_diff: { takes: ["string", "datetime", "datetime"], type: "long", of: difference },
  datetime_part: { takes: ["string", "datetime"], type: "long", of: datePart },
  dayofweek: {
    takes: ["datetime"],
    type: "timespan",
    of: ([ticks]) => BigInt(dateOf(ticks!).getUTCDay()) * DAY,
  },
  dayofmonth: part("day"),
  dayofyear: part("dayofyear"),
  getmonth: part("month"),
  monthofyear: part("month"),
  getyear: part("year"),
  hourofday: part("hour"),
  week_of_year: part("week_of_year", "long"),
  weekofyear: part("week_of_year", "long"),
  startofday: start("day"),
  startofweek: start("week"),
  startofmonth: start("month"),
  startofyear: start("year"),
  endofday: end("day"),
  endofweek: end("week"),
  endofmonth: end("month"),
  endofyear: end("year"),
  make_datetime: {
    takes: ["long", "long", "long", "long", "long", "real"],
    type: "datetime",
    of: (args) => {
      const [year = 1, month = 1, day = 1, hour = 0, minute = 0, second = 0] = args.map(Number);
      const whole = Math.floor(second);
      const made = makeDatetime(year, month, day, hour, minute, whole);
      return made === null ? null : made + BigInt(Math.round((second - whole) * 1e7));
    },
  },
  make_timespan: {
    takes: ["real"],
    type: "timespan",
    of: (args) => {
      const numbers = args.map(Number);
      const days = numbers.length === 4 ? numbers.shift()! : 0;
      const [hours = 0, minutes = 0, seconds = 0] = numbers;
      return BigInt(days) * DAY + BigInt(hours) * HOUR + BigInt(minutes) * MINUTE +
        BigInt(Math.round(seconds * 1e7));
    },
  },
  format_datetime: { takes: ["datetime", "string"], type: "string", of: formatDate },
  format_timespan: { takes: ["timespan", "string"], type: "string", of: formatSpan },
  unixtime_seconds_todatetime: fromUnix(SECOND),
  unixtime_milliseconds_todatetime: fromUnix(MILLISECOND),
  unixtime_microseconds_todatetime: fromUnix(10n),
  unixtime_nanoseconds_todatetime: {
    takes: ["long"],
    type: "datetime",
    of: ([value]) => inRange(ticksFromMilliseconds(0) + (value as bigint) / 100n),
  },
};
