/**
 * Regular expressions in the service's syntax → the same in RE2's, which the engine reads.
 *
 * The two agree but for the classes of Unicode and for what RE2 has no word for, which is refused by name.
 * Source: regex.md (Kusto documentation).
 *
 * @module
 */
import { BadArgument } from "../parser/syntax.ts";

/** An expression that the engine can be given. */
export interface RegexSource {
  readonly text: string;
  /** About how many instructions it is compiled to. */
  readonly size: number;
  /** Whether it asks where words begin and end, which the engine knows of ASCII letters alone. */
  readonly asksForWords: boolean;
}

/** As many instructions as RE2 allows with the memory that it takes by default. */
export const mostInstructions = 131_072;

/** The instructions that large classes are worth, by the time it takes to compile them. */
const classSize = 5;

const wordClasses = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200C}\\x{200D}";
const wordCharacter = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

/** What the escapes for classes stand for inside brackets. */
const classes: Readonly<Record<string, string>> = {
  d: "\\p{Nd}",
  D: "\\P{Nd}",
  s: "\\p{White_Space}",
  S: "\\P{White_Space}",
  w: wordClasses,
};

/** The names of general categories that RE2 knows by one letter alone. */
const categories: Readonly<Record<string, string>> = {
  Letter: "L",
  Mark: "M",
  Number: "N",
  Punctuation: "P",
  Symbol: "S",
  Separator: "Z",
  Other: "C",
};

/** An escape: of a class by name, of a code point, or of one character. */
const escapes =
  /\\(?:([pP])\{(\^?)([^}]*)\}|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|[uU]\{([0-9A-Fa-f]{1,8})\}|x\{[^}]*\}|[0-7]{1,3}|(.))/suy;
const flagGroup = /\(\?([a-zA-Z]*)(?:-([a-zA-Z]*))?([:)])/y;
const repetition = /[*+?]|\{(\d+)(?:,(\d*))?\}/y;
const namedClass = /\[:\^?\w+:\]/y;
const setOperation = /&&|--|~~/y;

/**
 * Reads an expression.
 *
 * @throws {BadArgument} For what the engine has not, and for an expression that is too large.
 */
export function readRegex(pattern: string): RegexSource {
  let text = "";
  let at = 0;
  let asksForWords = false;
  // Sizes of the groups that are open, and of what a repetition would repeat.
  const open: number[] = [];
  let size = 0;
  let last = 0;
  const atom = (source: string, length: number, weight = 1): void => {
    text += source;
    at += length;
    size += weight;
    last = weight;
  };
  while (at < pattern.length) {
    const character = pattern[at]!;
    const repeated = character === "{" || /[*+?]/.test(character)
      ? matchAt(repetition, pattern, at)
      : undefined;
    if (repeated) {
      const times = Math.max(1, Number(repeated[1] ?? 1), Number(repeated[2] || 1));
      size += last * (times - 1) + 1;
      text += repeated[0];
      at += repeated[0].length;
    } else if (character === "\\") {
      const escape = readEscape(pattern, at);
      asksForWords ||= /^\\[bB]$/.test(escape.text);
      const isList = escape.text === wordClasses;
      atom(isList ? `[${escape.text}]` : escape.text, escape.length, classSize);
    } else if (character === "[") {
      const found = readClass(pattern, at);
      atom(found.text, found.length, classSize);
    } else if (character === "(") {
      const flags = matchAt(flagGroup, pattern, at);
      const opening = flags ? flagsText(flags) : "(";
      text += opening;
      at += flags?.[0].length ?? 1;
      if (flags?.[3] === ")") continue;
      open.push(size);
      size += 2;
    } else if (character === ")") {
      last = size - (open.pop() ?? 0);
      text += ")";
      at++;
    } else atom(character, 1);
    if (size > mostInstructions) throw new BadArgument("a regular expression of this size");
  }
  return { text, size, asksForWords };
}

/** Whether a text has letters that RE2 does not count among those of words. */
export function hasOtherWords(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return /[^\x00-\x7f]/.test(text) &&
    [...text].some((character) => character > "\x7f" && wordCharacter.test(character));
}

interface Part {
  readonly text: string;
  /** How much of the pattern it was read from. */
  readonly length: number;
}

function matchAt(expression: RegExp, text: string, at: number): RegExpExecArray | undefined {
  expression.lastIndex = at;
  return expression.exec(text) ?? undefined;
}

/** Unicode is on by default; RE2 has no flag for it, and cannot do without. */
function flagsText([whole, on = "", off = "", end = ""]: RegExpExecArray): string {
  const kept = on.replace("u", "");
  if (/[^imsU]/.test(kept + off)) throw new BadArgument(`the flags '${whole}' of an expression`);
  if (kept + off === "") return end === ":" ? "(?:" : "(?:)";
  return `(?${kept}${off && `-${off}`}${end}`;
}

function readEscape(pattern: string, at: number): Part {
  const found = matchAt(escapes, pattern, at);
  if (!found) throw new BadArgument("a regular expression that ends in a backslash");
  const [whole, property, negated, name, short, long, braced, letter] = found;
  const length = whole.length;
  if (property !== undefined) {
    return { text: `\\${property}{${negated}${categories[name!] ?? name}}`, length };
  }
  const code = short ?? long ?? braced;
  if (code !== undefined) return { text: `\\x{${code}}`, length };
  if (letter === undefined) return { text: whole, length };
  if (letter === "W") return { text: `[^${wordClasses}]`, length };
  if (Object.hasOwn(classes, letter)) return { text: classes[letter]!, length };
  const isUnknown = /[A-Za-z<>]/.test(letter) && !/[aftnrvAzbBpPx]/.test(letter);
  if (isUnknown || letter === "b" && pattern[at + 2] === "{") {
    throw new BadArgument(`'${pattern.slice(at, at + 2)}' in an expression`);
  }
  return { text: whole, length };
}

/** A class in brackets; RE2 has neither classes within classes nor operations on them. */
function readClass(pattern: string, start: number): Part {
  let at = start + 1;
  let text = "[";
  if (pattern[at] === "^") text += pattern[at++];
  if (pattern[at] === "]") text += pattern[at++];
  while (at < pattern.length && pattern[at] !== "]") {
    const named = matchAt(namedClass, pattern, at);
    if (named) {
      text += named[0];
      at += named[0].length;
    } else if (pattern[at] === "\\") {
      const escape = readEscape(pattern, at);
      text += escape.text.startsWith("[^") ? notWords() : escape.text;
      at += escape.length;
    } else if (pattern[at] === "[" || matchAt(setOperation, pattern, at)) {
      throw new BadArgument("a class of classes in an expression");
    } else text += pattern[at++];
  }
  return { text: `${text}${pattern.slice(at, at + 1)}`, length: at + 1 - start };
}

let notWordRanges: string | undefined;

/** The ranges that are left of all characters when those of words are taken away. */
function notWords(): string {
  if (notWordRanges !== undefined) return notWordRanges;
  let ranges = "";
  let from = 0;
  for (let code = 0; code <= 0x110000; code++) {
    if (code < 0x110000 && !wordCharacter.test(String.fromCodePoint(code))) continue;
    if (from < code) ranges += `\\x{${from.toString(16)}}-\\x{${(code - 1).toString(16)}}`;
    from = code + 1;
  }
  return notWordRanges = ranges;
}
