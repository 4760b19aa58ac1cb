/**
 * The report: what the model wrote, the sources it names, and a file to keep it in.
 *
 * @module
 */

import { citationsOf, placeOf } from "./citations.ts";
import type { Corpus } from "./corpus.ts";
import type { Finding } from "./model.ts";
import { count } from "./words.ts";

/** What a report is made of. */
export interface ReportParts {
  readonly question: string;
  /** The model's text, which cites places. */
  readonly body: string;
  readonly findings: readonly Finding[];
  readonly corpus: Corpus;
  /** The model's name. */
  readonly model: string;
}

/**
 * The report as Markdown. Every place that it cites is looked up: those that exist are listed with
 * their words, those that do not are named as such, because models invent.
 */
export function composeReport({ question, body, findings, corpus, model }: ReportParts): string {
  const { citations, unknown } = citationsOf(body, corpus);
  const files = new Set(citations.map(({ path }) => path));
  const sources = citations.map((citation) => `- ${placeOf(citation)} “${citation.quote}”`);
  const parts = [`# ${question}`, body];
  if (sources.length > 0) parts.push(`## Sources\n\n${sources.join("\n")}`);
  if (unknown.length > 0) {
    parts.push(`## Not found\n\nThese places are cited but do not exist: ${unknown.join(", ")}`);
  }
  parts.push(
    `---\n${count(findings.length, "line")} of inquiry over ${
      count(corpus.paths.length, "file")
    } of ` +
      `\`${corpus.folder}\`; ${count(citations.length, "quote")} from ${
        count(files.size, "file")
      }; ` +
      `by ${model}.`,
  );
  return parts.join("\n\n") + "\n";
}

/** Where the report on the last of some questions goes: a folder for each thread, a number for each turn. */
export function reportPath(folder: string, thread: string, questions: readonly string[]): string {
  const number = String(questions.length).padStart(2, "0");
  return `${folder}/${slug(thread)}/${number}-${slug(questions.at(-1) ?? "report")}.md`;
}

/** Writes the file, and its folder when there is none. */
export async function writeReport(path: string, text: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, text);
}

/** A text as a file name: letters, digits and dashes. */
export function slug(text: string): string {
  const name = text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+/, "").slice(0, 60)
    .replace(/-+$/, "");
  return name === "" ? "untitled" : name;
}
