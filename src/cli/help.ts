/**
 * Help texts.
 *
 * @module
 */
import type { Option, Options } from "./arguments.ts";

/** How the program is called in its own texts. */
export const PROGRAM = "kusto-checkpoint";

const WIDTH = 100;

/** The help of one command. */
export function helpOf(
  { name, about, operands = [] }: {
    readonly name: string;
    readonly about: string;
    readonly operands?: readonly string[];
  },
  options: Options,
): string {
  return `Usage: ${[PROGRAM, name, ...operands, "[options]"].join(" ")}\n\n` +
    `${lines(about, WIDTH).join("\n")}\n\nOptions:\n${
      entries(
        Object.entries(options).map(([key, option]) => [signature(key, option), option.about]),
      )
    }`;
}

/** Two columns, the second one broken into lines. */
export function entries(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length)) + 4;
  return pairs.map(([name, about]) => {
    const [first, ...rest] = lines(about, WIDTH - width);
    return [
      `  ${name}`.padEnd(width) + first,
      ...rest.map((line) => " ".repeat(width) + line),
    ].join("\n") + "\n";
  }).join("");
}

function signature(name: string, { value, multiple }: Option): string {
  return `--${name}${value === undefined ? "" : ` ${value}`}${multiple ? " ..." : ""}`;
}

function lines(text: string, width: number): string[] {
  const found = [""];
  for (const word of text.split(/\s+/)) {
    const line = found.at(-1)!;
    if (line === "") found[found.length - 1] = word;
    else if (line.length + 1 + word.length <= width) found[found.length - 1] = `${line} ${word}`;
    else found.push(word);
  }
  return found;
}
