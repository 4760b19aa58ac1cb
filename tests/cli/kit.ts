/**
 * The command line on an embedded Kusto in this process, for tests.
 *
 * @module
 */
import type { KustoSaverOptions } from "../../mod.ts";
import { run } from "../../src/cli/run.ts";
import { KustoEmulator, type KustoEmulatorOptions } from "../../src/emulator/mod.ts";

/** How a command ended, and what it printed. */
export interface Outcome {
  readonly code: number;
  /** What came on standard output. */
  readonly output: string;
  /** What came on standard error. */
  readonly errors: string;
}

/** What a command line is run with. */
export interface Around {
  readonly variables?: Readonly<Record<string, string>>;
  readonly saverOptions?: Partial<KustoSaverOptions>;
  /** What the person in front of the terminal answers, one after the other; nobody is there without. */
  readonly answers?: readonly string[];
  /** When the program is told to end. */
  readonly ended?: Promise<void>;
  /** Told of each text as it comes on standard output. */
  readonly onOutput?: (text: string) => void;
}

/** Runs a command line in this process. */
export async function cli(args: readonly string[], around: Around = {}): Promise<Outcome> {
  const { variables = {}, saverOptions = {}, ended = Promise.resolve() } = around;
  const answers = around.answers && [...around.answers];
  let [output, errors] = ["", ""];
  const code = await run(args, {
    write: (text) => {
      output += text;
      around.onOutput?.(text);
    },
    complain: (text) => void (errors += text),
    variable: (name) => variables[name],
    ...(answers && {
      ask: (question: string) => {
        errors += question;
        const answer = answers.shift();
        return answer === undefined ? Promise.reject(new Error(question)) : Promise.resolve(answer);
      },
    }),
    ended: () => ended,
    saverOptions,
  });
  return { code, output, errors };
}

/** An embedded Kusto with the command line on it; the clock stands still but for waits. */
export class CliLab implements AsyncDisposable {
  readonly emulator: KustoEmulator;
  time = Date.UTC(2026, 0, 1);
  readonly now = (): number => this.time;

  constructor(options: KustoEmulatorOptions = {}) {
    this.emulator = new KustoEmulator({ now: this.now, ...options });
  }

  /** What savers are made with. */
  get saverOptions(): Partial<KustoSaverOptions> {
    return {
      fetch: this.emulator.fetch,
      now: this.now,
      sleep: (ms) => {
        this.time += ms;
        return Promise.resolve();
      },
    };
  }

  /** Runs a command line on this Kusto, unless it names another. */
  cli(args: readonly string[], around: Around = {}): Promise<Outcome> {
    return cli(args, {
      ...around,
      variables: {
        KUSTO_CLUSTER_URI: "http://localhost",
        KUSTO_DATABASE: "NetDefaultDB",
        ...around.variables,
      },
      saverOptions: { ...this.saverOptions, ...around.saverOptions },
    });
  }

  /** The same with `--json`: what was printed, as a value. */
  async json<T = Record<string, unknown>>(
    args: readonly string[],
    around: Around = {},
  ): Promise<Outcome & { readonly value: T }> {
    const outcome = await this.cli([...args, "--json"], around);
    return { ...outcome, value: JSON.parse(outcome.output) };
  }

  /** Runs a management command, as an administrator would. */
  async command(csl: string, headers: HeadersInit = {}): Promise<void> {
    const answer = await this.emulator.fetch("http://localhost/v1/rest/mgmt", {
      method: "POST",
      headers,
      body: JSON.stringify({ db: this.emulator.database, csl }),
    });
    if (!answer.ok) throw new Error(await answer.text());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.emulator.close();
  }
}
