/**
 * The terminal: colours where they are wanted, and questions where somebody can answer.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline/promises";

/** Whether a person sits at both ends. */
export const INTERACTIVE: boolean = Deno.stdin.isTerminal() && Deno.stdout.isTerminal();

const COLOURS = Deno.stdout.isTerminal() && !Deno.noColor;

/** Bold text, for headings. */
export const bold = (text: string): string => paint("1", text);
/** Faint text, for what one may skip. */
export const dim = (text: string): string => paint("2", text);
/** Green text, for what went well. */
export const green = (text: string): string => paint("32", text);
/** Yellow text, for what waits for somebody. */
export const yellow = (text: string): string => paint("33", text);
/** Cyan text, for names. */
export const cyan = (text: string): string => paint("36", text);

function paint(code: string, text: string): string {
  return COLOURS ? `\x1b[${code}m${text}\x1b[0m` : text;
}

/** Prints a line. */
export function print(line = ""): void {
  console.log(line);
}

/** Prints the heading of a part of the demo. */
export function heading(text: string, note = ""): void {
  print(`\n${bold(text)}${note === "" ? "" : `  ${dim(note)}`}`);
}

/** Prints a text indented, with a bar at its left. */
export function quote(text: string): void {
  for (const line of text.trimEnd().split("\n")) print(`  ${dim("│")} ${line}`);
}

const history: string[] = [];
let piped: AsyncIterator<string> | undefined;

/**
 * The next line that is typed or piped in; `undefined` at the end of the input, and after Ctrl-C.
 */
export async function ask(prompt: string): Promise<string | undefined> {
  if (!INTERACTIVE) {
    piped ??= linesOf(Deno.stdin.readable);
    const { done, value } = await piped.next();
    return done === true ? undefined : value;
  }
  const reader = createInterface({ input: process.stdin, output: process.stdout, history });
  const closed = new Promise<undefined>((resolve) =>
    reader.once("close", () => resolve(undefined))
  );
  try {
    const line = await Promise.race([reader.question(prompt), closed]);
    if (line !== undefined && line.trim() !== "") history.unshift(line);
    return line;
  } finally {
    reader.close();
  }
}

async function* linesOf(input: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of input) {
    rest += decoder.decode(bytes, { stream: true });
    const lines = rest.split(/\r?\n/);
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
