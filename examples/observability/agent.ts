/**
 * The agent that both examples watch: it drafts a letter, asks, and sends it.
 *
 * @module
 */
import { Annotation, Command, END, interrupt, START, StateGraph } from "@langchain/langgraph";
import type { KustoSaver } from "../../mod.ts";

const State = Annotation.Root({ letter: Annotation<string>, answer: Annotation<string> });

/** Takes the agent through a conversation, and forgets it. */
export async function converse(saver: KustoSaver): Promise<void> {
  const agent = new StateGraph(State)
    .addNode("draft", () => ({ letter: "Dear customer, your password is hunter2." }))
    .addNode("ask", () => ({ answer: interrupt("Send it?") }))
    .addEdge(START, "draft")
    .addEdge("draft", "ask")
    .addEdge("ask", END)
    .compile({ checkpointer: saver });
  const thread = { configurable: { thread_id: "letter-1" } };
  await agent.invoke({}, thread);
  const { answer } = await agent.invoke(
    new Command<unknown, Record<string, never>, never>({ resume: "better not" }),
    thread,
  );
  console.log(`the agent was told: ${answer}`);
  for await (const { metadata } of agent.getStateHistory(thread)) {
    console.log(`step ${metadata?.step}`);
  }
  await saver.deleteThread("letter-1");
}
