/**
 * What commands on a cluster have in common: options, help, output, and savers that are closed.
 *
 * @module
 */
import { KustoSaver, type KustoSaverOptions } from "../../mod.ts";
import { Arguments, type Options, UsageError } from "./arguments.ts";
import { connectionFrom, connectionOptions } from "./connection.ts";
import { FINE, MISUSED } from "./exit_code.ts";
import { codeOf, describe } from "./failure.ts";
import { helpOf, PROGRAM } from "./help.ts";
import type { Terminal } from "./terminal.ts";
import { printable } from "./text.ts";
import { jsonOf } from "./value_text.ts";

/** A command of the program: its arguments → its exit code. */
export type Command = (args: readonly string[], terminal: Terminal) => Promise<number>;

/** A command on a cluster. */
export interface ClusterCommand {
  readonly name: string;
  /** What it does, in a few sentences. */
  readonly about: string;
  /** What must stand behind it; `NAME...` stands for one or more, `[NAME...]` for any number. */
  readonly operands?: readonly string[];
  /** Its own options. */
  readonly options?: Options;
  /** Does it; resolves to the exit code. */
  run(call: Call): Promise<number>;
}

const commonOptions: Options = {
  json: { about: "print JSON, for programs" },
  help: { about: "print this help" },
};

/** One call of a command. */
export class Call implements AsyncDisposable {
  readonly args: Arguments;
  readonly terminal: Terminal;
  readonly #savers: KustoSaver[] = [];

  constructor(args: Arguments, terminal: Terminal) {
    this.args = args;
    this.terminal = terminal;
  }

  /** Where to connect, as whom. */
  connection(): KustoSaverOptions {
    return connectionFrom(this.args, this.terminal);
  }

  /** A saver, closed with the call. */
  saver(options: Partial<KustoSaverOptions> = {}): KustoSaver {
    const saver = new KustoSaver({ ...this.connection(), ...options });
    this.#savers.push(saver);
    return saver;
  }

  /** The time, in milliseconds since 1970. */
  now(): number {
    return (this.terminal.saverOptions.now ?? Date.now)();
  }

  /** Prints the result for whom it is asked: a value for programs, a text for people. */
  print(value: unknown, text: string): void {
    this.terminal.write(this.args.has("json") ? `${printable(jsonOf(value, 2))}\n` : text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#savers.map((saver) => saver.close()));
  }
}

/** Makes a command of what it does on a cluster. */
export function clusterCommand(command: ClusterCommand): Command {
  const options = { ...command.options, ...connectionOptions, ...commonOptions };
  return async (args, terminal) => {
    let call: Call;
    try {
      call = new Call(Arguments.read(args, options, command.operands ?? []), terminal);
    } catch (error) {
      return refuse(error, command.name, terminal);
    }
    if (call.args.has("help")) {
      terminal.write(helpOf(command, options));
      return FINE;
    }
    try {
      return await command.run(call);
    } catch (error) {
      if (error instanceof UsageError) return refuse(error, command.name, terminal);
      const { code, message } = describe(error);
      call.print({ error: { code, message } }, "");
      terminal.complain(`${message}\n`);
      return codeOf(error);
    } finally {
      await call[Symbol.asyncDispose]();
    }
  };
}

function refuse(error: unknown, name: string, terminal: Terminal): number {
  if (!(error instanceof UsageError)) throw error;
  terminal.complain(`${error.message}; see ${PROGRAM} ${name} --help\n`);
  return MISUSED;
}
