/**
 * The demo in four parts: a run, another process, time travel, and the bill.
 *
 * @module
 */

import { settle } from "./approval.ts";
import { type Agent, type AgentState, ask, questionsOf } from "./graph.ts";
import { beforePlan, fork, printBranches, printStates, statesOf } from "./history.ts";
import { isUnfinished, narrate, pendingApproval, type Place } from "./narrate.ts";
import type { Options } from "./options.ts";
import { defaultFork, defaultQuestion } from "./questions.ts";
import { countRows } from "./rows.ts";
import type { Kusto } from "./storage.ts";
import { bold, dim, heading, print, yellow } from "./terminal.ts";
import { kilobytes, type Usage } from "./usage.ts";
import { clip, count } from "./words.ts";

/** What the demo plays with. */
export interface Stage {
  readonly agent: Agent;
  readonly kusto: Kusto;
  readonly usage: Usage;
  readonly options: Options;
}

type Values = Partial<typeof AgentState.State>;

/** Plays the demo once; the next time it goes on with the same conversation. */
export async function story(stage: Stage): Promise<void> {
  const { agent, options } = stage;
  const place: Place = { configurable: { thread_id: options.thread } };

  heading("1  Run until a person is asked", `process ${Deno.pid}`);
  await runUntilAsked(stage, place);

  heading("2  Another process finds it in Kusto and goes on");
  await resumeElsewhere(stage);
  if (await pendingApproval(agent, place) !== undefined) return;

  heading("3  Time travel");
  await travel(stage, place);

  heading("4  What it cost");
  await bill(stage);
  print(
    dim(
      "\nRun it again, and the conversation goes on; --chat talks with the agent; --help tells all.",
    ),
  );
}

/** The second part, as the other process lives it: all it was given is an address and a name. */
export async function resumeHere({ agent, usage, options }: Stage): Promise<void> {
  const place: Place = { configurable: { thread_id: options.thread } };
  print(`  Process ${bold(String(Deno.pid))} has a new saver and read this from Kusto:`);
  await settle(agent, place, options.yes);
  print(dim(`  Process ${Deno.pid} sent ${usage}`));
}

async function runUntilAsked({ agent, options }: Stage, place: Place): Promise<void> {
  const state = await agent.getState(place);
  const { messages, question } = state.values as Values;
  const earlier = questionsOf(messages);
  if (isUnfinished(state)) {
    print(`  The last run stopped at "${clip(question ?? "", 90)}"; it goes on from there.`);
    if (options.question !== undefined) print(yellow("  --question has to wait for the next run."));
    if (state.tasks.some(({ interrupts }) => interrupts.length > 0)) {
      print(`  ${"approve".padEnd(8)} ${yellow("still waits for a person")}`);
    } else await narrate(agent, null, place);
    return;
  }
  if (earlier.length > 0) {
    print(`  The conversation goes on: ${count(earlier.length, "question")} before this one.`);
    for (const one of earlier.slice(-3)) print(dim(`    · ${clip(one, 100)}`));
  }
  const asked = options.question ?? defaultQuestion(options.folder, earlier.length);
  print(`  ${"ask".padEnd(8)} ${bold(asked)}`);
  await narrate(agent, ask(options.folder, asked), place);
}

async function resumeElsewhere({ kusto, options }: Stage): Promise<void> {
  const main = new URL("./main.ts", import.meta.url).href;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "-A", main, "resume", "--url", kusto.url, "--database", kusto.database],
      ...["--thread", options.thread, "--data", options.data, ...(options.yes ? ["--yes"] : [])],
    ],
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  const { code } = await child.status;
  if (code !== 0) throw new Error(`Cannot resume: the other process ended with code ${code}`);
}

async function travel({ agent, options }: Stage, place: Place): Promise<void> {
  const states = await statesOf(agent, place);
  printStates(states);
  const [main] = states;
  const past = beforePlan(states);
  if (main === undefined || past === undefined) return;
  const question = options.fork ?? defaultFork((main.values as Values).question ?? "");
  print(`\n  Back to before the plan, with another question: ${bold(question)}`);
  const branches = await fork(agent, main, past, question);
  print("\n  Both ways lie in Kusto:");
  printBranches(branches);
  print(dim("  The main line was made the newest again: the conversation goes on from there."));
}

async function bill({ kusto, usage, options }: Stage): Promise<void> {
  const spent = usage.toString();
  for (const { table, rows, characters } of await countRows(kusto, usage, options.thread)) {
    print(
      `  ${table.padEnd(16)} ${count(rows, "row").padStart(12)} ${
        kilobytes(characters).padStart(10)
      }`,
    );
  }
  print(`  Process ${Deno.pid} sent ${spent}`);
}
