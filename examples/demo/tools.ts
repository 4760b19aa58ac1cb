/**
 * What the agent can do: list, search and read the files of one folder.
 *
 * The answers are text for a model to read. Beside it each carries its places as data (the
 * `artifact` of LangChain's tool messages), so that nobody has to parse them back out of the text.
 *
 * @module
 */

import { ToolMessage } from "@langchain/core/messages";
import type { ToolCall } from "@langchain/core/messages/tool";
import type { Corpus, Match, Passage } from "./corpus.ts";
import { clip, termsOf } from "./words.ts";

/** A tool as chat models are told of it: a name, when to use it, and a JSON schema. */
export interface ToolDescription {
  readonly name: string;
  readonly description: string;
  readonly parameters: Record<string, unknown>;
}

/** The places that an answer speaks of. */
export interface ToolArtifact {
  /** Files that were listed, or passages that were found, best first. */
  readonly matches: readonly Match[];
  /** The lines that were shown whole. */
  readonly read?: Passage;
}

const FILES = {
  type: "string",
  description:
    "Comma-separated patterns such as *.md,src/*.ts; a star also crosses folders. Default: all files.",
};

/** The tools, as a chat model is told of them. */
export const TOOLS: readonly ToolDescription[] = [
  {
    name: "list",
    description: "Lists the files of the folder.",
    parameters: { type: "object", properties: { files: FILES } },
  },
  {
    name: "search",
    description:
      "Finds the passages that match some words best. Answers with places (path:from-to) and their first words.",
    parameters: {
      type: "object",
      properties: {
        words: { type: "string", description: "Words to look for, the more telling the better." },
        files: FILES,
        limit: { type: "integer", description: "How many passages at most. Default 8." },
      },
      required: ["words"],
    },
  },
  {
    name: "read",
    description: "Shows lines of one file with their numbers.",
    parameters: {
      type: "object",
      properties: {
        path: { type: "string" },
        from: { type: "integer", description: "First line, from 1. Default 1." },
        to: { type: "integer", description: "Last line. At most 120 lines are shown." },
      },
      required: ["path"],
    },
  },
];

const MAX_LISTED = 60;
const MAX_FOUND = 20;
const MAX_LINES = 120;

/**
 * Carries out one tool call. A call that makes no sense is answered with what is wrong, because a
 * model can mend its own call.
 */
export function callTool(corpus: Corpus, call: ToolCall): ToolMessage {
  const answer = answerOf(corpus, call);
  return new ToolMessage({
    tool_call_id: call.id ?? call.name,
    name: call.name,
    content: answer.text,
    artifact: answer.artifact,
    status: answer.failed === true ? "error" : "success",
  });
}

interface Answer {
  readonly text: string;
  readonly artifact: ToolArtifact;
  readonly failed?: boolean;
}

function answerOf(corpus: Corpus, call: ToolCall): Answer {
  switch (call.name) {
    case "list":
      return list(corpus, textOf(call.args["files"]));
    case "search":
      return search(
        corpus,
        textOf(call.args["words"]),
        textOf(call.args["files"]),
        call.args["limit"],
      );
    case "read":
      return read(corpus, textOf(call.args["path"]), call.args["from"], call.args["to"]);
    default:
      return refusal(`There is no tool "${call.name}"; there are list, search and read`);
  }
}

function list(corpus: Corpus, files: string): Answer {
  const paths = corpus.paths.filter(fileFilter(files));
  const more = paths.length - MAX_LISTED;
  const shown = paths.slice(0, MAX_LISTED);
  const text = shown.join("\n") + (more > 0 ? `\n… and ${more} more` : "");
  return {
    text: text === "" ? "No file matches" : text,
    artifact: { matches: shown.map((path) => ({ path, from: 1, to: 1, score: 0 })) },
  };
}

function search(corpus: Corpus, words: string, files: string, limit: unknown): Answer {
  const terms = termsOf(words);
  if (terms.length === 0) {
    return refusal("The search needs words that tell one passage from another");
  }
  const wanted = Math.min(numberOf(limit, 8), MAX_FOUND);
  const matches = corpus.rank(terms, fileFilter(files), wanted);
  const text = matches.map(({ path, from, to }) => {
    const lines = corpus.lines(path)?.slice(from - 1, to) ?? [];
    return `${path}:${from}-${to} ${clip(lines.join(" "), 160)}`;
  }).join("\n");
  return { text: text === "" ? "Nothing matches" : text, artifact: { matches } };
}

function read(corpus: Corpus, path: string, first: unknown, last: unknown): Answer {
  const lines = corpus.lines(path);
  if (lines === undefined) return refusal(`There is no text file "${path}" in this folder`);
  const from = Math.min(numberOf(first, 1), lines.length);
  const to = Math.min(
    Math.max(numberOf(last, from + MAX_LINES - 1), from),
    from + MAX_LINES - 1,
    lines.length,
  );
  const text = lines.slice(from - 1, to).map((line, index) => `${from + index}| ${line}`).join(
    "\n",
  );
  return { text: `${path}\n${text}`, artifact: { matches: [], read: { path, from, to } } };
}

function refusal(text: string): Answer {
  return { text, artifact: { matches: [] }, failed: true };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function numberOf(value: unknown, otherwise: number): number {
  const number = Math.trunc(Number(value ?? Number.NaN));
  return Number.isFinite(number) && number >= 1 ? number : otherwise;
}

/** Tells whether a path matches one of some comma-separated patterns; no pattern matches all. */
function fileFilter(patterns: string): (path: string) => boolean {
  const expressions = patterns.split(",").map((pattern) => pattern.trim()).filter(Boolean).map(
    (pattern) => {
      const text = pattern.split(/\*+/)
        .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&")).join(".*");
      return new RegExp(pattern.includes("/") ? `^${text}$` : `(?:^|/)${text}$`);
    },
  );
  return (path) => expressions.length === 0 || expressions.some((one) => one.test(path));
}
