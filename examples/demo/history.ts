/**
 * Time travel: the states that a conversation went through, and another way to have gone.
 *
 * @module
 */

import { HumanMessage } from "@langchain/core/messages";
import type { StateSnapshot } from "@langchain/langgraph";
import { type Agent, type AgentState, questionsOf } from "./graph.ts";
import { draftLine, narrate, type Place } from "./narrate.ts";
import { cyan, dim, green, print, yellow } from "./terminal.ts";
import { clip } from "./words.ts";

type Values = Partial<typeof AgentState.State>;

const SHOWN = 12;

/** Both ways a conversation went. */
export interface Branches {
  /** The state that both have in common. */
  readonly past: StateSnapshot;
  readonly main: StateSnapshot;
  readonly fork: StateSnapshot;
}

/** All states of a conversation, the newest first. */
export async function statesOf(agent: Agent, place: Place): Promise<StateSnapshot[]> {
  const states: StateSnapshot[] = [];
  for await (const state of agent.getStateHistory(place)) states.push(state);
  return states;
}

/** Prints the newest states, one a line. */
export function printStates(states: readonly StateSnapshot[]): void {
  print(dim("  step  checkpoint                            from    what then"));
  for (const state of states.slice(0, SHOWN)) print(`  ${stateLine(state)}`);
  if (states.length > SHOWN) print(dim(`  … and ${states.length - SHOWN} older ones`));
}

/** The state just before the last question was planned: as far back as one can ask another one. */
export function beforePlan(states: readonly StateSnapshot[]): StateSnapshot | undefined {
  const asked = questionsOf(valuesOf(states[0]).messages).length;
  return states.findLast((state) =>
    state.next[0] === "plan" && valuesOf(state).feedback === "" &&
    questionsOf(valuesOf(state).messages).length === asked
  );
}

/**
 * Goes back to a state, asks another question there, runs until the draft, and then makes the
 * main line the newest again. The fork keeps its checkpoints and waits for approval ever after.
 */
export async function fork(
  agent: Agent,
  main: StateSnapshot,
  past: StateSnapshot,
  question: string,
): Promise<Branches> {
  const { thread_id: thread } = main.config.configurable as Place["configurable"];
  // A message with the id of another takes its place.
  const { id } = valuesOf(past).messages?.at(-1) ?? {};
  const messages = [new HumanMessage({ content: question, ...(id === undefined ? {} : { id }) })];
  const start = await agent.updateState(past.config, { question, messages }, "__start__");
  await narrate(agent, null, start as unknown as Place);
  const forked = await agent.getState({ configurable: { thread_id: thread } });
  await agent.updateState(main.config, null, "__copy__");
  // Read again by id, for what is shown is what Kusto holds.
  return {
    past: await agent.getState(past.config),
    main: await agent.getState(main.config),
    fork: await agent.getState(forked.config),
  };
}

/** Prints where the ways part and what became of each. */
export function printBranches({ past, main, fork }: Branches): void {
  print(`  ${cyan(idOf(past))} ${dim("the question has been asked; next comes the plan")}`);
  print(`  ├─ main ${cyan(idOf(main))} ${questionLine(main)}`);
  print(`  │    ${outcome(main)}`);
  print(`  └─ fork ${cyan(idOf(fork))} ${questionLine(fork)}`);
  print(`       ${outcome(fork)}`);
}

function outcome(state: StateSnapshot): string {
  const { draft = "", reports = [], verdict } = valuesOf(state);
  const size = draftLine(draft);
  if (state.next.length > 0) return `${size}; ${yellow("waits for approval, nothing written")}`;
  return `${size}; ${verdict === "approve" ? green(`written to ${reports.at(-1)}`) : "discarded"}`;
}

function questionLine(state: StateSnapshot): string {
  return `"${clip(valuesOf(state).question ?? "", 70)}"`;
}

function stateLine(state: StateSnapshot): string {
  const { step, source } = state.metadata ?? {};
  const counts = new Map<string, number>();
  for (const node of state.next) counts.set(node, (counts.get(node) ?? 0) + 1);
  const next = [...counts].map(([node, times]) => times > 1 ? `${node} ×${times}` : node).join(
    ", ",
  );
  const asks = state.tasks.some(({ interrupts }) => interrupts.length > 0);
  return `${String(step ?? "").padStart(4)}  ${cyan(idOf(state))}  ${(source ?? "").padEnd(6)}  ` +
    (next === "" ? green("done") : asks ? yellow(`${next} (asks a person)`) : next);
}

function idOf(state: StateSnapshot): string {
  return String((state.config.configurable as Place["configurable"]).checkpoint_id);
}

function valuesOf(state: StateSnapshot | undefined): Values {
  return (state?.values ?? {}) as Values;
}
