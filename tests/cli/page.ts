/**
 * `docs/cli.md`: its commands are run, and what they print stands below them.
 *
 * @module
 */
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { KustoSaver } from "../../mod.ts";
import { at, checkpointOf, LOOP } from "../saver/kit.ts";
import { CliLab } from "./kit.ts";

const DATABASE = "agents";
const DAY_MS = 86_400_000;
/** How long it takes on the page until rows are acknowledged; other requests take no time. */
const INGESTION_MS = 20;
/** How late rows are seen there. */
const DELAY_MS = 1_500;

/** The page with what its commands print. */
export async function replay(page: string): Promise<string> {
  await using lab = new CliLab({ database: DATABASE });
  const parts = page.split(/(^```console\n.*?^```$|^<!-- then: .*? -->$)/ms);
  for (const [place, part] of parts.entries()) {
    const step = /^<!-- then: (.*?) -->$/.exec(part)?.[1];
    if (step !== undefined) await STEPS[step]!(lab);
    if (!part.startsWith("```console\n")) continue;
    const lines = part.split("\n").filter((line) => line.startsWith("$ "));
    let [text, lastCode] = ["", 0];
    for (const line of lines) {
      if (line === "$ echo $?") {
        text += `${line}\n${lastCode}\n`;
        continue;
      }
      const args = wordsOf(line.slice("$ kusto-checkpoint ".length));
      const { code, output, errors } = await run(lab, args);
      text += `${line}\n${output}${errors}`;
      lastCode = code;
    }
    parts[place] = `\`\`\`console\n${text}\`\`\``;
  }
  return parts.join("");
}

function run(lab: CliLab, args: readonly string[]) {
  return lab.cli(args, {
    variables: { KUSTO_CLUSTER_URI: "http://127.0.0.1:8080", KUSTO_DATABASE: DATABASE },
    saverOptions: { fetch: slowly(lab) },
  });
}

function slowly(lab: CliLab): typeof fetch {
  return (input, init) => {
    if (String(input).includes("/rest/ingest/")) lab.time += INGESTION_MS;
    return lab.emulator.fetch(input, init);
  };
}

/** Words as a shell takes them, without its signs. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!);
}

/** What happens between two commands, by what the page calls it. */
const STEPS: Readonly<Record<string, (lab: CliLab) => Promise<void>>> = {
  "two conversations are held": twoConversations,
  "rows are seen late": (lab) => {
    lab.emulator.trouble.visibilityDelayMs = DELAY_MS;
    return Promise.resolve();
  },
  "streaming is switched off for a table, and the view is disabled": async (lab) => {
    lab.emulator.trouble.visibilityDelayMs = 0;
    await lab.command(".alter table CheckpointWrites policy streamingingestion disable");
    await lab.command(".disable materialized-view LatestCheckpoints");
  },
  "they are put right": async (lab) => {
    await run(lab, ["setup", "--provision"]);
    await lab.command(".enable materialized-view LatestCheckpoints");
  },
  "two days go by": (lab) => {
    lab.time += 2 * DAY_MS;
    return Promise.resolve();
  },
};

/** Two threads: `bob`, whose last task failed, and 40 days later `ada`, which forks and waits for an answer. */
export async function twoConversations(lab: CliLab): Promise<void> {
  await using saver = new KustoSaver({
    connection: "http://localhost",
    database: lab.emulator.database,
    ...lab.saverOptions,
  });
  await converse(lab, saver, "bob", [["1", undefined, "input", -1], ["2", "1", "loop", 0]]);
  const error = { name: "TypeError", message: "no such city" };
  await saver.putWrites(at("bob", idOf("2")), [["__error__", error]], "0b1f2f3e");
  lab.time += 40 * DAY_MS;
  await converse(lab, saver, "ada", [
    ["1", undefined, "input", -1],
    ["2", "1", "loop", 0],
    ["3", "2", "loop", 1],
    ["4", "2", "fork", 1],
    ["5", "4", "loop", 2],
  ]);
  const question = { id: "9bbf7f05c5d3ab1a1d0d3a9e7ee3f3f1", value: "May I publish this?" };
  await saver.putWrites(at("ada", idOf("5")), [["__interrupt__", [question]]], "6d1c2f6e");
}

type Step = readonly [id: string, parent: string | undefined, source: string, step: number];

async function converse(lab: CliLab, saver: KustoSaver, thread: string, steps: readonly Step[]) {
  for (const [id, parent, source, step] of steps) {
    lab.time += 2_000;
    const values = {
      topic: "rye bread",
      messages: [new HumanMessage("A page on rye bread"), new AIMessage("Here it is: …")],
      ...(id === "5" && { "branch:to:approve": null }),
    };
    const checkpoint = { ...checkpointOf(idOf(id), values), ts: new Date(lab.time).toISOString() };
    const metadata = { ...LOOP, source: source as "loop", step };
    await saver.put(at(thread, parent && idOf(parent)), checkpoint, metadata);
  }
}

function idOf(id: string): string {
  return `1f0e6a1${id}-9936-6ba0-8001-2abb2321ee3d`;
}
