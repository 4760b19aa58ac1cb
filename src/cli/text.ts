/**
 * Text for people.
 *
 * @module
 */

/** Characters that a terminal obeys, and those that turn the direction of what follows. */
// deno-lint-ignore no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A text from outside, so that a terminal shows it and obeys nothing in it. */
export function plain(text: string): string {
  return text.replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The same for a text of several lines; JSON stays the JSON of the same value. */
export function printable(text: string): string {
  return text.split("\n").map(plain).join("\n");
}

/** A plain text, cut where it is long. */
export function short(text: string, most: number): string {
  const shown = plain(text);
  return shown.length <= most ? shown : `${shown.slice(0, most - 1)}…`;
}

/** `1 thread`, `2 threads`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** A moment to the second, in UTC. */
export function moment(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/**
 * Columns below their heads, two blanks apart.
 *
 * @param head The names of the columns.
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head.map((name) => name.toUpperCase()), ...rows];
  const widths = head.map((_, at) => Math.max(...lines.map((line) => [...line[at]!].length)));
  return lines.map((line) =>
    line.map((cell, at) => cell + " ".repeat(widths[at]! - [...cell].length)).join("  ").trimEnd() +
    "\n"
  ).join("");
}
