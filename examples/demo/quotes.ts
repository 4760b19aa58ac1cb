/**
 * The sentences that answer a question best.
 *
 * @module
 */

import type { Passage } from "./corpus.ts";
import { type Page, type Sentence, sentencesOf } from "./sentences.ts";
import { clip } from "./words.ts";

/** Words that stand at a place. */
export interface Quote extends Passage {
  readonly text: string;
}

const QUOTE_LENGTH = 320;
/** What a word in the heading above is worth, next to one in the sentence itself. */
const CONTEXT = 0.35;
/** Below this share of the best one's score a sentence is noise. */
const NOISE = 0.25;

/**
 * The best quotes, the best first, no two of them alike and not all of one file.
 *
 * A quote is worth the rarity of the words it shares with the question. Prose and comments count
 * for more than code, because they say why.
 */
export function bestQuotes(
  pages: readonly Page[],
  terms: readonly string[],
  limit: number,
): Quote[] {
  const sentences = pages.flatMap((page) => sentencesOf(page));
  const worth = new Map(terms.map((term) => {
    const having = sentences.filter((sentence) => sentence.terms.has(term)).length;
    return [term, having === 0 ? 0 : Math.log(1 + sentences.length / having)];
  }));
  const ranked = sentences.map((sentence) => ({ sentence, score: scoreOf(sentence, worth) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || compare(a.sentence, b.sentence));
  const least = (ranked[0]?.score ?? 0) * NOISE;
  const perFile = Math.max(2, limit - 2);
  const chosen: Sentence[] = [];
  for (const { sentence, score } of ranked) {
    if (chosen.length === limit || score < least) break;
    if (chosen.filter(({ path }) => path === sentence.path).length >= perFile) continue;
    if (chosen.some((other) => alike(other.terms, sentence.terms))) continue;
    chosen.push(sentence);
  }
  return chosen.map(({ path, from, to, text }) => ({
    path,
    from,
    to,
    text: clip(text, QUOTE_LENGTH),
  }));
}

function scoreOf(sentence: Sentence, worth: ReadonlyMap<string, number>): number {
  let score = 0;
  let met = 0;
  for (const [term, value] of worth) {
    if (sentence.terms.has(term)) {
      score += value;
      met++;
    } else if (sentence.context.has(term)) score += value * CONTEXT;
  }
  // One rare word is worth less than several common ones that stand together.
  return met === 0 ? 0 : score * sentence.weight * (met / worth.size);
}

function alike(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  let shared = 0;
  for (const term of a) if (b.has(term)) shared++;
  return shared > 0.6 * Math.min(a.size, b.size);
}

function compare(a: Passage, b: Passage): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : a.from - b.from;
}
