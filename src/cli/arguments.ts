/**
 * What stands on the command line, read and checked.
 *
 * @module
 */
import { parseArgs } from "node:util";

/** One option of a command. */
export interface Option {
  /** What its value is called in the help; a switch has none. */
  readonly value?: string;
  /** Whether it may be repeated. */
  readonly multiple?: boolean;
  /** What it does, for the help. */
  readonly about: string;
}

/** Options by their names, without dashes. */
export type Options = Readonly<Record<string, Option>>;

/** The command line asks for what there is not: exit code 2. */
export class UsageError extends Error {
  /** The name of the class. */
  override readonly name = "UsageError";
}

/** Arguments of one command. */
export class Arguments {
  readonly #values: Readonly<Record<string, unknown>>;
  /** What stands behind the command, in order. */
  readonly operands: readonly string[];

  private constructor(values: Readonly<Record<string, unknown>>, operands: readonly string[]) {
    this.#values = values;
    this.operands = operands;
  }

  /**
   * Reads arguments. No message shows a value: it may be a part of a secret.
   *
   * @param operands What must stand behind the command, by name; `NAME...` for one or more, `[NAME...]`
   * for any number.
   * @throws {UsageError} For an option that is unknown or lacks its value, and for operands that are
   * missing, empty or too many; `--help` needs none.
   */
  static read(args: readonly string[], options: Options, operands: readonly string[]): Arguments {
    const { values, positionals } = parse(args, options);
    const found = new Arguments(values, positionals);
    if (found.has("help")) return found;
    checkOperands(positionals, operands);
    return found;
  }

  /** Whether a switch is there. */
  has(name: string): boolean {
    return this.#values[name] === true;
  }

  /** The value of an option. */
  text(name: string): string | undefined {
    return this.#values[name] as string | undefined;
  }

  /** The values of an option that may be repeated. */
  texts(name: string): readonly string[] {
    return (this.#values[name] as string[] | undefined) ?? [];
  }

  /**
   * The value of an option as a whole number.
   *
   * @throws {UsageError} If it is none, or smaller than `least`.
   */
  whole(name: string, least: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < least || !Number.isSafeInteger(number)) {
      throw new UsageError(`--${name} must be a whole number, at least ${least}`);
    }
    return number;
  }
}

/** Without an id a command would be about all threads, so an empty one is none. */
function checkOperands(given: readonly string[], names: readonly string[]): void {
  if (given.includes("")) throw new UsageError(`${names.join(" ") || "An argument"} is empty`);
  const isList = names.at(-1)?.includes("...") ?? false;
  const least = names.filter((name) => !name.startsWith("[")).length;
  if (given.length < least) throw new UsageError(`${names[given.length]} is missing`);
  if (isList || given.length === names.length) return;
  throw new UsageError(
    names.length === 0
      ? "The command takes nothing but options"
      : `The command takes ${names.join(" ")} and options, and there is more`,
  );
}

function parse(args: readonly string[], options: Options) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: Object.fromEntries(
        Object.entries(options).map(([name, { value, multiple = false }]) => [
          name,
          { type: value === undefined ? "boolean" as const : "string" as const, multiple },
        ]),
      ),
    });
  } catch (error) {
    const text = error instanceof Error ? error.message.split("\n")[0]! : String(error);
    throw new UsageError(
      text.replace(/\. To specify .*/, ", and whatever else begins with a dash goes behind --"),
    );
  }
}
