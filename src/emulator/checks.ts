/**
 * Checks of what an emulator is told: fields by name, each with what it may be.
 *
 * @module
 */
import { EmulatorError } from "./emulator_error.ts";

/** What a field may be. */
export interface Rule {
  /** The end of the sentence that begins "must be". */
  readonly wanted: string;
  holds(value: unknown): boolean;
}

/** A number from 0 on. */
export const amount: Rule = {
  wanted: "a number from 0 on",
  holds: (value) => typeof value === "number" && value >= 0 && value < Infinity,
};

/** A whole number from 1 on. */
export const count: Rule = {
  wanted: "a whole number from 1 on",
  holds: (value) => Number.isSafeInteger(value) && (value as number) >= 1,
};

/** A port, or 0 for a free one. */
export const port: Rule = {
  wanted: "a whole number from 0 to 65535",
  holds: (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 65_536,
};

/** A function. */
export const callable: Rule = {
  wanted: "a function",
  holds: (value) => typeof value === "function",
};

/** A text that is not empty. */
export const text: Rule = {
  wanted: "a text that is not empty",
  holds: (value) => typeof value === "string" && value !== "",
};

/** True or false. */
export const truth: Rule = {
  wanted: "true or false",
  holds: (value) => typeof value === "boolean",
};

/** One of the texts given. */
export function oneOf(texts: readonly string[]): Rule {
  return {
    wanted: `one of ${texts.join(", ")}`,
    holds: (value) => texts.includes(value as string),
  };
}

/**
 * Checks the fields of an object; those that are undefined count as absent.
 *
 * @throws EmulatorError for what is no object, and for a field that is unknown or is not what its rule
 * wants.
 */
export function checkFields(what: string, given: object, rules: Readonly<Record<string, Rule>>) {
  if (typeof given !== "object" || given === null) {
    throw new EmulatorError("WRONG_OPTION", `Cannot take the ${what}s: they are no object`);
  }
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) {
      throw new EmulatorError(
        "WRONG_OPTION",
        `Cannot take the ${what} '${name}': there is none of that name, only ${
          Object.keys(rules).join(", ")
        }`,
      );
    }
    if (!rule.holds(value)) {
      throw new EmulatorError("WRONG_OPTION", `The ${what} '${name}' must be ${rule.wanted}`);
    }
  }
}
