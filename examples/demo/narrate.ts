/**
 * What the agent does, told while it does it.
 *
 * @module
 */

import type { StateSnapshot } from "@langchain/langgraph";
import { citedIn } from "./citations.ts";
import type { Agent, AgentInput, AgentState, ApprovalRequest } from "./graph.ts";
import type { ToolEvent } from "./researcher.ts";
import { cyan, dim, green, print, yellow } from "./terminal.ts";
import { clip, count } from "./words.ts";

/** Which conversation, and where in it. */
export interface Place {
  readonly configurable: { readonly thread_id: string; readonly checkpoint_id?: string };
}

/** What a step may change: here nobody overwrites what is printed. */
type Update = Partial<typeof AgentState.State>;

/**
 * Runs the agent until it is done or waits for a person, and prints each step.
 *
 * @param start A question, the answer to an interrupt, or `null` to go on where a run stopped.
 */
export async function narrate(
  agent: Agent,
  start: AgentInput,
  place: Place,
): Promise<void> {
  const steps = await agent.stream(start, {
    ...place,
    streamMode: ["updates", "custom"],
    subgraphs: true,
  });
  for await (const [namespace, mode, data] of steps) {
    if (mode === "custom") print(toolLine(data as ToolEvent));
    else if (namespace.length === 0) {
      for (const [node, update] of Object.entries(data as Record<string, Update>)) {
        for (const line of updateLines(node, update)) print(line);
      }
    }
  }
}

/**
 * Whether the last run has not come to its end: it was killed, or waits for a person.
 *
 * `next` would not tell: it leaves out tasks whose writes are stored, and so is empty as well where a process was killed
 * after the last task of a step and before the step's checkpoint. A new question there would discard those writes.
 */
export function isUnfinished({ tasks }: StateSnapshot): boolean {
  return tasks.length > 0;
}

/** The request that a conversation waits with, if it does. */
export async function pendingApproval(
  agent: Agent,
  place: Place,
): Promise<ApprovalRequest | undefined> {
  const { tasks } = await agent.getState(place);
  return tasks.flatMap(({ interrupts }) => interrupts)[0]?.value as ApprovalRequest | undefined;
}

function updateLines(node: string, update: Update): string[] {
  switch (node) {
    case "plan": {
      const inquiries = update.inquiries ?? [];
      const lines = inquiries.map(({ name, topic }) => `  ${label(name)} ${topic}`);
      return [
        step("plan", `${count(inquiries.length, "line")} of inquiry, side by side`),
        ...lines,
      ];
    }
    case "research":
      return (update.findings ?? []).map(({ inquiry, citations }) =>
        `  ${label(inquiry.name)} ${green("found ")} ${count(citations.length, "quote")} in ` +
        count(new Set(citations.map(({ path }) => path)).size, "file")
      );
    case "compose":
      return [step("compose", draftLine(update.draft ?? ""))];
    case "publish":
      return [step("publish", `wrote ${green(update.reports?.at(-1) ?? "")}`)];
    case "discard":
      return [step("discard", "nothing was written")];
    case "__interrupt__":
      return [step("approve", yellow("waits for a person"))];
    default:
      return [];
  }
}

/** The size of a draft, for people. */
export function draftLine(draft: string): string {
  return `${count(draft.split(/\s+/).length, "word")}, ${count(citedIn(draft), "place")} cited`;
}

function toolLine({ inquiry, tool, args, found, read }: ToolEvent): string {
  const at = `  ${label(inquiry)} ${dim(tool.padEnd(6))}`;
  if (read !== undefined) return `${at} ${read.path}:${read.from}-${read.to}`;
  const what = tool === "search" ? `"${clip(String(args["words"]), 60)}"` : "";
  const files = typeof args["files"] === "string" ? ` in ${clip(args["files"], 30)}` : "";
  return `${at} ${what}${files} ${dim(`→ ${count(found, tool === "list" ? "file" : "passage")}`)}`;
}

function step(name: string, text: string): string {
  return `  ${name.padEnd(8)} ${text}`;
}

function label(name: string): string {
  return cyan(name);
}
