/**
 * Functions of text.
 *
 * Sources: the pages of the string functions (Kusto documentation).
 *
 * @module
 */
import { compareText } from "./compare.ts";
import { convertValue } from "./convert.ts";
import { isArray } from "./dynamic.ts";
import type { ScalarFunction } from "./functions.ts";
import { type ScalarType, toText, type Value } from "./values.ts";

const text = (takes: readonly ScalarType[], call: ScalarFunction["call"]): ScalarFunction => ({
  takes,
  call,
});

const utf8 = new TextEncoder();

/** A pattern of the service's dialect (RE2) as one of JavaScript's. */
export function regex(pattern: string, flags = ""): RegExp {
  const inline = /^\(\?([ims]+)\)/.exec(pattern);
  const own = inline ? inline[1]! : "";
  const body = (inline ? pattern.slice(inline[0].length) : pattern).replaceAll("(?P<", "(?<");
  return new RegExp(body, [...new Set(`${flags}${own}`)].join(""));
}

function substring([value, start, length]: readonly Value[]): Value {
  const source = value as string;
  const at = Number(start);
  const from = at < 0 ? Math.max(0, source.length + at) : at;
  return source.slice(from, length === undefined ? undefined : from + Math.max(0, Number(length)));
}

function indexOf([value, wanted, start, length, occurrence]: readonly Value[]): Value {
  const source = value as string;
  const first = Number(start ?? 0);
  const from = first < 0 ? Math.max(0, source.length + first) : first;
  const span = length === undefined || Number(length) < 0 ? source.length : from + Number(length);
  let at = from - 1;
  for (let left = Number(occurrence ?? 1); left > 0; left--) {
    at = source.indexOf(wanted as string, at + 1);
    if (at < 0 || at + (wanted as string).length > span) return -1n;
  }
  return BigInt(at);
}

function countOf([value, wanted, kind]: readonly Value[]): Value {
  const source = value as string;
  if (kind === "regex") return BigInt([...source.matchAll(regex(wanted as string, "g"))].length);
  let found = 0n;
  for (let at = source.indexOf(wanted as string); at >= 0;) {
    found++;
    at = source.indexOf(wanted as string, at + 1);
  }
  return found;
}

function extract([pattern, group, value]: readonly Value[]): Value {
  const match = regex(pattern as string).exec(value as string);
  return match?.[Number(group)] ?? "";
}

function extractAll(args: readonly Value[]): Value {
  const [pattern, groups, value] = args.length === 3 ? args : [args[0], undefined, args[1]];
  const matches = [...(value as string).matchAll(regex(pattern as string, "g"))];
  if (matches.length === 0) return null;
  return matches.map((match) => {
    const wanted = isArray(groups ?? null)
      ? (groups as readonly Value[]).map((group) =>
        match[Number(group)] ?? match.groups?.[String(group)] ?? ""
      )
      : match.length > 1
      ? match.slice(1).map((group) => group ?? "")
      : [match[0]];
    return wanted.length === 1 && !isArray(groups ?? null) ? wanted[0]! : wanted;
  });
}

function split([value, delimiter, index]: readonly Value[]): Value {
  const parts = (value as string).split(delimiter as string);
  if (index === undefined) return parts;
  const found = parts[Number(index)];
  return found === undefined ? [] : [found];
}

function trim(side: "both" | "start" | "end"): ScalarFunction["call"] {
  return ([pattern, value]) => {
    let rest = value as string;
    if (side !== "end") rest = rest.replace(regex(`^(?:${pattern})`), "");
    if (side !== "start") rest = rest.replace(regex(`(?:${pattern})$`), "");
    return rest;
  };
}

function replacement(pattern: string): string {
  return pattern.replaceAll("$", "$$$$").replaceAll(
    /\\(\d)/g,
    (_all, group: string) => group === "0" ? "$&" : `$${group}`,
  );
}

function base64Text(value: string): string {
  return btoa(String.fromCharCode(...utf8.encode(value)));
}

