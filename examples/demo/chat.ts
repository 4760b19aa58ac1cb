/**
 * `--chat`: a conversation with the agent that survives Ctrl-C and restart.
 *
 * @module
 */

import { settle } from "./approval.ts";
import { type Agent, type AgentState, ask as input, questionsOf } from "./graph.ts";
import { printStates, statesOf } from "./history.ts";
import { isUnfinished, narrate, type Place } from "./narrate.ts";
import type { Options } from "./options.ts";
import { ask, bold, cyan, dim, print } from "./terminal.ts";
import { clip, count } from "./words.ts";

const COMMANDS = "/history shows the checkpoints, /quit ends; so do Ctrl-C and Ctrl-D.";

/** Talks until the input ends. */
export async function chat(agent: Agent, options: Options): Promise<void> {
  const place: Place = { configurable: { thread_id: options.thread } };
  await greet(agent, place);
  if (!await finish(agent, place, options.yes)) return;
  for (;;) {
    const line = (await ask(`\n${bold("you")} › `))?.trim();
    if (line === undefined || line === "/quit") break;
    if (line === "") continue;
    if (line === "/history") printStates(await statesOf(agent, place));
    else if (line.startsWith("/")) print(`  ${COMMANDS}`);
    else {
      print(`${cyan("agent")} › ${line}`);
      await narrate(agent, input(options.folder, line), place);
      if (!await settle(agent, place, options.yes)) return;
    }
  }
  print(dim("\nAll is in Kusto; the same command takes up the conversation."));
}

/** Completes what a killed process left: a run that broke off, or a draft that nobody judged. */
async function finish(agent: Agent, place: Place, alone: boolean): Promise<boolean> {
  const state = await agent.getState(place);
  if (!isUnfinished(state)) return true;
  const waits = state.tasks.some(({ interrupts }) => interrupts.length > 0);
  print(waits ? "A draft still waits for an answer:" : "The last run broke off; it goes on:");
  if (!waits) await narrate(agent, null, place);
  return await settle(agent, place, alone);
}

async function greet(agent: Agent, place: Place): Promise<void> {
  const { messages } = (await agent.getState(place)).values as Partial<typeof AgentState.State>;
  const questions = questionsOf(messages);
  print(dim(`Ask about the files. ${COMMANDS}`));
  if (questions.length === 0) return;
  print(`\nSo far, ${count(questions.length, "question")}:`);
  for (const question of questions) print(`  ${dim("·")} ${clip(question, 100)}`);
}
