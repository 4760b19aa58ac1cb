/**
 * The person: shown the draft, asked what to do with it.
 *
 * @module
 */

import { type Agent, answer, type Approval, type ApprovalRequest } from "./graph.ts";
import { narrate, pendingApproval, type Place } from "./narrate.ts";
import { ask, dim, INTERACTIVE, print, quote, yellow } from "./terminal.ts";

/**
 * Asks for approval as long as the agent wants one, and hands it the answers.
 *
 * @param alone Approve without asking; so it is without a terminal.
 * @returns Whether the agent is done; not so when nobody answered.
 */
export async function settle(agent: Agent, place: Place, alone: boolean): Promise<boolean> {
  for (;;) {
    const request = await pendingApproval(agent, place);
    if (request === undefined) return true;
    quote(request.draft);
    const approval = await approvalOf(request, alone);
    if (approval === undefined) {
      print(yellow("  Not answered: it goes on waiting, in Kusto. Run again to answer."));
      return false;
    }
    await narrate(agent, answer(approval), place);
  }
}

async function approvalOf(request: ApprovalRequest, alone: boolean): Promise<Approval | undefined> {
  print(`  To be written to ${request.path}`);
  if (alone || !INTERACTIVE) {
    print(dim(`  ${alone ? "--yes" : "No terminal"}: approved without asking.`));
    return { verdict: "approve" };
  }
  const line = await ask(`  Write it? ${yellow("[y]es, [n]o, or say what to change:")} `);
  const text = line?.trim();
  if (text === undefined || text === "") return undefined;
  if (/^y(?:es)?$/i.test(text)) return { verdict: "approve" };
  if (/^no?$/i.test(text)) return { verdict: "discard" };
  return { verdict: "revise", feedback: text };
}
