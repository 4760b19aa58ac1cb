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
import type { Budget } from "../language/budget.ts";
import { type Match, patternOf } from "./pattern.ts";
import { type ScalarType, scalarType, type Value } from "../values/values.ts";

/** A pattern that matches a text as it is. */
export function quotePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

const extract: ScalarFunction["of"] = ([pattern, group, source, type], _types, { budget }) => {
  const match = patternOf(pattern as string, budget).first(source as string, budget);
  const found = match?.groups[Number(group)] ?? "";
  const wanted = typeof type === "string" ? scalarType(type) : undefined;
  return wanted ? convertValue(found, "string", wanted) : found;
};

const extractAll: ScalarFunction["of"] = (args, _types, { budget }) => {
  const [pattern, groups, source] = args.length === 3 ? args : [args[0], undefined, args[1]];
  const wanted = isArray(groups ?? null) ? groups as readonly Value[] : undefined;
  const found: Value[] = [];
  for (const match of patternOf(pattern as string, budget).matches(source as string, budget)) {
    const captures = capturesOf(match, wanted);
    found.push(captures.length === 1 ? captures[0]! : captures);
  }
  return found.length === 0 ? null : found;
};

function capturesOf({ groups, named }: Match, wanted: readonly Value[] | undefined): string[] {
  if (wanted) {
    return wanted.map((group) => groups[Number(group)] ?? named[String(group)] ?? "");
  }
  return (groups.length === 1 ? groups : groups.slice(1)).map((group) => group ?? "");
}

/** The service writes groups as `\1`, and a backslash as two. */
function replacementFor({ groups }: Match, given: string): string {
  return given.replaceAll(/\\([\d\\])/g, (_all, mark: string) => {
    if (mark === "\\") return mark;
    if (Number(mark) >= groups.length) {
      throw new BadArgument("a replacement that names a group which the expression has not");
    }
    return groups[Number(mark)] ?? "";
  });
}

function replaceMatches(source: string, pattern: string, given: string, budget: Budget): string {
  let made = "";
  let end = 0;
  for (const match of patternOf(pattern, budget).matches(source, budget)) {
    const replaced = replacementFor(match, given);
    budget.spendValue(replaced);
    made += source.slice(end, match.start) + replaced;
    end = match.end;
  }
  return made + source.slice(end);
}

const replaceRegex: ScalarFunction = {
  takes: ["string"],
  type: "string",
  of: ([source, pattern, given], _types, { budget }) =>
    replaceMatches(source as string, pattern as string, given as string, budget),
};

function trimmer(start: boolean, end: boolean): ScalarFunction {
  return {
    takes: ["string"],
    type: "string",
    of: ([pattern, source], _types, { budget }) => {
      let text = source as string;
      if (start) {
        text = text.slice(patternOf(`\\A(?:${pattern})`, budget).first(text, budget)?.end ?? 0);
      }
      if (end) {
        text = text.slice(0, patternOf(`(?:${pattern})\\z`, budget).first(text, budget)?.start);
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
    of: ([source, pattern, start = 0n, length = -1n, nth = 1n], _types, { budget }) => {
      const from = Number(start);
      if (from < 0 || Number(nth) < 1) return null;
      const end = Number(length) < 0 ? undefined : from + Number(length);
      let left = Number(nth);
      const part = (source as string).slice(from, end);
      for (const match of patternOf(pattern as string, budget).matches(part, budget)) {
        if (--left === 0) return BigInt(from + match.start);
      }
      return -1n;
    },
  },
  countof: {
    takes: ["string"],
    type: "long",
    of: ([source, wanted, kind], _types, { budget }) => {
      if (kind === "regex") {
        let found = 0n;
        const pattern = patternOf(wanted as string, budget);
        for (const _match of pattern.matches(source as string, budget)) found++;
        return found;
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
