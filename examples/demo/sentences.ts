/**
 * Pages of a file cut into what can be quoted: sentences of prose and comments, lines of code.
 *
 * @module
 */

import { termsOf } from "./words.ts";

/** Lines that were read; `lines[0]` is line `from` of the file. */
export interface Page {
  readonly path: string;
  readonly from: number;
  readonly lines: readonly string[];
}

/** Something to quote, and where it stands. */
export interface Sentence {
  readonly path: string;
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly terms: ReadonlySet<string>;
  /** Words of the path and of the heading above. */
  readonly context: ReadonlySet<string>;
  /** 1 for a sentence of ordinary length; less for what says little, or too much at once. */
  readonly weight: number;
}

const PROSE_FILE = /\.(?:md|markdown|txt|rst|adoc|org|tex|html?)$|(?:^|\/)[A-Z]+$/;
const COMMENT = /^\s*(?:\/\/+|\/\*+|\*+\/?|#+|--+|;+)(?:\s|$)/;
const HEADING = /^\s*(?:#{1,6}\s|={3,}|-{3,}\s*$)/;
const LIST_ITEM = /^\s*(?:[-*+•]|\d+[.)])\s+/;
const FENCE = /^\s*(?:```|~~~)/;
const SENTENCE_END = /(?<=[.!?]["')\]*`]*)\s+(?=[\p{Lu}"'(\[`*\d])/u;
const CODE_BLOCK = /^(?: {4,}|\t)/;
const TAG = /^\s*@\p{L}+/u;
const CODE_WEIGHT = 0.25;

/** A line as it is quoted: without what makes it a comment. */
export function withoutComment(line: string): string {
  return line.replace(COMMENT, "").replace(/\s*\*\/\s*$/, "");
}

/** The sentences of a page, in their order. */
export function sentencesOf(page: Page): Sentence[] {
  const sentences: Sentence[] = [];
  const ofPath = termsOf(page.path);
  const prose = PROSE_FILE.test(page.path);
  let context: ReadonlySet<string> = new Set(ofPath);
  let paragraph: { text: string; line: number }[] = [];
  let fenced = prose && startsInFence(page.lines);
  const add = (from: number, to: number, text: string, weight: number) => {
    const terms = new Set(termsOf(text));
    if (terms.size > 0) sentences.push({ path: page.path, from, to, text, terms, context, weight });
  };
  const flush = () => {
    for (const { from, to, text } of split(paragraph)) add(from, to, text, weightOf(text));
    paragraph = [];
  };
  page.lines.forEach((raw, index) => {
    const line = page.from + index;
    const isFence = prose && FENCE.test(raw);
    if (isFence) fenced = !fenced;
    if (isFence || raw.trim() === "") return flush();
    if (prose && !fenced && HEADING.test(raw)) {
      flush();
      context = new Set([...ofPath, ...termsOf(raw)]);
    } else if (
      prose
        ? fenced || (CODE_BLOCK.test(raw) && !LIST_ITEM.test(raw) && paragraph.length === 0)
        : !COMMENT.test(raw)
    ) {
      flush();
      add(line, line, raw.trim(), CODE_WEIGHT);
    } else {
      const bare = prose ? raw : raw.replace(COMMENT, "");
      if (LIST_ITEM.test(bare) || bare.trim().startsWith("|") || TAG.test(bare)) flush();
      const text = clean(bare);
      if (text !== "" && !TAG.test(bare)) paragraph.push({ text, line });
    }
  });
  flush();
  return sentences;
}

/** A page from the middle of a file may begin within a block of code: then its first fence ends one. */
function startsInFence(lines: readonly string[]): boolean {
  const fences = lines.filter((line) => FENCE.test(line));
  return fences.length % 2 === 1 && /^\s*(?:```+|~~~+)\s*$/.test(fences[0] ?? "");
}

/** The sentences of a paragraph, with the lines that they stand on. */
function split(
  paragraph: readonly { text: string; line: number }[],
): { from: number; to: number; text: string }[] {
  const lineAt = (offset: number): number => {
    let end = 0;
    for (const { text, line } of paragraph) {
      end += text.length + 1;
      if (offset < end) return line;
    }
    return 1;
  };
  let start = 0;
  return paragraph.map(({ text }) => text).join(" ").split(SENTENCE_END).map((text) => {
    const from = lineAt(start);
    const to = lineAt(start + Math.max(0, text.length - 1));
    start += text.length + 1;
    return { from, to, text };
  });
}

function weightOf(text: string): number {
  const words = text.split(/\s+/).length;
  const cells = text.split(" · ").length;
  const letters = text.match(/[\p{L}\s]/gu)?.length ?? 0;
  const shape = cells > 3 || letters < 0.75 * text.length ? 0.5 : 1;
  return shape * (words < 5 ? 0.5 : 1 / (1 + Math.max(0, words - 35) / 50));
}

/** The line without what only layout needs: quote marks, bullets, table bars, comment ends. */
function clean(line: string): string {
  return line.replace(/\*\/\s*$/, "").replace(/^\s*>+\s?/, "").replace(LIST_ITEM, "")
    .replace(/^\s*\|/, "").replace(/\|\s*$/, "").replace(/\s*\|\s*/g, " · ")
    .replace(/^[\s·:-]+$/, "").trim();
}
