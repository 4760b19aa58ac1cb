/**
 * Functions over texts, without those over regular expressions.
 *
 * @module
 */
import { toDynamic } from "./convert.ts";
import type { ScalarFunction } from "./functions.ts";
import { compareText } from "./compare.ts";
import { dynamicText, isArray, isBag, parseJson } from "./dynamic.ts";
import type { ScalarType, Value } from "./values.ts";

type Of = ScalarFunction["of"];

function text(
  type: ScalarType | undefined,
  takes: ScalarFunction["takes"],
  of: Of,
): ScalarFunction {
  return { ...(takes && { takes }), ...(type && { type }), of };
}

const one = ["string"] as const;

/** A part of a text, counted in code points; a negative start counts from the end. */
function substring([source, from, length]: readonly Value[]): string {
  const characters = [...source as string];
  const start = Number(from);
  const first = start < 0 ? Math.max(0, characters.length + start) : start;
  const count = length === undefined ? Infinity : Math.max(0, Number(length));
  return characters.slice(first, first + count).join("");
}

function indexOf([source, wanted, start, length, nth]: readonly Value[]): bigint {
  const whole = source as string;
  const from = start === undefined ? 0 : Number(start);
  const first = from < 0 ? Math.max(0, whole.length + from) : from;
  if (first > whole.length) return -1n;
  const size = length === undefined ? -1 : Number(length);
  const part = size < 0 ? whole.slice(first) : whole.slice(first, first + size);
  let left = nth === undefined ? 1 : Number(nth);
  for (
    let at = part.indexOf(wanted as string);
    at >= 0;
    at = part.indexOf(wanted as string, at + 1)
  ) {
    if (--left === 0) return BigInt(first + at);
  }
  return -1n;
}

function split([source, delimiter, index]: readonly Value[]): Value {
  const parts = delimiter === ""
    ? [source as string]
    : (source as string).split(delimiter as string);
  if (index === undefined) return parts;
  const at = Number(index);
  return at >= 0 && at < parts.length ? [parts[at]!] : null;
}

/** A JSON text's strings are handed over as they are, all else as JSON. */
function strings(value: Value): string[] {
  return isArray(value) ? value.map(dynamicText) : [];
}

function decodeUrl(source: string): string {
  try {
    return decodeURIComponent(source);
  } catch {
    return "";
  }
}

const encoder = new TextEncoder();

function toBase64(source: string): string {
  return btoa(Array.from(encoder.encode(source), (byte) => String.fromCharCode(byte)).join(""));
}

function fromBase64(source: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(source), (character) => character.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** A record of comma-separated values. */
function parseCsv(record: string): string[] {
  const fields: string[] = [];
  const pattern = /\s*(?:"((?:[^"]|"")*)"\s*|([^,\r\n]*))(,|$|\r?\n)/gy;
  for (;;) {
    const match = pattern.exec(record);
    if (!match) return fields;
    fields.push(match[1] !== undefined ? match[1].replaceAll('""', '"') : match[2] ?? "");
    if (match[3] !== ",") return fields;
  }
}

function translate([from, to, source]: readonly Value[]): string {
  const [wanted, given] = [[...from as string], [...to as string]];
  if (given.length === 0) return [...source as string].filter((c) => !wanted.includes(c)).join("");
  return [...source as string].map((character) => {
    const at = wanted.indexOf(character);
    return at < 0 ? character : given[Math.min(at, given.length - 1)]!;
  }).join("");
}

