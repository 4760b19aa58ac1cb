/**
 * What the agent asks of a language model, whichever it is: plan, take the next step, write.
 *
 * @module
 */

import type { AIMessage, BaseMessage } from "@langchain/core/messages";
import { LocalModel } from "./local_model.ts";
import { OpenAIModel } from "./openai_model.ts";

/** One line of inquiry, followed by a researcher of its own. */
export interface Inquiry {
  /** A letter that people can tell it by. */
  readonly name: string;
  /** What is to be found out, in a few words. */
  readonly topic: string;
  /** Patterns of the files to look in; empty for all. */
  readonly files: string;
}

/** A place in a file, with the words that stand there. */
export interface Citation {
  readonly path: string;
  readonly from: number;
  readonly to: number;
  readonly quote: string;
}

/** What a researcher brings back. */
export interface Finding {
  readonly inquiry: Inquiry;
  /** Statements as a Markdown list, each with its place as `[path:line]`. */
  readonly notes: string;
  /** The places in the notes that really exist. */
  readonly citations: readonly Citation[];
}

/** What there is to plan for. */
export interface PlanRequest {
  readonly question: string;
  /** What a person wanted changed in the last draft; empty at first. */
  readonly feedback: string;
  /** Questions that were asked earlier in this conversation, the oldest first. */
  readonly earlier: readonly string[];
  /** The paths of all files. */
  readonly files: readonly string[];
}

/** Where a researcher stands. */
export interface StepRequest {
  readonly inquiry: Inquiry;
  /** The model's own messages and the answers of the tools, in order. */
  readonly transcript: readonly BaseMessage[];
}

/** What there is to write about. */
export interface WriteRequest {
  readonly question: string;
  readonly feedback: string;
  readonly findings: readonly Finding[];
}

/** A model that can do research. */
export interface ResearchModel {
  /** Its name, for people. */
  readonly name: string;
  /** Splits a question into one to four lines of inquiry. */
  plan(request: PlanRequest): Promise<Inquiry[]>;
  /** The next tool calls, or, without any, the notes that end the research. */
  step(request: StepRequest): Promise<AIMessage>;
  /** The report as Markdown, without a title; places are cited as `[path:line]`. */
  write(request: WriteRequest): Promise<string>;
}

/**
 * The model that the environment asks for: a chat model behind an OpenAI-compatible API when
 * `OPENAI_API_KEY` is set, else the local one, which needs no network and always answers the same.
 */
export function chooseModel(environment: (name: string) => string | undefined): ResearchModel {
  const key = environment("OPENAI_API_KEY");
  if (key === undefined || key === "") return new LocalModel();
  return new OpenAIModel({
    key,
    model: environment("OPENAI_MODEL") || "gpt-4.1-mini",
    baseUrl: environment("OPENAI_BASE_URL") || "https://api.openai.com/v1",
  });
}
