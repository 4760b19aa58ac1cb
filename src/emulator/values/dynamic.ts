/**
 * Values of the type dynamic: JSON, with the scalar types that JSON has not.
 *
 * Sources: dynamic.md, parse-json-function.md (Kusto documentation). Bags keep their keys sorted, so
 * that nobody comes to rely on an order which the service does not keep.
 *
 * @module
 */
import { Decimal } from "./decimal.ts";
import { formatDatetime, formatTimespan, parseDatetime } from "./datetime.ts";

/** A scalar inside a dynamic that JSON has no form of its own for. */
export class DynamicScalar {
  readonly type: "datetime" | "timespan" | "guid";
  readonly value: bigint | string;

  constructor(type: DynamicScalar["type"], value: bigint | string) {
    this.type = type;
    this.value = value;
  }

  /** Its text, which is also what it is in an answer. */
  get text(): string {
    if (this.type === "datetime") return formatDatetime(this.value as bigint);
    return this.type === "timespan" ? formatTimespan(this.value as bigint) : this.value as string;
  }
}

/** A bag of named values. */
export interface DynamicBag {
  readonly [key: string]: Dynamic;
}

/** Whole numbers are longs, as numbers within 2^53 and bigints beyond; others are reals. */
export type Dynamic =
  | null
  | boolean
  | number
  | bigint
  | string
  | Decimal
  | DynamicScalar
  | readonly Dynamic[]
  | DynamicBag;

/** Whether a value is a bag. */
export function isBag(value: Dynamic): value is DynamicBag {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof DynamicScalar) && !(value instanceof Decimal);
}

/** Whether a value is an array. */
export function isArray(value: Dynamic): value is readonly Dynamic[] {
  return Array.isArray(value);
}

const LONG_DIGITS = /[:[,\s]-?\d{16,}/;
const NUMBER_TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** JSON text as a value, whole numbers beyond 2^53 as bigints; `undefined` where it is no JSON. */
export function readJson(text: string): unknown {
  try {
    if (!LONG_DIGITS.test(` ${text}`)) return JSON.parse(text);
    const marked = text.replace(NUMBER_TOKEN, (token) => {
      if (token.startsWith('"') || !/^-?\d{16,}$/.test(token)) return token;
      return Number.isSafeInteger(Number(token)) ? token : `{"\\u0000long":"${token}"}`;
    });
    return JSON.parse(marked, (_key, value) => {
      const long: unknown = value?.["\u0000long"];
      return typeof long === "string" ? wholeNumber(long) : value;
    });
  } catch {
    return undefined;
  }
}

function wholeNumber(digits: string): bigint | number {
  const whole = BigInt(digits);
  return BigInt.asIntN(64, whole) === whole ? whole : Number(digits);
}

/** The dynamic that `parse_json` makes of a text: what is no JSON stays a string. */
export function parseJson(text: string): Dynamic {
  if (text === "") return null;
  const json = readJson(text);
  return json === undefined ? text : dynamicOf(json);
}

/** A JSON value as a dynamic, its texts as they are. */
export function dynamicOf(json: unknown): Dynamic {
  return convert(json, (inner) => inner);
}

/** The dynamic that a JSON value becomes at ingestion: text that is JSON becomes what it says. */
export function dynamicFromJson(json: unknown): Dynamic {
  if (typeof json !== "string") return convert(json, retype);
  const inner = /^\s*[[{]/.test(json) ? readJson(json) : undefined;
  return inner === undefined ? retype(json) : convert(inner, retype);
}

function convert(json: unknown, text: (text: string) => Dynamic): Dynamic {
  if (typeof json === "string") return text(json);
  if (Array.isArray(json)) return json.map((item) => convert(item, text));
  if (typeof json === "object" && json !== null) {
    return makeBag(Object.entries(json).map(([key, value]) => [key, convert(value, text)]));
  }
  return json as Dynamic;
}

const DATE_LIKE = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?$/;
const GUID_LIKE = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const NUMBER_LIKE = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * A string inside a dynamic at ingestion. What looks like a date, a guid or a number is taken for one,
 * as the service may do: text that must come back as it was has no business in a dynamic.
 */
function retype(text: string): Dynamic {
  const first = text.charCodeAt(0);
  // Most strings begin with another character and need no further look.
  const hexOrSign = (first >= 48 && first <= 57) || first === 45 ||
    (first >= 97 && first <= 102) || (first >= 65 && first <= 70);
  if (!hexOrSign || text.length > 64) return text;
  if (DATE_LIKE.test(text)) {
    const ticks = parseDatetime(text);
    return ticks === null ? text : new DynamicScalar("datetime", ticks);
  }
  if (GUID_LIKE.test(text)) return new DynamicScalar("guid", text.toLowerCase());
  return NUMBER_LIKE.test(text) ? Number(text) : text;
}

/** A bag of entries, the last of equal keys counting. */
export function makeBag(entries: Iterable<readonly [string, Dynamic]>): DynamicBag {
  const sorted = [...new Map(entries)].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
  return Object.fromEntries(sorted);
}

/** The text of a dynamic: of a string the string, of all else JSON. */
export function dynamicText(value: Dynamic): string {
  if (value === null) return "";
  if (typeof value === "string") return value;
  if (value instanceof DynamicScalar) return value.text;
  return dynamicWire(value);
}

/** A dynamic as JSON text. */
export function dynamicWire(value: Dynamic): string {
  return JSON.stringify(value, wireForm) ?? "null";
}

interface RawJson {
  rawJSON?(text: string): unknown;
}

function wireForm(_key: string, value: unknown): unknown {
  if (value instanceof DynamicScalar) return value.text;
  if (value instanceof Decimal) return value.toFixed();
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value === "bigint") return (JSON as RawJson).rawJSON?.(String(value)) ?? Number(value);
  return value;
}
