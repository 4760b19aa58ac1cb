/**
 * A folder of text files in memory, cut into passages and ranked with BM25.
 *
 * The ranking is Okapi BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009)
 * with its usual constants, times the share of the question's words that a passage has.
 *
 * @module
 */

import { wordsOf } from "./words.ts";

/** Lines `from` to `to` of a file, both counted from 1 and included. */
export interface Passage {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

/** A passage with its rank: a greater score is a better match. */
export interface Match extends Passage {
  readonly score: number;
}

interface IndexedPassage extends Passage {
  readonly counts: ReadonlyMap<string, number>;
  readonly length: number;
}

interface Index {
  readonly passages: readonly IndexedPassage[];
  /** In how many passages a word stands. */
  readonly frequency: ReadonlyMap<string, number>;
  /** Words of a passage, on average. */
  readonly mean: number;
}

const SKIPPED = new Set(["node_modules", "dist", "build", "target", "vendor", "__pycache__"]);
const SKIPPED_FILES = /(?:^|[.-])lock(?:\.json|\.yaml)?$|\.min\.\w+$|\.(?:map|lockb)$/i;
const MAX_FILE_BYTES = 512 * 1024;
const MAX_FILES = 4000;
const PASSAGE_LINES = 14;
const K1 = 1.2;
const B = 0.75;

/** The text files of a folder, by their path within it. */
export class Corpus {
  /** The folder that was read. */
  readonly folder: string;
  readonly #files: ReadonlyMap<string, readonly string[]>;
  #index: Index | undefined;

  /**
   * @param folder Where the files came from; told to people only.
   * @param files Text by path.
   */
  constructor(folder: string, files: ReadonlyMap<string, string>) {
    this.folder = folder;
    this.#files = new Map([...files].map(([path, text]) => [path, text.split(/\r?\n/)]));
  }

  /**
   * Reads a folder: text files of up to 512 KB, without hidden, generated and dependency folders.
   * Links are not followed, so nothing outside of the folder is ever read.
   *
   * @param leaveOut Folders within it that are not read, as absolute paths.
   */
  static async read(folder: string, leaveOut: readonly string[] = []): Promise<Corpus> {
    const files = new Map<string, string>();
    await collect({ folder, prefix: "", files, leaveOut });
    return new Corpus(folder, files);
  }

  /** The paths, sorted. */
  get paths(): string[] {
    return [...this.#files.keys()];
  }

  /** The lines of a file, or `undefined` when the folder has no such text file. */
  lines(path: string): readonly string[] | undefined {
    return this.#files.get(path);
  }

  /**
   * The passages that match best, the best first; equal ones by path and line.
   *
   * @param terms Words as `termsOf` gives them.
   * @param wanted Which files count.
   */
  rank(terms: readonly string[], wanted: (path: string) => boolean, limit: number): Match[] {
    const { passages, frequency, mean } = this.#indexed();
    const matches: Match[] = [];
    for (const passage of passages) {
      if (!wanted(passage.path)) continue;
      let score = 0;
      let met = 0;
      for (const term of terms) {
        const count = passage.counts.get(term);
        if (count === undefined) continue;
        met++;
        const having = frequency.get(term) ?? 0;
        const rarity = Math.log(1 + (passages.length - having + 0.5) / (having + 0.5));
        score += rarity * count * (K1 + 1) /
          (count + K1 * (1 - B + B * passage.length / mean));
      }
      if (met === 0) continue;
      const { path, from, to } = passage;
      matches.push({ path, from, to, score: score * (met / terms.length) });
    }
    return matches.sort((a, b) =>
      b.score - a.score || (a.path < b.path ? -1 : a.path > b.path ? 1 : a.from - b.from)
    ).slice(0, limit);
  }

  #indexed(): Index {
    if (this.#index !== undefined) return this.#index;
    const passages: IndexedPassage[] = [];
    const frequency = new Map<string, number>();
    let words = 0;
    for (const [path, lines] of this.#files) {
      const ofPath = wordsOf(path);
      for (const { from, to } of cut(lines)) {
        const ofText = wordsOf(lines.slice(from - 1, to).join("\n"));
        const counts = new Map<string, number>();
        for (const word of [...ofPath, ...ofText]) counts.set(word, (counts.get(word) ?? 0) + 1);
        for (const word of counts.keys()) frequency.set(word, (frequency.get(word) ?? 0) + 1);
        words += ofText.length;
        passages.push({ path, from, to, counts, length: ofText.length });
      }
    }
    this.#index = { passages, frequency, mean: Math.max(1, words / Math.max(1, passages.length)) };
    return this.#index;
  }
}

/** Passages of about {@link PASSAGE_LINES} lines that end at a blank line where there is one. */
function cut(lines: readonly string[]): { from: number; to: number }[] {
  const passages: { from: number; to: number }[] = [];
  let from = 0;
  while (from < lines.length) {
    let to = Math.min(from + PASSAGE_LINES, lines.length);
    if (to < lines.length) {
      for (let line = to; line > from + PASSAGE_LINES / 2; line--) {
        if (lines[line - 1]?.trim() === "") {
          to = line;
          break;
        }
      }
    }
    if (lines.slice(from, to).some((line) => line.trim() !== "")) {
      passages.push({ from: from + 1, to });
    }
    from = to;
  }
  return passages;
}

interface Collection {
  readonly folder: string;
  /** The folder's path within the one that was asked for. */
  readonly prefix: string;
  readonly files: Map<string, string>;
  readonly leaveOut: readonly string[];
}

async function collect({ folder, prefix, files, leaveOut }: Collection): Promise<void> {
  if (leaveOut.includes(folder)) return;
  const entries: Deno.DirEntry[] = [];
  for await (const entry of Deno.readDir(folder)) entries.push(entry);
  entries.sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isDirectory, isFile } of entries) {
    if (files.size >= MAX_FILES) return;
    if (name.startsWith(".") || SKIPPED.has(name) || SKIPPED_FILES.test(name)) continue;
    const path = `${folder}/${name}`;
    if (isDirectory) await collect({ folder: path, prefix: `${prefix}${name}/`, files, leaveOut });
    const text = isFile ? await textOf(path) : undefined;
    if (text !== undefined) files.set(prefix + name, text);
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    if ((await Deno.stat(path)).size > MAX_FILE_BYTES) return undefined;
    const bytes = await Deno.readFile(path);
    return bytes.includes(0) ? undefined : new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    // Not UTF-8, or not ours to read: other files may still answer.
    if (error instanceof TypeError || error instanceof Deno.errors.PermissionDenied) {
      return undefined;
    }
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
