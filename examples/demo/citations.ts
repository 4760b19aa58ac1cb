/**
 * Places named in a text as `[path:line]` or `[path:from-to]`, held against the files.
 *
 * @module
 */

import type { Corpus } from "./corpus.ts";
import type { Citation } from "./model.ts";
import { withoutComment } from "./sentences.ts";
import { clip } from "./words.ts";

const PLACE = /\[([^[\]\s]+):(\d+)(?:-(\d+))?\]/g;

/** How a place is written. */
export function placeOf(place: { path: string; from: number; to: number }): string {
  return `[${place.path}:${place.from}${place.to > place.from ? `-${place.to}` : ""}]`;
}

/** What a text cites: the places that exist, each once, and those that do not. */
export function citationsOf(
  text: string,
  corpus: Corpus,
): { citations: Citation[]; unknown: string[] } {
  const citations = new Map<string, Citation>();
  const unknown = new Set<string>();
  for (const [place, path = "", first, last] of text.matchAll(PLACE)) {
    const from = Number(first);
    const to = Number(last ?? first);
    const lines = corpus.lines(path)?.slice(from - 1, to) ?? [];
    if (from < 1 || to < from || lines.length < to - from + 1) unknown.add(place);
    else {citations.set(place, {
        path,
        from,
        to,
        quote: clip(lines.map(withoutComment).join(" "), 200),
      });}
  }
  return { citations: [...citations.values()], unknown: [...unknown] };
}

/** How many different places a text cites. */
export function citedIn(text: string): number {
  return new Set(text.matchAll(PLACE).map(([place]) => place)).size;
}