function textOfBase64(value: string): string {
  const bytes = Uint8Array.from(atob(value), (character) => character.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

function join(separator: string, args: readonly Value[], types: readonly ScalarType[]): string {
  return args.map((arg, at) => toText(types[at]!, arg)).join(separator);
}

/** The functions of text. */
export const textFunctions: Readonly<Record<string, ScalarFunction>> = {
  strlen: text(["string"], ([value]) => BigInt([...(value as string)].length)),
  string_size: text(["string"], ([value]) => BigInt(utf8.encode(value as string).length)),
  tolower: text(["string"], ([value]) => (value as string).toLowerCase()),
  toupper: text(["string"], ([value]) => (value as string).toUpperCase()),
  reverse: text(["string"], ([value]) => [...(value as string)].reverse().join("")),
  strcmp: {
    ...text(["string"], ([a, b]) => BigInt(compareText(a as string, b as string))),
    gives: "long",
  },
  strcat: { nulls: true, call: (args, types) => join("", args, types) },
  strcat_delim: {
    nulls: true,
    call: ([delimiter, ...args], types) => join(String(delimiter), args, types.slice(1)),
  },
  strcat_array: text(
    ["dynamic", "string"],
    ([list, delimiter]) =>
      isArray(list!)
        ? list.map((item) => convertValue(item, "dynamic", "string")).join(delimiter as string)
        : null,
  ),
  strrep: text(
    ["string", "long", "string"],
    ([value, times, delimiter]) =>
      Array.from({ length: Number(times) }, () => value).join((delimiter as string) ?? ""),
  ),
  substring: text(["string", "long"], substring),
  indexof: { ...text(["string", "string", "long"], indexOf), gives: "long" },
  countof: { ...text(["string"], countOf), gives: "long" },
  extract: text(["string", "long", "string", "string"], extract),
  extract_all: { call: extractAll },
  split: text(["string", "string", "long"], split),
  replace_string: text(
    ["string"],
    ([value, from, to]) => (value as string).replaceAll(from as string, () => to as string),
  ),
  replace_regex: text(
    ["string"],
    ([value, pattern, to]) =>
      (value as string).replaceAll(regex(pattern as string, "g"), replacement(to as string)),
  ),
  replace: text(
    ["string"],
    ([pattern, to, value]) =>
      (value as string).replaceAll(regex(pattern as string, "g"), replacement(to as string)),
  ),
  trim: text(["string"], trim("both")),
  trim_start: text(["string"], trim("start")),
  trim_end: text(["string"], trim("end")),
  isempty: { nulls: true, call: ([value]) => value === null || value === "" },
  isnotempty: { nulls: true, call: ([value]) => value !== null && value !== "" },
  notempty: { nulls: true, call: ([value]) => value !== null && value !== "" },
  isnull: { nulls: true, call: ([value]) => value === null },
  isnotnull: { nulls: true, call: ([value]) => value !== null },
  notnull: { nulls: true, call: ([value]) => value !== null },
  url_encode: text(["string"], ([value]) => encodeURIComponent(value as string)),
  url_decode: text(
    ["string"],
    ([value]) => decodeURIComponent((value as string).replaceAll("+", " ")),
  ),
  base64_encode_tostring: text(["string"], ([value]) => base64Text(value as string)),
  base64_decode_tostring: text(["string"], ([value]) => textOfBase64(value as string)),
  has_any_index: text(
    ["string", "dynamic"],
    ([value, terms]) =>
      BigInt(
        (terms as readonly Value[]).findIndex((term) =>
          (value as string).toLowerCase().includes(String(term).toLowerCase())
        ),
      ),
  ),
  tohex: text(
    ["long", "long"],
    ([value, width]) =>
      BigInt.asUintN(64, value as bigint).toString(16).padStart(Number(width ?? 0), "0"),
  ),
  unicode_codepoints_from_string: text(
    ["string"],
    ([value]) => [...(value as string)].map((character) => character.codePointAt(0)!),
  ),
  unicode_codepoints_to_string: {
    call: (args) =>
      String.fromCodePoint(
        ...args.flatMap((arg) => isArray(arg) ? arg.map(Number) : [Number(arg)]),
      ),
  },
};
