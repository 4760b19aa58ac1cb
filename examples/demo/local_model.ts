/**
 * A model without a network: it plans by clauses, searches by words, and quotes instead of inventing.
 *
 * The same question over the same files always gives the same plan, the same tool calls and the
 * same report.
 *
 * @module
 */

import { AIMessage, type BaseMessage, ToolMessage } from "@langchain/core/messages";
import { placeOf } from "./citations.ts";
import type { Match, Passage } from "./corpus.ts";
import type { Inquiry, PlanRequest, ResearchModel, StepRequest, WriteRequest } from "./model.ts";
import { bestQuotes, type Quote } from "./quotes.ts";
import { type Page, sentencesOf } from "./sentences.ts";
import type { ToolArtifact } from "./tools.ts";
import { clip, termsOf, wordsOf } from "./words.ts";

type Call = NonNullable<AIMessage["tool_calls"]>[number];

const CODE = [
  "ts",
  "tsx",
  "js",
  "mjs",
  "py",
  "go",
  "rs",
  "java",
  "cs",
  "c",
  "cpp",
  "h",
  "rb",
  "sql",
  "kql",
  "sh",
];
const PROSE = ["md", "txt", "rst", "adoc", "html"];
const MAX_INQUIRIES = 4;
const QUOTES_PER_INQUIRY = 5;
const NOTHING = "- Nothing about this was found.";

/** See the module. */
export class LocalModel implements ResearchModel {
  readonly name = "local model (deterministic, no network)";

  /** A line of inquiry for each clause of the question, one for the code, one for the feedback. */
  plan(request: PlanRequest): Promise<Inquiry[]> {
    const { feedback, earlier, files } = request;
    // "And why?" has no words to search for: it means the question before it.
    const before = termsOf(request.question).length === 0 ? earlier.at(-1) : undefined;
    const question = before === undefined ? request.question : `${before} ${request.question}`;
    const topics = clausesOf(question).map((topic) => ({ topic, files: "" }));
    const extensions = new Set(files.map((path) => path.slice(path.lastIndexOf(".") + 1)));
    const code = CODE.filter((extension) => extensions.has(extension));
    if (code.length > 0 && PROSE.some((extension) => extensions.has(extension))) {
      topics.push({
        topic: `In the code: ${clip(question, 160)}`,
        files: code.map((extension) => `*.${extension}`).join(","),
      });
    } else if (topics.length === 1) {
      topics.push({ topic: `More closely: ${keywordsOf(question).join(" ")}`, files: "" });
    }
    if (termsOf(feedback).length > 0) topics.unshift({ topic: feedback, files: "" });
    return Promise.resolve(
      topics.slice(0, MAX_INQUIRIES).map((one, index) => ({ name: "ABCD".charAt(index), ...one })),
    );
  }

  /** Search, read the best passages, search again with what they taught, read, then quote. */
  step({ inquiry, transcript }: StepRequest): Promise<AIMessage> {
    const round = transcript.filter((message) => message instanceof AIMessage).length;
    const telling = tellingTerms(inquiry);
    // A question without a telling word is one about the whole: its answer is how things begin.
    const general = telling.length === 0;
    const terms = general ? termsOf("overview introduction purpose usage example") : telling;
    const found = passagesOf(transcript);
    const pages = pagesOf(transcript);
    const calls: Call[] = [];
    const call = (name: string, args: Record<string, unknown>) =>
      calls.push({ name, args, id: `${inquiry.name}${round}${calls.length}`, type: "tool_call" });
    if (round === 0) {
      call("list", inquiry.files === "" ? {} : { files: inquiry.files });
      call("search", withFiles({ words: terms.join(" ") }, inquiry));
    } else if (round === 1) {
      const path = general ? entranceOf(transcript) : undefined;
      if (path !== undefined) call("read", { path, to: 40 });
      for (const passage of unread(found, pages).slice(0, 3)) call("read", around(passage));
    } else if (round === 2 && pages.length > 0) {
      const words = [...terms.slice(0, 4), ...learned(pages, terms)].join(" ");
      call("search", withFiles({ words, limit: 6 }, inquiry));
    } else if (round === 3) {
      for (const passage of unread(found, pages).slice(0, 2)) call("read", around(passage));
    }
    const openings = general ? pages.slice(0, 1).flatMap(openingOf) : [];
    const content = calls.length > 0
      ? ""
      : notesOf([...openings, ...bestQuotes(pages, terms, QUOTES_PER_INQUIRY)]);
    return Promise.resolve(new AIMessage({ content, tool_calls: calls }));
  }

