/**
 * `deno task demo`: see `--help`.
 *
 * @module
 */

import type { KustoSaver } from "../../mod.ts";
import { chat } from "./chat.ts";
import { createAgent } from "./graph.ts";
import { chooseModel } from "./model.ts";
import { HELP, type Options, readOptions, REPOSITORY, UsageError } from "./options.ts";
import { openKusto, openSaver } from "./storage.ts";
import { resumeHere, story } from "./story.ts";
import { bold, dim, print } from "./terminal.ts";
import { Usage } from "./usage.ts";

const environment = (name: string): string | undefined => Deno.env.get(name);

async function run(options: Options): Promise<void> {
  if (options.command === "help") return print(HELP.trimEnd());
  const model = chooseModel(environment);
  const usage = new Usage();
  await using kusto = await openKusto(options, environment);
  await using saver = openSaver(kusto, usage, environment);
  const agent = createAgent({
    model,
    checkpointer: saver,
    reports: `${options.data}/reports`,
    // Whoever asks about this repository does not want the demo's own questions for an answer.
    leaveOut: [`${REPOSITORY}/examples/demo`, `${REPOSITORY}/tests/demo`],
  });
  const stage = { agent, kusto, usage, options };
  if (options.command === "resume") return await resumeHere(stage);
  print(`${bold("kusto-checkpoint demo")}  ${dim("an agent whose memory lives in Kusto")}\n`);
  print(`  Kusto    ${kusto.description}`);
  print(`  Model    ${model.name}`);
  print(`  Folder   ${options.folder}`);
  print(`  Thread   ${options.thread}`);
  await prepare(saver);
  print(`  Setup    ${usage.of("command").requests} commands for tables, mappings, view, policies`);
  usage.clear();
  await (options.command === "chat" ? chat(agent, options) : story(stage));
}

/** Looks whether all is there, which is quick, and creates it only where something is missing. */
async function prepare(saver: KustoSaver): Promise<void> {
  try {
    await saver.setup();
  } catch (error) {
    if (!(error instanceof Error && error.name === "KustoSchemaError")) throw error;
    await saver.setup({ provision: true });
  }
}

/** Ctrl-C while the agent works: nothing is lost, so it is no error worth a stack. */
function stop(): never {
  console.error("\nStopped. What was done is in Kusto; the same command goes on from there.");
  Deno.exit(130);
}

if (import.meta.main) {
  // The process that was started to resume leaves the last word to the one that started it.
  if (Deno.args[0] !== "resume") Deno.addSignalListener("SIGINT", stop);
  try {
    // `deno task` moves to the repository; relative paths mean where the user stands.
    await run(await readOptions(Deno.args, environment("INIT_CWD") ?? Deno.cwd()));
  } catch (error) {
    const usage = error instanceof UsageError;
    console.error(error instanceof Error ? error.message : error);
    if (usage) console.error("See deno task demo --help");
    Deno.exit(usage ? 2 : 1);
  }
  Deno.removeSignalListener("SIGINT", stop);
}
