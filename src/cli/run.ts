/**
 * The commands of the program, and which of them is meant.
 *
 * @module
 */
import type { Command } from "./command.ts";
import { FINE, MISUSED } from "./exit_code.ts";
import { entries, PROGRAM } from "./help.ts";
import type { Terminal } from "./terminal.ts";
import { VERSION } from "../version.ts";

/** A command that loads when it is called. */
interface Entry {
  readonly about: string;
  load(): Promise<Command>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  setup: {
    about: "checks what a database lacks, or makes it",
    load: async () => (await import("./commands/setup.ts")).setup,
  },
  doctor: {
    about: "finds what keeps a saver from working, and names the mend",
    load: async () => (await import("./commands/doctor.ts")).doctor,
  },
  threads: {
    about: "lists threads, those that were active last first",
    load: async () => (await import("./commands/threads.ts")).threads,
  },
  show: {
    about: "shows a thread: state, open questions, history",
    load: async () => (await import("./commands/show.ts")).show,
  },
  copy: {
    about: "copies a thread under another id",
    load: async () => (await import("./commands/copy.ts")).copy,
  },
  prune: {
    about: "hides what is past of threads, or deletes those that nobody uses",
    load: async () => (await import("./commands/prune.ts")).prune,
  },
  delete: {
    about: "deletes threads",
    load: async () => (await import("./commands/delete.ts")).deleteThreads,
  },
  purge: {
    about: "removes the rows of deleted threads",
    load: async () => (await import("./commands/purge.ts")).purge,
  },
  emulator: {
    about: "runs an embedded Kusto, for first tries and tests",
    load: async () => (await import("./commands/emulator.ts")).emulator,
  },
};

/** Runs a command line; resolves to its exit code. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === "--help" || name === "-h" || name === "help") {
    terminal.write(help());
    return FINE;
  }
  if (name === "--version") {
    terminal.write(`${PROGRAM} ${VERSION}\n`);
    return FINE;
  }
  const entry = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!entry) {
    // What is no word may be a connection string with a secret.
    const said = name === undefined
      ? "No command is named"
      : /^[\w-]{1,20}$/.test(name)
      ? `There is no command ${name}`
      : "The first argument is no command";
    terminal.complain(`${said}\n\n${help()}`);
    return MISUSED;
  }
  return await (await entry.load())(rest, terminal);
}

function help(): string {
  return `Usage: ${PROGRAM} COMMAND [options]

LangGraph checkpoints in Kusto: sets up, examines and cleans databases.

Commands:
${entries(Object.entries(COMMANDS).map(([name, { about }]) => [name, about]))}
${PROGRAM} COMMAND --help tells the options of each, ${PROGRAM} --version the library's version.
Exit codes: 0 all is well, 1 it failed or found problems, 2 it was called wrongly.
`;
}
