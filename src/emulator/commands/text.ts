/**
 * Reads the text of a management command into tokens, with their positions.
 *
 * Commands have a syntax of their own around the query language: names and keywords with dashes, quoted names, string
 * literals of every kind, spans such as `90d`. What lies behind `<|` is data or a query and is never cut into tokens.
 *
 * @module
 */
import { ServiceError } from "../errors.ts";

/** What a token is: a bare word, a `['quoted name']`, a string literal, or one character of punctuation. */
export type TokenKind = "word" | "name" | "string" | "mark";

/** One token of a command. */
export interface Token {
  readonly kind: TokenKind;
  /** The word, the name or the string's value. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const wordPattern = /[\p{L}_$@][\p{L}\p{N}_$]*(?:-[\p{L}\p{N}_$]+)*/uy;
const numberPattern = /\d[\w.:-]*/y;

/** The error that the service gives for a text that it cannot read, with line and position. */
export function syntaxError(text: string, offset: number, what: string): ServiceError {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  const position = offset - (before.lastIndexOf("\n") + 1);
  const message =
    `Request is invalid and cannot be processed: Syntax error: SYN0002: ${what} [line:position=${line}:${position}]`;
  return new ServiceError({
    status: 400,
    code: "BadRequest_SyntaxError",
    type: "Kusto.Data.Exceptions.SyntaxException",
    message,
    permanent: true,
    inner: { code: "SYN0002", type: "Kusto.Data.Exceptions.SyntaxException", message },
  });
}

const escapes: Readonly<Record<string, string>> = {
  "\\": "\\",
  '"': '"',
  "'": "'",
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
  f: "\f",
  v: "\v",
  a: "\x07",
  "0": "\0",
};

/** Where the string literal that begins at `start` ends, and its value; undefined when none begins there. */
export function readString(
  text: string,
  start: number,
): { readonly value: string; readonly end: number } | undefined {
  let at = start;
  if (/[hH]/.test(text[at] ?? "") && /["'@`]/.test(text[at + 1] ?? "")) at++;
  if (text.startsWith("```", at) || text.startsWith("~~~", at)) {
    const fence = text.slice(at, at + 3);
    const close = text.indexOf(fence, at + 3);
    if (close < 0) throw syntaxError(text, start, "the string literal is not closed");
    return { value: text.slice(at + 3, close), end: close + 3 };
  }
  const verbatim = text[at] === "@" && /["']/.test(text[at + 1] ?? "");
  if (verbatim) at++;
  const quote = text[at];
  if (quote !== '"' && quote !== "'") return undefined;
  let value = "";
  for (at++; at < text.length; at++) {
    const character = text[at]!;
    if (character === quote) {
      if (!verbatim || text[at + 1] !== quote) return { value, end: at + 1 };
      value += quote;
      at++;
    } else if (character === "\\" && !verbatim) {
      const next = text[++at] ?? "";
      if (next === "u" || next === "x") {
        const digits = text.slice(at + 1, at + (next === "u" ? 5 : 3));
        if (!/^[0-9a-fA-F]+$/.test(digits)) throw syntaxError(text, at, "bad escape");
        value += String.fromCharCode(parseInt(digits, 16));
        at += digits.length;
      } else {
        const plain = escapes[next];
        if (plain === undefined) throw syntaxError(text, at, "bad escape");
        value += plain;
      }
    } else if (character === "\n" && !verbatim) {
      break;
    } else {
      value += character;
    }
  }
  throw syntaxError(text, start, "the string literal is not closed");
}

/** The position after blanks and `//` comments. */
export function skipBlanks(text: string, start: number): number {
  let at = start;
  for (;;) {
    while (at < text.length && /\s/.test(text[at]!)) at++;
    if (!text.startsWith("//", at)) return at;
    const end = text.indexOf("\n", at);
    at = end < 0 ? text.length : end + 1;
  }
}

/** Reads the token at or after `start`; undefined at the end of the text. */
export function readToken(text: string, start: number): Token | undefined {
  const at = skipBlanks(text, start);
  if (at >= text.length) return undefined;
  const literal = readString(text, at);
  if (literal) return { kind: "string", text: literal.value, start: at, end: literal.end };
  if (text[at] === "[") {
    const inner = skipBlanks(text, at + 1);
    const name = readString(text, inner);
    if (name) {
      const close = skipBlanks(text, name.end);
      if (text[close] !== "]") throw syntaxError(text, close, "expected ']'");
      return { kind: "name", text: name.value, start: at, end: close + 1 };
    }
  }
  const pattern = /\d/.test(text[at]!) ? numberPattern : wordPattern;
  pattern.lastIndex = at;
  const word = pattern.exec(text)?.[0];
  if (word !== undefined) return { kind: "word", text: word, start: at, end: at + word.length };
  if (text.startsWith("<|", at)) return { kind: "mark", text: "<|", start: at, end: at + 2 };
  return { kind: "mark", text: text[at]!, start: at, end: at + 1 };
}

/**
 * Where the bracket that opens at `start` is closed, strings and comments inside it passed over.
 *
 * @throws ServiceError when it is never closed.
 */
export function closingBracket(text: string, start: number): number {
  const closers: string[] = [];
  let at = start;
  while (at < text.length) {
    at = skipBlanks(text, at);
    const character = text[at];
    if (character === undefined) break;
    const literal = /["'`~@hH]/.test(character) && !/[\p{L}\p{N}_]/u.test(text[at - 1] ?? " ")
      ? readString(text, at)
      : undefined;
    if (literal) {
      at = literal.end;
      continue;
    }
    if (character === "{") closers.push("}");
    else if (character === "(") closers.push(")");
    else if (character === "[") closers.push("]");
    else if (character === closers.at(-1)) {
      closers.pop();
      if (closers.length === 0) return at;
    }
    at++;
  }
  throw syntaxError(text, start, `'${text[start]}' is not closed`);
}

/** The offset of the first `mark` outside strings, comments and brackets, from `start` on; -1 when there is none. */
export function findMark(text: string, mark: string, start: number): number {
  let at = start;
  while (at < text.length) {
    at = skipBlanks(text, at);
    if (at >= text.length) break;
    if (text.startsWith(mark, at)) return at;
    const character = text[at]!;
    if (/["'`~@hH]/.test(character) && !/[\p{L}\p{N}_]/u.test(text[at - 1] ?? " ")) {
      const literal = readString(text, at);
      if (literal) {
        at = literal.end;
        continue;
      }
    }
    at = /[({[]/.test(character) ? closingBracket(text, at) + 1 : at + 1;
  }
  return -1;
}

/** Splits a text at the commas that stand outside strings, comments and brackets. */
export function splitAtCommas(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (;;) {
    const comma = findMark(text, ",", start);
    if (comma < 0) break;
    parts.push(text.slice(start, comma));
    start = comma + 1;
  }
  parts.push(text.slice(start));
  return parts.map((part) => part.trim());
}

/** A name as it must be written in a command or query: bare where that is allowed, else in brackets and quotes. */
export function writeName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  return `['${name.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}']`;
}
