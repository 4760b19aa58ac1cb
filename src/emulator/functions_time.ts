/**
 * Functions of points in time and spans of time.
 *
 * Sources: the pages of the datetime and timespan functions (Kusto documentation).
 *
 * @module
 */
import {
  DAY,
  HOUR,
  isDatetime,
  makeDatetime,
  MILLISECOND,
  millisecondsFromTicks,
  MINUTE,
  SECOND,
  ticksFromMilliseconds,
} from "./datetime.ts";
import type { ScalarFunction } from "./functions.ts";
import type { Value } from "./values.ts";

const time = (call: ScalarFunction["call"], takes: ScalarFunction["takes"] = ["datetime"]) => ({
  takes,
  call,
} as ScalarFunction);

interface Parts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

function partsOf(ticks: bigint): Parts {
  const date = new Date(millisecondsFromTicks(ticks));
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

function floorTo(ticks: bigint, unit: bigint): bigint {
  return ticks - ((ticks % unit) + unit) % unit;
}

type Unit = "year" | "month" | "week" | "day";

function startOf(unit: Unit, ticks: bigint, offset: number): bigint | null {
  const { year, month } = partsOf(ticks);
  switch (unit) {
    case "day":
      return floorTo(ticks, DAY) + BigInt(offset) * DAY;
    case "week": {
      const weekday = BigInt(new Date(millisecondsFromTicks(ticks)).getUTCDay());
      return floorTo(ticks, DAY) - weekday * DAY + BigInt(offset) * 7n * DAY;
    }
    case "month": {
      const months = year * 12 + month - 1 + offset;
      return makeDatetime(Math.floor(months / 12), ((months % 12) + 12) % 12 + 1, 1);
    }
    case "year":
      return makeDatetime(year + offset, 1, 1);
  }
}

function start(unit: Unit): ScalarFunction {
  return time(([at, offset]) => startOf(unit, at as bigint, Number(offset ?? 0)), [
    "datetime",
    "long",
  ]);
}

function end(unit: Unit): ScalarFunction {
  return time(([at, offset]) => {
    const next = startOf(unit, at as bigint, Number(offset ?? 0) + 1);
    return next === null ? null : next - 1n;
  }, ["datetime", "long"]);
}

const UNITS: Readonly<Record<string, bigint>> = {
  week: 7n * DAY,
  day: DAY,
  hour: HOUR,
  minute: MINUTE,
  second: SECOND,
  millisecond: MILLISECOND,
  microsecond: 10n,
};

function addMonths(ticks: bigint, months: number): bigint | null {
  const { year, month, day } = partsOf(ticks);
  const count = year * 12 + month - 1 + months;
  const [toYear, toMonth] = [Math.floor(count / 12), ((count % 12) + 12) % 12 + 1];
  const last = new Date(Date.UTC(toYear, toMonth, 0)).getUTCDate();
  const date = makeDatetime(toYear, toMonth, Math.min(day, last));
  return date === null ? null : date + (ticks % DAY);
}

function datetimeAdd([period, amount, at]: readonly Value[]): Value {
  const unit = String(period).toLowerCase();
  const count = Number(amount);
  if (unit === "year") return addMonths(at as bigint, count * 12);
  if (unit === "quarter") return addMonths(at as bigint, count * 3);
  if (unit === "month") return addMonths(at as bigint, count);
  const ticks = unit === "nanosecond"
    ? BigInt(Math.trunc(count / 100))
    : (UNITS[unit] ?? 0n) * BigInt(count);
  return (at as bigint) + ticks;
}

function datetimeDiff([period, first, second]: readonly Value[]): Value {
  const unit = String(period).toLowerCase();
  const [a, b] = [first as bigint, second as bigint];
  const [from, to] = [partsOf(a), partsOf(b)];
  const months = (from.year - to.year) * 12 + from.month - to.month;
  if (unit === "year") return BigInt(from.year - to.year);
  if (unit === "month") return BigInt(months);
  if (unit === "quarter") {
    const quarter = ({ year, month }: Parts) => year * 4 + Math.floor((month - 1) / 3);
    return BigInt(quarter(from) - quarter(to));
  }
  if (unit === "nanosecond") return (a - b) * 100n;
  if (unit === "week") {
    return (startOf("week", a, 0)! - startOf("week", b, 0)!) / (7n * DAY);
  }
  const size = UNITS[unit];
  return size === undefined ? null : (floorTo(a, size) - floorTo(b, size)) / size;
}

function datetimePart([name, at]: readonly Value[]): Value {
  const ticks = at as bigint;
  const { year, month, day } = partsOf(ticks);
  switch (String(name).toLowerCase()) {
    case "year":
      return BigInt(year);
    case "quarter":
      return BigInt(Math.ceil(month / 3));
    case "month":
      return BigInt(month);
    case "week_of_year":
    case "weekofyear":
      return BigInt(isoWeek(ticks));
    case "day":
      return BigInt(day);
    case "dayofyear":
      return (floorTo(ticks, DAY) - makeDatetime(year, 1, 1)!) / DAY + 1n;
    case "hour":
      return ticks / HOUR % 24n;
    case "minute":
      return ticks / MINUTE % 60n;
    case "second":
      return ticks / SECOND % 60n;
    case "millisecond":
      return ticks / MILLISECOND % 1000n;
    case "microsecond":
      return ticks / 10n % 1_000_000n;
    case "nanosecond":
      return ticks % SECOND * 100n;
    default:
      return null;
  }
}

function isoWeek(ticks: bigint): number {
  const date = new Date(millisecondsFromTicks(ticks));
  const weekday = (date.getUTCDay() + 6) % 7;
  const thursday = Date.UTC(
    date.getUTCFullYear(),
    date.getUTCMonth(),
    date.getUTCDate() - weekday + 3,
  );
  const firstDay = Date.UTC(new Date(thursday).getUTCFullYear(), 0, 1);
  return Math.floor((thursday - firstDay) / 86_400_000 / 7) + 1;
}

/** The formats share their letters; `F` leaves trailing zeros out. */
function format(ticks: bigint, pattern: string, daysOfSpan: boolean): string {
  const size = ticks < 0n ? -ticks : ticks;
  const { year, month, day } = daysOfSpan ? { year: 0, month: 0, day: 0 } : partsOf(ticks);
  const hours = Number(size / HOUR % 24n);
  const numbers: Readonly<Record<string, number>> = {
    y: year,
    M: month,
    d: daysOfSpan ? Number(size / DAY) : day,
    H: hours,
    h: daysOfSpan ? hours : (hours + 11) % 12 + 1,
    m: Number(size / MINUTE % 60n),
    s: Number(size / SECOND % 60n),
  };
  const fraction = String(size % SECOND).padStart(7, "0");
  const formatted = pattern.replaceAll(/y+|M+|d+|H+|h+|m+|s+|f+|F+|tt/g, (token) => {
    if (token === "tt") return hours < 12 ? "AM" : "PM";
    if (token[0] === "f") return fraction.slice(0, token.length);
    if (token[0] === "F") return fraction.slice(0, token.length).replace(/0+$/, "");
    const number = numbers[token[0]!]!;
    if (token === "yy") return String(number % 100).padStart(2, "0");
    return String(number).padStart(token.length, "0");
  });
  return daysOfSpan && ticks < 0n ? `-${formatted}` : formatted;
}

function fromUnix(unit: bigint): ScalarFunction {
  return {
    takes: ["real"],
    gives: "datetime",
    call: ([value]) => {
      const ticks = ticksFromMilliseconds(0) + BigInt(Math.round(Number(value) * Number(unit)));
      return isDatetime(ticks) ? ticks : null;
    },
  };
}

function make(args: readonly Value[]): Value {
  const [year, month, day, hour = 0, minute = 0, second = 0] = args.map(Number);
  const whole = Math.floor(second);
  const date = makeDatetime(year!, month!, day!, hour, minute, whole);
  return date === null ? null : date + BigInt(Math.round((second - whole) * 1e7));
}

/** The functions of time. */
export const timeFunctions: Readonly<Record<string, ScalarFunction>> = {
  now: {
    takes: ["timespan"],
    gives: "datetime",
    call: ([offset], _types, run) => run.now + ((offset ?? 0n) as bigint),
  },
  ago: {
    takes: ["timespan"],
    gives: "datetime",
    call: ([span], _types, run) => run.now - (span as bigint),
  },
  startofday: start("day"),
  startofweek: start("week"),
  startofmonth: start("month"),
  startofyear: start("year"),
  endofday: end("day"),
  endofweek: end("week"),
  endofmonth: end("month"),
  endofyear: end("year"),
  datetime_add: time(datetimeAdd, ["string", "long", "datetime"]),
  datetime_diff: time(datetimeDiff, ["string", "datetime", "datetime"]),
  datetime_part: time(datetimePart, ["string", "datetime"]),
  hourofday: time(([at]) => (at as bigint) / HOUR % 24n),
  dayofweek: time(([at]) =>
    BigInt(new Date(millisecondsFromTicks(at as bigint)).getUTCDay()) * DAY
  ),
  dayofmonth: time(([at]) => BigInt(partsOf(at as bigint).day)),
  dayofyear: time(([at]) => datetimePart(["dayofyear", at!])),
  monthofyear: time(([at]) => BigInt(partsOf(at as bigint).month)),
  getmonth: time(([at]) => BigInt(partsOf(at as bigint).month)),
  getyear: time(([at]) => BigInt(partsOf(at as bigint).year)),
  weekofyear: time(([at]) => BigInt(isoWeek(at as bigint))),
  week_of_year: time(([at]) => BigInt(isoWeek(at as bigint))),
  format_datetime: time(([at, pattern]) => format(at as bigint, pattern as string, false), [
    "datetime",
    "string",
  ]),
  format_timespan: time(([span, pattern]) => format(span as bigint, pattern as string, true), [
    "timespan",
    "string",
  ]),
  make_datetime: { takes: ["real"], gives: "datetime", call: make },
  make_timespan: {
    takes: ["real"],
    gives: "timespan",
    call: (args) => {
      const numbers = args.map(Number);
      const days = numbers.length === 4 ? numbers.shift()! : 0;
      const [hours = 0, minutes = 0, seconds = 0] = numbers;
      return BigInt(days) * DAY + BigInt(hours) * HOUR + BigInt(minutes) * MINUTE +
        BigInt(Math.round(seconds * 1e7));
    },
  },
  unixtime_seconds_todatetime: fromUnix(SECOND),
  unixtime_milliseconds_todatetime: fromUnix(MILLISECOND),
  unixtime_microseconds_todatetime: fromUnix(10n),
  unixtime_nanoseconds_todatetime: {
    takes: ["long"],
    gives: "datetime",
    call: ([value]) => ticksFromMilliseconds(0) + (value as bigint) / 100n,
  },
};
