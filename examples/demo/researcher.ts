/**
 * The subgraph that follows one line of inquiry: think, use tools, think again, conclude.
 *
 * @module
 */

import { type AIMessage, type BaseMessage, isAIMessage } from "@langchain/core/messages";
import {
  Annotation,
  END,
  type LangGraphRunnableConfig,
  messagesStateReducer,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { citationsOf } from "./citations.ts";
import type { Corpus, Passage } from "./corpus.ts";
import type { Finding, Inquiry, ResearchModel } from "./model.ts";
import { callTool, type ToolArtifact } from "./tools.ts";

/**
 * The channel of findings: they gather from all researchers, in the order of their lines of inquiry.
 * One object, because LangGraph takes two channels of one name for a mistake.
 */
export const findings = Annotation<Finding[]>({
  reducer: (left, right) =>
    [...left, ...right].sort((a, b) => a.inquiry.name < b.inquiry.name ? -1 : 1),
  default: () => [],
});

/** What a researcher tells of each tool it uses, on the stream mode `custom`. */
export interface ToolEvent {
  /** The name of the line of inquiry. */
  readonly inquiry: string;
  readonly tool: string;
  readonly args: Record<string, unknown>;
  /** How many files or passages came back. */
  readonly found: number;
  /** The lines that were read. */
  readonly read?: Passage;
}

const Research = Annotation.Root({
  folder: Annotation<string>,
  inquiry: Annotation<Inquiry>,
  transcript: Annotation<BaseMessage[]>({ reducer: messagesStateReducer, default: () => [] }),
  findings,
});

const Result = Annotation.Root({ findings });

/** Builds the subgraph; its checkpoints go where those of the graph around it go. */
// deno-lint-ignore explicit-function-return-type
export function researcher(model: ResearchModel, corpusOf: (folder: string) => Promise<Corpus>) {
  const think = async ({ inquiry, transcript }: typeof Research.State) => {
    const thought = await model.step({ inquiry, transcript });
    thought.name = inquiry.name;
    return { transcript: [thought] };
  };
  const tools = async (
    { folder, inquiry, transcript }: typeof Research.State,
    { writer }: LangGraphRunnableConfig,
  ) => {
    const corpus = await corpusOf(folder);
    const answers = callsOf(transcript).map((call) => {
      const answer = callTool(corpus, call);
      const { matches, read } = answer.artifact as ToolArtifact;
      const event: ToolEvent = {
        inquiry: inquiry.name,
        tool: call.name,
        args: call.args,
        found: matches.length,
        ...(read === undefined ? {} : { read }),
      };
      writer?.(event);
      return answer;
    });
    return { transcript: answers };
  };
  const conclude = async ({ folder, inquiry, transcript }: typeof Research.State) => {
    const notes = String(transcript.at(-1)?.content ?? "");
    const { citations } = citationsOf(notes, await corpusOf(folder));
    return { findings: [{ inquiry, notes, citations }] };
  };
  return new StateGraph({ stateSchema: Research, output: Result })
    .addNode("think", think)
    .addNode("tools", tools)
    .addNode("conclude", conclude)
    .addEdge(START, "think")
    .addConditionalEdges(
      "think",
      ({ transcript }) => callsOf(transcript).length > 0 ? "tools" : "conclude",
      ["tools", "conclude"],
    )
    .addEdge("tools", "think")
    .addEdge("conclude", END)
    .compile();
}

function callsOf(transcript: readonly BaseMessage[]): NonNullable<AIMessage["tool_calls"]> {
  const last = transcript.at(-1);
  return last !== undefined && isAIMessage(last) ? last.tool_calls ?? [] : [];
}
