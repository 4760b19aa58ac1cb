/**
 * The agent: plan, research side by side, compose, ask a person, and only then write.
 *
 * @module
 */

import {
  AIMessage,
  type BaseMessage,
  HumanMessage,
  isHumanMessage,
} from "@langchain/core/messages";
import {
  Annotation,
  Command,
  END,
  interrupt,
  type LangGraphRunnableConfig,
  messagesStateReducer,
  Overwrite,
  Send,
  START,
  StateGraph,
} from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { Corpus } from "./corpus.ts";
import type { Inquiry, ResearchModel } from "./model.ts";
import { composeReport, reportPath, writeReport } from "./report.ts";
import { findings, researcher } from "./researcher.ts";

/** What a person is shown when the agent stops to ask. */
export interface ApprovalRequest {
  readonly question: string;
  readonly draft: string;
  /** The file that the report would be written to. */
  readonly path: string;
}

/** What a person can answer. */
export type Approval =
  | { readonly verdict: "approve" }
  | { readonly verdict: "discard" }
  | { readonly verdict: "revise"; readonly feedback: string };

/** All that the agent remembers of a conversation. */
export const AgentState = Annotation.Root({
  messages: Annotation<BaseMessage[]>({ reducer: messagesStateReducer, default: () => [] }),
  folder: Annotation<string>,
  question: Annotation<string>,
  feedback: Annotation<string>,
  inquiries: Annotation<Inquiry[]>,
  findings,
  draft: Annotation<string>,
  verdict: Annotation<Approval["verdict"]>,
  /** The files written so far, the oldest first. */
  reports: Annotation<string[]>({
    reducer: (left, right) => [...left.filter((path) => !right.includes(path)), ...right],
    default: () => [],
  }),
});

/** What the agent is made of. */
export interface AgentOptions {
  readonly model: ResearchModel;
  readonly checkpointer: BaseCheckpointSaver;
  /** The folder for reports. */
  readonly reports: string;
  /** Folders that are not researched. */
  readonly leaveOut?: readonly string[];
}

/** The compiled graph. */
export type Agent = ReturnType<typeof createAgent>;

/** Builds the agent; a new one over the same database takes up every conversation of the old. */
// deno-lint-ignore explicit-function-return-type
export function createAgent({ model, checkpointer, reports, leaveOut = [] }: AgentOptions) {
  const corpora = new Map<string, Promise<Corpus>>();
  const corpusOf = (folder: string): Promise<Corpus> => {
    const corpus = corpora.get(folder) ?? Corpus.read(folder, leaveOut);
    corpora.set(folder, corpus);
    return corpus;
  };
  const pathOf = (state: typeof AgentState.State, config: LangGraphRunnableConfig): string =>
    reportPath(reports, String(config.configurable?.["thread_id"]), questionsOf(state.messages));

  const plan = async ({ folder, question, feedback, messages }: typeof AgentState.State) => {
    const { paths: files } = await corpusOf(folder);
    const earlier = questionsOf(messages).slice(0, -1);
    const inquiries = await model.plan({ question, feedback, earlier, files });
    return { inquiries, findings: new Overwrite([]) };
  };
  const compose = async ({ folder, question, feedback, findings }: typeof AgentState.State) => {
    const body = await model.write({ question, feedback, findings });
    const corpus = await corpusOf(folder);
    return { draft: composeReport({ question, body, findings, corpus, model: model.name }) };
  };
  const approve = (state: typeof AgentState.State, config: LangGraphRunnableConfig) => {
    const { question, draft } = state;
    const request: ApprovalRequest = { question, draft, path: pathOf(state, config) };
    const approval = interrupt<ApprovalRequest, Approval>(request);
    if (approval.verdict !== "revise") return { verdict: approval.verdict, feedback: "" };
    const { verdict, feedback } = approval;
    return {
      verdict,
      feedback,
      messages: [new HumanMessage({ content: feedback, name: "feedback" })],
    };
  };
  const publish = async (state: typeof AgentState.State, config: LangGraphRunnableConfig) => {
    const path = pathOf(state, config);
    await writeReport(path, state.draft);
    return { reports: [path], messages: [new AIMessage(state.draft)] };
  };
  const discard = () => ({ messages: [new AIMessage("The draft was discarded.")] });

  return new StateGraph(AgentState)
    .addNode("plan", plan)
    .addNode("research", researcher(model, corpusOf))
    .addNode("compose", compose)
    .addNode("approve", approve)
    .addNode("publish", publish)
    .addNode("discard", discard)
    .addEdge(START, "plan")
    .addConditionalEdges(
      "plan",
      ({ folder, inquiries }) =>
        inquiries.map((inquiry) => new Send("research", { folder, inquiry })),
      ["research"],
    )
    .addEdge("research", "compose")
    .addEdge("compose", "approve")
    .addConditionalEdges(
      "approve",
      ({ verdict }) =>
        verdict === "approve" ? "publish" : verdict === "revise" ? "plan" : "discard",
      [
        "publish",
        "plan",
        "discard",
      ],
    )
    .addEdge("publish", END)
    .addEdge("discard", END)
    .compile({ checkpointer, name: "researcher" });
}

/** The questions of a conversation, the oldest first; wishes to change a draft are none. */
export function questionsOf(messages: readonly BaseMessage[] | undefined): string[] {
  return (messages ?? []).filter((message) =>
    isHumanMessage(message) && message.name !== "feedback"
  )
    .map(({ content }) => String(content));
}

/** What a run can start with; `null` goes on where the last one stopped. */
export type AgentInput = Parameters<Agent["stream"]>[0];

/** The input that asks the next question of a conversation. */
export function ask(folder: string, question: string): AgentInput {
  return { folder, question, feedback: "", messages: [new HumanMessage(question)] };
}

/** The input that answers the agent's request for approval. */
export function answer(approval: Approval): AgentInput {
  return new Command({ resume: approval }) as AgentInput;
}