/** What a JSON text holds at a path such as `$.a[0].b`. */
function atPath(path: string, json: string): string {
  let at = parseJson(json);
  for (
    const [, name, quoted, index] of path.matchAll(
      /\.([^.[\]]+)|\[(?:'|")(.*?)(?:'|")\]|\[(\d+)\]/g,
    )
  ) {
    const key = name ?? quoted;
    if (key === undefined) at = isArray(at) ? at[Number(index)] ?? null : null;
    else at = isBag(at) && Object.hasOwn(at, key) ? at[key]! : null;
  }
  return dynamicText(at);
}

/** The functions by name. */
export const textFunctions: Readonly<Record<string, ScalarFunction>> = {
  strlen: text("long", one, ([source]) => BigInt([...source as string].length)),
  string_size: text("long", one, ([source]) => BigInt(encoder.encode(source as string).length)),
  tolower: text("string", one, ([source]) => (source as string).toLowerCase()),
  toupper: text("string", one, ([source]) => (source as string).toUpperCase()),
  strcat: text("string", one, (parts) => parts.join("")),
  strcat_delim: text("string", one, ([delimiter, ...parts]) => parts.join(delimiter as string)),
  strcat_array: text(
    "string",
    ["dynamic", "string"],
    ([array, delimiter]) => strings(array!).join(delimiter as string),
  ),
  array_strcat: text(
    "string",
    ["dynamic", "string"],
    ([array, delimiter]) => strings(array!).join(delimiter as string),
  ),
  strcmp: text("long", one, ([a, b]) => BigInt(compareText(a as string, b as string))),
  strrep: text(
    "string",
    ["string", "long", "string"],
    ([source, count, delimiter]) =>
      new Array(Math.max(0, Math.min(1024, Number(count)))).fill(source).join(
        (delimiter as string | undefined) ?? "",
      ),
  ),
  substring: text("string", ["string", "long"], substring),
  indexof: text("long", ["string", "string", "long"], indexOf),
  split: text("dynamic", ["string", "string", "long"], split),
  replace_string: text(
    "string",
    one,
    ([source, wanted, given]) =>
      wanted === ""
        ? source!
        : (source as string).replaceAll(wanted as string, () => given as string),
  ),
  replace_strings: text(
    "string",
    ["string", "dynamic", "dynamic"],
    ([source, wanted, given]) =>
      strings(wanted!).reduce(
        (result, each, at) => result.replaceAll(each, () => strings(given!)[at] ?? ""),
        source as string,
      ),
  ),
  reverse: text("string", one, ([source]) => [...source as string].reverse().join("")),
  translate: text("string", one, translate),
  has_any_index: text("long", ["string", "dynamic"], ([source, terms]) => {
    const lower = (source as string).toLowerCase();
    return BigInt(strings(terms!).findIndex((term) => lower.includes(term.toLowerCase())));
  }),
  url_encode: text(
    "string",
    one,
    ([source]) => encodeURIComponent(source as string).replaceAll("%20", "+"),
  ),
  url_encode_component: text("string", one, ([source]) => encodeURIComponent(source as string)),
  url_decode: text("string", one, ([source]) => decodeUrl(source as string)),
  base64_encode_tostring: text("string", one, ([source]) => toBase64(source as string)),
  base64_encodestring: text("string", one, ([source]) => toBase64(source as string)),
  base64_decode_tostring: text("string", one, ([source]) => fromBase64(source as string) ?? ""),
  base64_decodestring: text("string", one, ([source]) => fromBase64(source as string) ?? ""),
  isascii: text("bool", one, ([source]) => [...source as string].every((c) => c <= "\x7f")),
  isutf8: text("bool", one, ([source]) => (source as string).isWellFormed()),
  parse_csv: text("dynamic", one, ([source]) => parseCsv(source as string)),
  unicode_codepoints_from_string: text(
    "dynamic",
    one,
    ([source]) => [...source as string].map((character) => character.codePointAt(0)!),
  ),
  unicode_codepoints_to_string: text("string", undefined, (args) =>
    String.fromCodePoint(
      ...args.flatMap((arg) => isArray(arg) ? arg.map(Number) : [Number(arg)]),
    )),
  tohex: text("string", ["long"], ([value, length]) => {
    const hex = BigInt.asUintN(64, value as bigint).toString(16);
    return hex.padStart(length === undefined ? 0 : Number(length), "0");
  }),
  extract_json: text("string", one, ([path, json]) => atPath(path as string, json as string)),
  extractjson: text("string", one, ([path, json]) => atPath(path as string, json as string)),
  dynamic_to_json: text("string", undefined, ([value], [type]) => {
    const inner = toDynamic(value!, type!);
    return typeof inner === "string" ? JSON.stringify(inner) : dynamicText(inner);
  }),
};
