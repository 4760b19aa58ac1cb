/**
 * Regular expressions at work: RE2's engine, whose time grows with the text and not with the ways to match it.
 *
 * @module
 */
import { RE2JS } from "re2js";
import type { Budget } from "../language/budget.ts";
import { BadArgument } from "../parser/syntax.ts";
import { hasOtherWords, readRegex } from "./regex_syntax.ts";

/** Where an expression matched a text, and what its groups hold. */
export interface Match {
  readonly start: number;
  readonly end: number;
  /** The whole match, then each group; undefined for one that took no part. */
  readonly groups: readonly (string | undefined)[];
  readonly named: Readonly<Record<string, string | undefined>>;
}

/** A character of a text and an instruction of an expression are a step; these many are a unit of a query's budget. */
const stepsOfUnit = 128;

const patternsKept = 500;
const known = new Map<string, Pattern>();

/**
 * The pattern that an expression is.
 *
 * @throws {BadArgument} Where it is none, or one that is not known here.
 */
export function patternOf(expression: string, budget: Budget): Pattern {
  const kept = known.get(expression);
  if (kept) return kept;
  budget.spendValue(expression);
  const { text, size, asksForWords } = readRegex(expression);
  // It takes some microseconds to compile an instruction.
  budget.spend(size << 2);
  const made = new Pattern(compile(text), asksForWords);
  if (known.size >= patternsKept) known.clear();
  known.set(expression, made);
  return made;
}

function compile(text: string): RE2JS {
  try {
    return RE2JS.compile(text);
  } catch (error) {
    throw new BadArgument(
      `this regular expression${error instanceof Error ? ` (${error.message})` : ""}`,
    );
  }
}

/** A compiled expression. */
export class Pattern {
  readonly #compiled: RE2JS;
  readonly #asksForWords: boolean;
  readonly #size: number;

  constructor(compiled: RE2JS, asksForWords: boolean) {
    this.#compiled = compiled;
    this.#asksForWords = asksForWords;
    this.#size = compiled.programSize();
  }

  /** How many groups it has, the whole match not counted. */
  get groupCount(): number {
    return this.#compiled.groupCount();
  }

  /** Whether it matches some part of a text. */
  test(text: string, budget: Budget): boolean {
    this.#begin(text, budget);
    return this.#compiled.test(text);
  }

  /** The first match in a text. */
  first(text: string, budget: Budget): Match | undefined {
    return this.matches(text, budget).next().value;
  }

  /** The matches in a text, one after the other; none is empty right behind another. */
  *matches(text: string, budget: Budget): Generator<Match, undefined> {
    this.#begin(text, budget);
    const names = Object.entries(this.#compiled.namedGroups());
    const matcher = this.#compiled.matcher(text);
    let end = -1;
    while (matcher.find()) {
      const [start, from] = [matcher.start(), end];
      end = matcher.end();
      if (start === end && start === from) continue;
      const groups = Array.from(
        { length: this.groupCount + 1 },
        (_, group) => matcher.group(group) ?? undefined,
      );
      const named = Object.fromEntries(names.map(([name, group]) => [name, groups[group]]));
      yield { start, end, groups, named };
      this.#spend(end - start, budget);
      // Each match may look at all of the rest.
      budget.look();
    }
  }

  #begin(text: string, budget: Budget): void {
    if (this.#asksForWords && hasOtherWords(text)) {
      throw new BadArgument("'\\b' in an expression for a text with letters beyond ASCII");
    }
    this.#spend(text.length, budget);
  }

  #spend(length: number, budget: Budget): void {
    budget.spend(Math.ceil(length * this.#size / stepsOfUnit));
  }
}
