/**
 * The command line of the demo.
 *
 * @module
 */

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { slug } from "./report.ts";

/** What was asked for. */
export interface Options {
  /** `resume` is what the demo starts as another process. */
  readonly command: "run" | "chat" | "resume" | "help";
  /** The folder to research, as an absolute path without a slash at its end. */
  readonly folder: string;
  /** The question; by default the next of some that fit the folder. */
  readonly question: string | undefined;
  /** The question that the fork asks instead. */
  readonly fork: string | undefined;
  readonly thread: string;
  /** Where the embedded Kusto and the reports are kept. */
  readonly data: string;
  /** Approve without asking. */
  readonly yes: boolean;
  /** Where the Kusto is; by default one is started. */
  readonly url: string | undefined;
  readonly database: string;
}

/** The user's mistake: told without a stack, and the exit code is 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The repository that this file belongs to. */
export const REPOSITORY: string = resolve(fileURLToPath(import.meta.url), "../../..");

/** The text of `--help`. */
export const HELP = `A LangGraph.js agent whose memory lives in Kusto.

It researches a question over a folder of text files, asks you to approve its draft, and writes a
report. The draft is approved in another process, which finds it in Kusto; then the demo shows the
history of the conversation, forks it in the past, and counts what all this cost.
Run it again and the conversation goes on where it stopped, also after Ctrl-C or a crash.

  deno task demo                                  research this repository
  deno task demo --folder DIR --question "TEXT"   research another folder
  deno task demo --chat                           talk with the agent; Ctrl-C and restart at will

  --folder DIR      the folder to read; hidden and dependency folders are left out
  --question TEXT   what to find out
  --fork TEXT       what the fork from the past asks instead
  --thread NAME     the conversation; by default one for each folder
  --data DIR        where the embedded Kusto and the reports are kept; default .kusto-checkpoint/demo
  --yes             approve without asking; so it is without a terminal
  --help            this text

Kusto     Without more, an embedded one in --data. With KUSTO_CLUSTER_URI (and KUSTO_DATABASE, default
          NetDefaultDB) a real cluster; it signs in with KUSTO_ACCESS_TOKEN, or as @azure/identity does.
Model     Without more, a local one: no network, and the same answer every time. With OPENAI_API_KEY
          a chat model: OPENAI_MODEL (default gpt-4.1-mini) at OPENAI_BASE_URL (default OpenAI's).
Colours   On a terminal, unless NO_COLOR is set.
Exit      0 when all went well, 1 when something failed, 2 when the arguments make no sense.
`;

/**
 * Reads the command line.
 *
 * @param base The folder that relative paths start from.
 * @throws {UsageError} An argument is unknown or makes no sense.
 */
export async function readOptions(args: readonly string[], base: string): Promise<Options> {
  const { values, positionals } = parse(args);
  const folder = resolve(base, values.folder ?? REPOSITORY);
  const resume = positionals[0] === "resume";
  const extra = positionals[resume ? 1 : 0];
  if (extra !== undefined) {
    throw new UsageError(`Unexpected argument "${extra}": a question goes after --question`);
  }
  for (const name of ["question", "fork", "thread", "folder", "data"] as const) {
    if (values[name]?.trim() === "") throw new UsageError(`--${name} is empty: give it a value`);
  }
  if (resume && (values.url === undefined || values.thread === undefined)) {
    throw new UsageError("resume needs --url and --thread");
  }
  const command = values.help ? "help" : resume ? "resume" : values.chat ? "chat" : "run";
  if (command === "run" || command === "chat") await checkFolder(folder);
  const name = slug(folder.slice(folder.lastIndexOf("/") + 1));
  return {
    command,
    folder,
    question: values.question,
    fork: values.fork,
    thread: values.thread ??
      `${command === "chat" ? "chat" : "research"}-${name}-${await fingerprint(folder)}`,
    data: resolve(base, values.data ?? `${REPOSITORY}/.kusto-checkpoint/demo`),
    yes: values.yes ?? false,
    url: values.url,
    database: values.database ?? "NetDefaultDB",
  };
}

// deno-lint-ignore explicit-function-return-type
function parse(args: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        folder: text,
        question: text,
        fork: text,
        thread: text,
        data: text,
        url: text,
        database: text,
        chat: flag,
        yes: flag,
        help: { ...flag, short: "h" },
      },
    });
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

async function checkFolder(folder: string): Promise<void> {
  const found = await Deno.stat(folder).catch((error: unknown) => {
    throw new UsageError(`Cannot read the folder ${folder}: ${reason(error)}`, { cause: error });
  });
  if (!found.isDirectory) throw new UsageError(`Cannot read the folder ${folder}: it is a file`);
}

function reason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is none";
  return error instanceof Error ? error.message : String(error);
}

/** Tells folders of one name apart. */
async function fingerprint(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(hash, 0, 3)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
