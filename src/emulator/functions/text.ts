/**
 * Functions over texts, without those over regular expressions.
 *
 * @module
 */
import { toDynamic } from "../values/convert.ts";
import type { ScalarFunction } from "./functions.ts";
import { compareText } from "../values/compare.ts";
import { dynamicText, isArray, isBag, parseJson } from "../values/dynamic.ts";
import { quotePattern } from "./regex.ts";
import { parseScalar, type ScalarType, scalarType, type Value } from "../values/values.ts";

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

/** Letter by letter: one that would become two, as ß would, stays as it is. */
function eachLetter(source: Value | undefined, to: "toLowerCase" | "toUpperCase"): string {
  return [...source as string].map((letter) => {
    const other = letter[to]();
    return other.length === letter.length ? other : letter;
  }).join("");
}

/** Where a text is found in another, counted in code points. */
function indexOf([source, wanted, start, length, nth]: readonly Value[]): bigint {
  const whole = [...source as string];
  const size = length === undefined ? -1 : Number(length);
  let from = start === undefined ? 0 : Number(start);
  if (from < 0) from = Math.max(0, whole.length + from);
  // The length bounds the search for each occurrence anew.
  for (let left = nth === undefined ? 1 : Number(nth); left > 0; left--) {
    if (from > whole.length) return -1n;
    const rest = whole.slice(from, size < 0 ? undefined : from + size).join("");
    const found = rest.indexOf(wanted as string);
    if (found < 0) return -1n;
    from += [...rest.slice(0, found)].length;
    if (left === 1) return BigInt(from);
    from++;
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

/** Each text is looked for in what those before it in the list have left over. */
function replaceStrings([source, wanted, given]: readonly Value[]): Value {
  if (!isArray(wanted!) || !isArray(given!)) return null;
  let parts: { text: string; done: boolean }[] = [{ text: source as string, done: false }];
  for (const [at, from] of wanted.entries()) {
    if (typeof from !== "string" || from === "") continue;
    const to = given[at];
    const replaced = { text: typeof to === "string" ? to : from, done: true };
    parts = parts.flatMap((part) =>
      part.done ? [part] : part.text.split(from).flatMap((text, index) => {
        const rest = { text, done: false };
        return index === 0 ? [rest] : [replaced, rest];
      })
    );
  }
  return parts.map(({ text }) => text).join("");
}

/** Percent signs with hexadecimal digits in lower case, as the service writes them. */
function encodeUrl(source: string): string {
  return encodeURIComponent(source).replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
}

function decodeUrl(source: string): string {
  try {
    return decodeURIComponent(source.replaceAll("+", " "));
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

function extractJson([path, json, type]: readonly Value[]): Value {
  const found = atPath(path as string, json as string);
  return type === undefined ? found : parseScalar(scalarType(type as string) ?? "string", found);
}

/** The functions by name. */
export const textFunctions: Readonly<Record<string, ScalarFunction>> = {
  strlen: text("long", one, ([source]) => BigInt([...source as string].length)),
  string_size: text("long", one, ([source]) => BigInt(encoder.encode(source as string).length)),
  tolower: text("string", one, ([source]) => eachLetter(source, "toLowerCase")),
  toupper: text("string", one, ([source]) => eachLetter(source, "toUpperCase")),
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
  replace_strings: text("string", ["string", "dynamic", "dynamic"], replaceStrings),
  reverse: text("string", one, ([source]) => [...source as string].reverse().join("")),
  translate: text("string", one, translate),
  has_any_index: text("long", ["string", "dynamic"], ([source, terms]) => {
    const lower = (source as string).toLowerCase();
    return BigInt(strings(terms!).findIndex((term) => lower.includes(term.toLowerCase())));
  }),
  url_encode: text(
    "string",
    one,
    ([source]) => encodeUrl(source as string).replaceAll("%20", "+"),
  ),
  url_encode_component: text("string", one, ([source]) => encodeUrl(source as string)),
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
  tohex: text("string", undefined, ([value, length], [type]) => {
    const hex = BigInt.asUintN(type === "int" ? 32 : 64, BigInt(value as bigint)).toString(16);
    return hex.padStart(length === undefined ? 0 : Number(length), "0");
  }),
  extract_json: text(undefined, one, extractJson),
  extractjson: text(undefined, one, extractJson),
  regex_quote: text("string", one, ([source]) => quotePattern(source as string)),
  new_guid: {
    type: "guid",
    volatile: true,
    of: (_args, _types, run) => {
      const digits = Array.from({ length: 32 }, () => Math.floor(run.random() * 16));
      digits[12] = 4;
      digits[16] = 8 + digits[16]! % 4;
      const hex = digits.map((digit) => digit.toString(16)).join("");
      return parseScalar("guid", hex);
    },
  },
  dynamic_to_json: text("string", undefined, ([value], [type]) => {
    const inner = toDynamic(value!, type!);
    return typeof inner === "string" ? JSON.stringify(inner) : dynamicText(inner);
  }),
};
