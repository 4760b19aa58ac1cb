/**
 * Verdicts for people.
 *
 * @module
 */
import { plain } from "../text.ts";
import type { Verdict } from "./verdict.ts";

/** One line for a verdict, and below it what is wrong with what mends it. */
export function verdictText({ check, outcome, message, problems }: Verdict): string {
  const line = `${outcome.padEnd(7)}  ${check.padEnd(10)}  ${lines(message)}\n`;
  const [only, ...others] = problems;
  if (!only) return line;
  if (others.length === 0) return line + mendText(only.mend);
  return line +
    problems.map((problem) => `         - ${lines(problem.message)}\n${mendText(problem.mend)}`)
      .join("");
}

function mendText(mend: string): string {
  return `         mend: ${lines(mend)}\n`;
}

function lines(text: string): string {
  return text.split("\n").map(plain).join("\n");
}