  /** The best statements first, then all of them by line of inquiry, each with its place. */
  write({ feedback, findings }: WriteRequest): Promise<string> {
    const brief = /\b(?:short|brief|concise|less)/i.test(feedback);
    const known = new Set<string>();
    const fresh = (lines: readonly string[], limit: number): string[] => {
      const taken = lines.filter((line) => line !== NOTHING && !known.has(line)).slice(0, limit);
      for (const line of taken) known.add(line);
      return taken;
    };
    const listed = findings.map(({ inquiry, notes }) => ({
      ...inquiry,
      lines: notes.split("\n").filter((line) => line.startsWith("- ")),
    }));
    // Prose says what code only does, so the summary is of prose where there is any.
    const prose = listed.filter(({ files, lines }) => files === "" && lines[0] !== NOTHING);
    const short = (prose.length > 0 ? prose : listed).flatMap(({ lines }) =>
      fresh(lines, prose.length === 1 ? 2 : 1)
    );
    if (short.length === 0) {
      return Promise.resolve("The files say nothing about this; other words may find more.");
    }
    const sections = listed.map(({ topic, lines }) => {
      const rest = fresh(lines, brief ? 1 : QUOTES_PER_INQUIRY);
      return rest.length === 0 ? "" : `## ${topic}\n\n${rest.join("\n")}`;
    });
    return Promise.resolve(
      [`## In short\n\n${short.join("\n")}`, ...sections].filter(Boolean).join("\n\n"),
    );
  }
}

/** "How are rows stored, and what does a read cost?" is two questions. */
function clausesOf(question: string): string[] {
  const clauses = question
    .split(
      /[?;]+|,\s+(?:and|but|or)\s+|\s+and\s+(?=(?:how|what|when|where|which|who|why|is|are|does|do|can)\b)/i,
    )
    .map((clause) => clip(clause, 160).replace(/^\p{Ll}/u, (first) => first.toUpperCase()))
    .filter((clause) => termsOf(clause).length > 0);
  return clauses.length === 0 ? [clip(question, 160)] : clauses.slice(0, MAX_INQUIRIES - 1);
}

/** The longest words tell most. */
function keywordsOf(question: string): string[] {
  const words = question.match(/[\p{L}\p{N}]{4,}/gu) ?? [];
  return [...new Set(words)].filter((word) => termsOf(word).length > 0)
    .sort((a, b) => b.length - a.length).slice(0, 3);
}

function tellingTerms({ topic }: Inquiry): string[] {
  return termsOf(topic.replace(/^(?:In the code|More closely): /, ""));
}

/** The file that a newcomer opens first: the one called README, else the first of all. */
function entranceOf(transcript: readonly BaseMessage[]): string | undefined {
  const list = transcript.find((message) => message.name === "list") as ToolMessage | undefined;
  const paths = (list?.artifact as ToolArtifact | undefined)?.matches.map(({ path }) => path) ?? [];
  return paths.find((path) => /(?:^|\/)readme(?:\.\w+)?$/i.test(path)) ?? paths[0];
}

/** The first whole sentences of a page. */
function openingOf(page: Page): Quote[] {
  return sentencesOf(page).filter(({ weight, terms }) => weight > 0.5 && terms.size > 3).slice(
    0,
    3,
  );
}

function withFiles(args: Record<string, unknown>, { files }: Inquiry): Record<string, unknown> {
  return files === "" ? args : { ...args, files };
}

function artifactsOf(transcript: readonly BaseMessage[]): ToolArtifact[] {
  return transcript.filter((message) => message instanceof ToolMessage && message.name !== "list")
    .map((message) => (message as ToolMessage).artifact as ToolArtifact);
}

function passagesOf(transcript: readonly BaseMessage[]): Match[] {
  return artifactsOf(transcript).flatMap(({ matches }) => matches)
    .sort((a, b) => b.score - a.score);
}

/** The pages that were read, as the tool showed them: a path, then numbered lines. */
function pagesOf(transcript: readonly BaseMessage[]): Page[] {
  const pages: Page[] = [];
  for (const message of transcript) {
    const read = message instanceof ToolMessage && (message.artifact as ToolArtifact).read;
    if (!read) continue;
    const lines = String(message.content).split("\n").slice(1).map((line) =>
      line.replace(/^\d+\| /, "")
    );
    pages.push({ path: read.path, from: read.from, lines });
  }
  return pages;
}

/** The passages that no page covers, each once and at most two of one file. */
function unread(found: readonly Match[], pages: readonly Page[]): Match[] {
  const chosen: Match[] = [];
  for (const match of found) {
    const { path, from, to } = match;
    const known = pages.some((page) =>
      page.path === path && page.from <= from && page.from + page.lines.length > to
    );
    const same = chosen.filter((other) => other.path === path);
    if (!known && same.length < 2 && !same.some((other) => other.from === from)) chosen.push(match);
  }
  return chosen;
}

function around({ path, from, to }: Passage): Record<string, unknown> {
  return { path, from: Math.max(1, from - 4), to: to + 8 };
}

/** Words that the best sentences use beside those of the question. */
function learned(pages: readonly Page[], terms: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const { text } of bestQuotes(pages, terms, 8)) {
    for (const word of wordsOf(text)) {
      if (word.length > 4 && !terms.includes(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return [...counts].filter(([, count]) => count > 1)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, 3).map(([word]) => word);
}

function notesOf(quotes: readonly Quote[]): string {
  const lines = quotes.map((quote) => `- ${quote.text} ${placeOf(quote)}`);
  return [...new Set(lines)].slice(0, QUOTES_PER_INQUIRY).join("\n") || NOTHING;
}
