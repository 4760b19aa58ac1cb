/**
 * Values of Kusto's scalar types, their texts, and how they come in and go out as JSON.
 *
 * Sources: the pages on scalar data types, ingest-invalid-data, response-v2 (Kusto documentation).
 *
 * @module
 */
import { Decimal, finite } from "./decimal.ts";
import { formatDatetime, formatTimespan, parseDatetime, parseTimespan } from "./datetime.ts";
import { type Dynamic, dynamicFromJson, dynamicText, dynamicWire, parseJson } from "./dynamic.ts";

/** Kusto's scalar types. */
export type ScalarType =
  | "bool"
  | "int"
  | "long"
  | "real"
  | "decimal"
  | "datetime"
  | "timespan"
  | "guid"
  | "string"
  | "dynamic";

/**
 * A value; its column or expression knows the type.
 *
 * bool: boolean. int, real: number. long: bigint. decimal: Decimal. datetime, timespan: bigint, in
 * ticks of 100 ns. guid: string, lower case. string: string, never null. dynamic: {@link Dynamic}.
 */
export type Value = Dynamic;

const ALIASES: Readonly<Record<string, ScalarType>> = {
  bool: "bool",
  boolean: "bool",
  int: "int",
  int32: "int",
  uint: "int",
  long: "long",
  int64: "long",
  ulong: "long",
  real: "real",
  double: "real",
  float: "real",
  decimal: "decimal",
  datetime: "datetime",
  date: "datetime",
  timespan: "timespan",
  time: "timespan",
  guid: "guid",
  uuid: "guid",
  uniqueid: "guid",
  string: "string",
  dynamic: "dynamic",
};

/** The type of a name, aliases included. */
export function scalarType(name: string): ScalarType | undefined {
  return Object.hasOwn(ALIASES, name.toLowerCase()) ? ALIASES[name.toLowerCase()] : undefined;
}

const GUID =
  /^[{(]?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})[)}]?$/i;
const INTEGER = /^\s*[+-]?\d+\s*$/;
const REAL = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;

/** The value of a type that a text stands for, as `to<type>()` reads it; `null` of other text. */
export function parseScalar(type: ScalarType, text: string): Value {
  switch (type) {
    case "string":
      return text;
    case "bool":
      return parseBool(text);
    case "int": {
      const whole = parseLong(text);
      return whole === null || BigInt.asIntN(32, whole) !== whole ? null : Number(whole);
    }
    case "long":
      return parseLong(text);
    case "real":
      return parseReal(text);
    case "decimal":
      return REAL.test(text) ? finite(new Decimal(text.trim())) : null;
    case "datetime":
      return parseDatetime(text);
    case "timespan":
      return parseTimespan(text);
    case "guid": {
      const guid = GUID.exec(text.trim());
      return guid ? guid.slice(1).join("-").toLowerCase() : null;
    }
    case "dynamic":
      return parseJson(text);
  }
}

function parseBool(text: string): boolean | null {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === "true" || trimmed === "1") return true;
  if (trimmed === "false" || trimmed === "0") return false;
  return null;
}

function parseLong(text: string): bigint | null {
  const trimmed = text.trim();
  if (/^0x[0-9a-f]{1,16}$/i.test(trimmed)) return BigInt.asIntN(64, BigInt(trimmed));
  if (!INTEGER.test(trimmed)) return null;
  const whole = BigInt(trimmed.replace("+", ""));
  return BigInt.asIntN(64, whole) === whole ? whole : null;
}

function parseReal(text: string): number | null {
  if (REAL.test(text)) return Number(text);
  const word = text.trim().toLowerCase();
  if (word === "nan") return NaN;
  if (word === "inf" || word === "+inf" || word === "infinity") return Infinity;
  return word === "-inf" || word === "-infinity" ? -Infinity : null;
}

/** The text of a value, as `tostring()` gives it; null gives the empty text. */
export function toText(type: ScalarType, value: Value): string {
  if (value === null) return "";
  switch (type) {
    case "string":
    case "guid":
      return value as string;
    case "datetime":
      return formatDatetime(value as bigint);
    case "timespan":
      return formatTimespan(value as bigint);
    case "real":
      return realText(value as number);
    case "decimal":
      return (value as Decimal).toFixed();
    case "bool":
      return value ? "true" : "false";
    case "dynamic":
      return dynamicText(value);
    default:
      return String(value);
  }
}

/** A real's text, with a fraction even where it is whole. */
function realText(value: number): string {
  if (!Number.isFinite(value)) {
    return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  }
  const text = String(value);
  if (/e/.test(text)) return text.replace(/e([+-])(\d)$/, "e$10$2");
  return Number.isInteger(value) ? `${text}.0` : text;
}

/** The JSON text of a cell in an answer. */
export function toWire(type: ScalarType, value: Value): string {
  if (value === null) return "null";
  switch (type) {
    case "bool":
      return value ? "true" : "false";
    case "int":
    case "long":
      return String(value);
    case "real":
      return Number.isFinite(value as number)
        ? realWire(value as number)
        : JSON.stringify(realText(value as number));
    case "dynamic":
      return dynamicWire(value);
    default:
      return JSON.stringify(toText(type, value));
  }
}

function realWire(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? `${value}.0` : String(value);
}

/**
 * The cell that a JSON value becomes at ingestion; what does not fit the type becomes null.
 *
 * @param json As {@linkcode parseJson} of `dynamic.ts` reads it: whole numbers beyond 2^53 are bigints.
 */
export function ingestScalar(type: ScalarType, json: unknown): Value {
  if (type === "dynamic") return json === undefined ? null : dynamicFromJson(json);
  if (json === undefined || json === null) return type === "string" ? "" : null;
  if (type === "string") return typeof json === "string" ? json : dynamicWire(json as Dynamic);
  if (typeof json === "object") return null;
  if (type === "int" || type === "long") {
    if (typeof json === "number" && !Number.isInteger(json)) return null;
    if (typeof json === "boolean") return type === "int" ? Number(json) : BigInt(json);
  }
  if (type === "bool" && typeof json === "number") return json !== 0;
  return parseScalar(type, String(json));
}

/** What a column holds where there is no value: strings are never null. */
export function emptyCell(type: ScalarType): Value {
  return type === "string" ? "" : null;
}

const engineTypes: Readonly<Record<ScalarType, string>> = {
  bool: "System.SByte",
  int: "System.Int32",
  long: "System.Int64",
  real: "System.Double",
  decimal: "System.Data.SqlTypes.SqlDecimal",
  datetime: "System.DateTime",
  timespan: "System.TimeSpan",
  guid: "System.Guid",
  string: "System.String",
  dynamic: "System.Object",
};

/** The .NET type that schemas give for a scalar type. */
export function engineType(type: ScalarType): string {
  return engineTypes[type];
}
