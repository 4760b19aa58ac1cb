/**
 * The patterns that commands are written in, and how a command's text is matched with them.
 *
 * A pattern reads as the documentation's syntax lines do: `.drop table <name> [ifexists]`. Words stand for themselves,
 * `[...]` may be left out, `(a|b)` is a choice, and `<...>` takes a part of the text:
 *
 * - `<x>` a name, bare or quoted,
 * - `<x:string>` a string literal, `<x:word>` a bare word or a span such as `90d`,
 * - `<x:paren>` what stands in `( )`, `<x:body>` what stands in `{ }`,
 * - `<x:tail>` everything up to the end, after `<|`.
 *
 * A word that was met is noted too, as `is:word`.
 *
 * @module
 */
import { closingBracket, readToken, skipBlanks, syntaxError } from "./text.ts";

/** The parts that a pattern took from a command's text. */
export type Captures = Readonly<Record<string, string>>;

interface Step {
  readonly kind: "word" | "name" | "string" | "raw" | "paren" | "body" | "tail";
  readonly text: string;
}

/** A pattern made ready for matching: each way that its options and choices can be read. */
export type CompiledPattern = readonly (readonly Step[])[];

const partPattern = /<\||<(\w+)(?::(\w+))?>|[[\]()|]|[.=,]|[\w$-]+/g;

/** Compiles a pattern; see the module's comment for what it may hold. */
export function compilePattern(pattern: string): CompiledPattern {
  const parts = [...pattern.matchAll(partPattern)];
  let at = 0;
  const sequence = (closer: string | undefined): Step[][] => {
    let readings: Step[][] = [[]];
    const finished: Step[][] = [];
    while (at < parts.length) {
      const part = parts[at++]!;
      const text = part[0];
      if (text === closer) return [...finished, ...readings];
      if (text === "|") {
        finished.push(...readings);
        readings = [[]];
      } else if (text === "[" || text === "(") {
        const inner = sequence(text === "[" ? "]" : ")");
        const choices = text === "[" ? [...inner, []] : inner;
        readings = readings.flatMap((steps) => choices.map((choice) => [...steps, ...choice]));
      } else {
        readings = readings.map((steps) => [...steps, step(text, part[1], part[2])]);
      }
    }
    return [...finished, ...readings];
  };
  return sequence(undefined);
}

function step(text: string, capture: string | undefined, kind: string | undefined): Step {
  if (capture === undefined) return { kind: "word", text };
  if (kind === undefined) return { kind: "name", text: capture };
  return { kind: kind === "word" ? "raw" : kind as Step["kind"], text: capture };
}

/** How far a text agreed with the patterns tried so far: where the syntax error is reported. */
export interface Progress {
  offset: number;
}

/** Matches a whole command with a pattern; undefined when it reads otherwise. */
export function matchPattern(
  text: string,
  pattern: CompiledPattern,
  progress: Progress,
): Captures | undefined {
  for (const steps of pattern) {
    const captures = matchSteps(text, steps, progress);
    if (captures) return captures;
  }
  return undefined;
}

function matchSteps(
  text: string,
  steps: readonly Step[],
  progress: Progress,
): Captures | undefined {
  const captures: Record<string, string> = {};
  let at = 0;
  for (const { kind, text: wanted } of steps) {
    if (kind === "tail") {
      captures[wanted] = text.slice(at);
      return captures;
    }
    at = skipBlanks(text, at);
    progress.offset = Math.max(progress.offset, at);
    if (kind === "paren" || kind === "body") {
      if (text[at] !== (kind === "paren" ? "(" : "{")) return undefined;
      const close = closingBracket(text, at);
      captures[wanted] = text.slice(at + 1, close);
      at = close + 1;
      continue;
    }
    const token = readToken(text, at);
    if (token === undefined) return undefined;
    if (kind === "word") {
      if (token.kind !== "word" && token.kind !== "mark") return undefined;
      if (token.text.toLowerCase() !== wanted) return undefined;
      captures[`is:${wanted}`] = token.text;
    } else if (kind === "string") {
      if (token.kind !== "string") return undefined;
      captures[wanted] = token.text;
    } else if (kind === "raw") {
      if (token.kind !== "word") return undefined;
      captures[wanted] = token.text;
    } else {
      if (token.kind === "mark") return undefined;
      captures[wanted] = token.text;
    }
    at = token.end;
  }
  const end = skipBlanks(text, at);
  progress.offset = Math.max(progress.offset, end);
  return end >= text.length ? captures : undefined;
}

/** The `name = value` pairs of a `with (...)` part; names are given in lower case. */
export function readProperties(text: string | undefined, command: string): Map<string, string> {
  const properties = new Map<string, string>();
  let at = 0;
  if (text === undefined) return properties;
  for (;;) {
    const name = readToken(text, at);
    if (name === undefined && properties.size === 0) return properties;
    const equals = name && readToken(text, name.end);
    const value = equals?.text === "=" ? readToken(text, equals.end) : undefined;
    if (name === undefined || value === undefined || value.kind === "mark") {
      throw syntaxError(
        command,
        Math.max(command.indexOf(text), 0) + at,
        "expected 'name = value'",
      );
    }
    const call = text[value.end] === "(" ? closingBracket(text, value.end) + 1 : value.end;
    properties.set(
      name.text.toLowerCase(),
      call === value.end ? value.text : text.slice(value.start, call),
    );
    const comma = readToken(text, call);
    if (comma === undefined) return properties;
    if (comma.text !== ",") {
      throw syntaxError(command, Math.max(command.indexOf(text), 0) + comma.start, "expected ','");
    }
    at = comma.end;
  }
}
