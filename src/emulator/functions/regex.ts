/**
 * Functions over regular expressions, and how the service's expressions are read.
 *
 * Source: regex.md (Kusto documentation).
 *
 * @module
 */
import { convertValue } from "../values/convert.ts";
import { BadArgument } from "../parser/syntax.ts";
import type { ScalarFunction } from "./functions.ts";
import { isArray } from "../values/dynamic.ts";
import { type ScalarType, scalarType, type Value } from "../values/values.ts";

const known = new Map<string, RegExp>();

const CLASSES: Readonly<Record<string, string>> = {
  alpha: "A-Za-z",
  digit: "0-9",
  alnum: "0-9A-Za-z",
  upper: "A-Z",
  lower: "a-z",
  space: "\\s",
  punct: "!-\\/:-@\\[-`{-~",
  xdigit: "0-9A-Fa-f",
  word: "\\w",
};

/** The expression of a pattern; it matches globally, so `lastIndex` is for the caller to mind. */
export function regexOf(pattern: string): RegExp {
  const kept = known.get(pattern);
  if (kept) {
    kept.lastIndex = 0;
    return kept;
  }
  const made = makeRegex(pattern);
  if (known.size > 500) known.clear();
  known.set(pattern, made);
  return made;
}

function makeRegex(pattern: string): RegExp {
  const flags = /^\(\?([ims]+)\)/.exec(pattern);
  const source = pattern.slice(flags?.[0].length ?? 0)
    .replaceAll(/\[:(\w+):\]/g, (all, name: string) => CLASSES[name] ?? all)
    .replaceAll(/\(\?P</g, "(?<")
    .replaceAll(/\\A/g, "^")
    .replaceAll(/\\z/g, "$");
  for (const unicode of ["u", ""]) {
    try {
      return new RegExp(source, `g${unicode}${flags?.[1] ?? ""}`);
    } catch {
      // Without the flag, escapes of characters that need none are allowed.
    }
  }
  throw new BadArgument("this regular expression");
}

/** A pattern that matches a text as it is. */
export function quotePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

function extract([pattern, group, source, type]: readonly Value[]): Value {
  const match = regexOf(pattern as string).exec(source as string);
  const found = match?.[Number(group)] ?? "";
  const wanted = typeof type === "string" ? scalarType(type) : undefined;
  return wanted ? convertValue(found, "string", wanted) : found;
}

function extractAll(args: readonly Value[]): Value {
  const [pattern, groups, source] = args.length === 3 ? args : [args[0], undefined, args[1]];
  const found = [...(source as string).matchAll(regexOf(pattern as string))];
  if (found.length === 0) return null;
  const wanted = isArray(groups ?? null) ? groups as readonly Value[] : undefined;
  return found.map((match) => {
    const captures = wanted
      ? wanted.map((group) => match[Number(group)] ?? match.groups?.[String(group)] ?? "")
      : match.length === 1
      ? [match[0]]
      : match.slice(1).map((capture) => capture ?? "");
    return captures.length === 1 ? captures[0]! : captures;
  });
}

/** The service writes groups as `\1`. */
function replacement(text: string): string {
  return text.replaceAll("$", "$$$$").replaceAll(
    /\\(\d)/g,
    (_all, digit: string) => digit === "0" ? "$&" : `$${digit}`,
  );
}

const replaceRegex: ScalarFunction = {
  takes: ["string"],
  type: "string",
  of: ([source, pattern, given]) =>
    (source as string).replaceAll(regexOf(pattern as string), replacement(given as string)),
};

function trimmer(start: boolean, end: boolean): ScalarFunction {
  return {
    takes: ["string"],
    type: "string",
    of: ([pattern, source]) => {
      let text = source as string;
      if (start) {
        text = text.replace(new RegExp(`^(?:${regexOf(pattern as string).source})`, "u"), "");
      }
      if (end) {
        text = text.replace(new RegExp(`(?:${regexOf(pattern as string).source})$`, "u"), "");
      }
      return text;
    },
  };
}

/** The functions by name. */
export const regexFunctions: Readonly<Record<string, ScalarFunction>> = {
  extract: {
    takes: ["string", "long", "string", "string"],
    type: (_types: readonly ScalarType[], node) => node.type ?? "string",
    of: extract,
  },
  extract_all: { takes: ["string", undefined, undefined], type: "dynamic", of: extractAll },
  extractall: { takes: ["string", undefined, undefined], type: "dynamic", of: extractAll },
  replace_regex: replaceRegex,
  replace: {
    ...replaceRegex,
    of: ([pattern, given, source], types, run) =>
      replaceRegex.of([source!, pattern!, given!], types, run),
  },
  indexof_regex: {
    takes: ["string", "string", "long"],
    type: "long",
    of: ([source, pattern, start = 0n, length = -1n, nth = 1n]) => {
      const from = Number(start);
      if (from < 0 || Number(nth) < 1) return null;
      const end = Number(length) < 0 ? undefined : from + Number(length);
      const matches = [
        ...(source as string).slice(from, end).matchAll(regexOf(pattern as string)),
      ];
      const found = matches[Number(nth) - 1];
      return found ? BigInt(from + found.index) : -1n;
    },
  },
  countof: {
    takes: ["string"],
    type: "long",
    of: ([source, wanted, kind]) => {
      if (kind === "regex") {
        return BigInt([...(source as string).matchAll(regexOf(wanted as string))].length);
      }
      let count = 0n;
      for (
        let at = wanted === "" ? -1 : (source as string).indexOf(wanted as string);
        at >= 0;
        at = (source as string).indexOf(wanted as string, at + 1)
      ) count++;
      return count;
    },
  },
  trim: trimmer(true, true),
  trim_start: trimmer(true, false),
  trim_end: trimmer(false, true),
};
