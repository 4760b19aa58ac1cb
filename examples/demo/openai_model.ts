/**
 * A chat model behind an OpenAI-compatible API, called with `fetch`.
 *
 * @module
 */

import { AIMessage, type BaseMessage, ToolMessage } from "@langchain/core/messages";
import type { Inquiry, PlanRequest, ResearchModel, StepRequest, WriteRequest } from "./model.ts";
import { TOOLS } from "./tools.ts";
import { clip } from "./words.ts";

/** Where the model is and how to reach it. */
export interface OpenAIOptions {
  readonly key: string;
  readonly model: string;
  /** Up to and with the version, such as `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  /** @default globalThis.fetch */
  readonly fetch?: typeof fetch;
}

interface ChatMessage {
  role: "system" | "user" | "assistant" | "tool";
  content: string | null;
  tool_call_id?: string;
  tool_calls?: { id: string; type: "function"; function: { name: string; arguments: string } }[];
}

const MAX_ROUNDS = 8;
const TIMEOUT_MS = 120_000;
const CITE =
  "Cite every statement with its place as [path:line] or [path:from-to], as shown by the tools.";

/** See the module. */
export class OpenAIModel implements ResearchModel {
  readonly name: string;
  readonly #options: OpenAIOptions;

  constructor(options: OpenAIOptions) {
    this.name = `${options.model} at ${new URL(options.baseUrl).host}`;
    this.#options = options;
  }

  /** One line of inquiry per line of the answer. */
  async plan({ question, feedback, earlier, files }: PlanRequest): Promise<Inquiry[]> {
    const system =
      "You plan research over a folder of text files. Split the question into two to four " +
      "lines of inquiry that can be followed side by side. Answer with one a line and nothing else.";
    const user = [
      earlier.length > 0 ? `Asked before: ${earlier.join(" / ")}` : "",
      `Question: ${question}`,
      feedback === "" ? "" : `The last draft was to be changed: ${feedback}`,
      `Files (${files.length}): ${files.slice(0, 200).join(", ")}`,
    ].filter(Boolean).join("\n");
    const { content } = await this.#complete([message("system", system), message("user", user)]);
    const topics = (content ?? "").split("\n")
      .map((line) => clip(line.replace(/^\s*(?:[-*•]|\d+[.)])\s*/, ""), 200)).filter(Boolean);
    return (topics.length === 0 ? [question] : topics.slice(0, 4))
      .map((topic, index) => ({ name: "ABCD".charAt(index), topic, files: "" }));
  }

  /** The model's own choice of tools; after some rounds it has to conclude. */
  async step({ inquiry, transcript }: StepRequest): Promise<AIMessage> {
    const system =
      "You research one line of inquiry over a folder of text files with the tools you have. " +
      `When you know enough, answer with a short Markdown list of statements. ${CITE} Never invent a place.`;
    const rounds = transcript.filter((one) => one instanceof AIMessage).length;
    const reply = await this.#complete(
      [message("system", system), message("user", inquiry.topic), ...transcript.map(chatMessage)],
      rounds < MAX_ROUNDS ? "auto" : "none",
    );
    return new AIMessage({
      content: reply.content ?? "",
      tool_calls: (reply.tool_calls ?? []).map((call) => ({
        id: call.id,
        name: call.function.name,
        args: argumentsOf(call.function.arguments),
        type: "tool_call",
      })),
    });
  }

  async write({ question, feedback, findings }: WriteRequest): Promise<string> {
    const system =
      "You write a short report in Markdown, without a title, from the notes of your researchers. " +
      `Begin with a section "In short". ${CITE} Use only what the notes say.`;
    const user = [
      `Question: ${question}`,
      feedback === "" ? "" : `The last draft was to be changed: ${feedback}`,
      ...findings.map(({ inquiry, notes }) => `Notes on "${inquiry.topic}":\n${notes}`),
    ].filter(Boolean).join("\n\n");
    const { content } = await this.#complete([message("system", system), message("user", user)]);
    return (content ?? "").trim();
  }

  async #complete(messages: ChatMessage[], choice?: "auto" | "none"): Promise<ChatMessage> {
    const { key, model, baseUrl, fetch: send = fetch } = this.#options;
    const response = await send(`${baseUrl.replace(/\/+$/, "")}/chat/completions`, {
      method: "POST",
      headers: { "authorization": `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({
        model,
        messages,
        ...(choice === undefined ? {} : {
          tool_choice: choice,
          tools: TOOLS.map((tool) => ({ type: "function", function: tool })),
        }),
      }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    if (!response.ok) {
      throw new Error(
        `Cannot ask ${this.name}: it answered ${response.status}: ${clip(text, 300)}`,
      );
    }
    const reply = (JSON.parse(text) as { choices?: { message?: ChatMessage }[] }).choices?.[0]
      ?.message;
    if (reply === undefined) {
      throw new Error(`Cannot ask ${this.name}: its answer holds no message: ${clip(text, 300)}`);
    }
    return reply;
  }
}

function message(role: "system" | "user", content: string): ChatMessage {
  return { role, content };
}

function chatMessage(one: BaseMessage): ChatMessage {
  const content = String(one.content);
  if (one instanceof ToolMessage) return { role: "tool", content, tool_call_id: one.tool_call_id };
  const calls = one instanceof AIMessage ? one.tool_calls ?? [] : [];
  if (calls.length === 0) return { role: "assistant", content };
  return {
    role: "assistant",
    content: content === "" ? null : content,
    tool_calls: calls.map((call) => ({
      id: call.id ?? call.name,
      type: "function",
      function: { name: call.name, arguments: JSON.stringify(call.args) },
    })),
  };
}

/** Arguments that are no JSON object become none: the tool then tells the model what it misses. */
function argumentsOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
  } catch {
    return {};
  }
}
