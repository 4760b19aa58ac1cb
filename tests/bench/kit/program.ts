/**
 * Programs that measure, each in a process of its own, on the runtime that is asked for.
 *
 * @module
 */
import { programs, root, run } from "../../runtimes/tools.ts";
import type { Runtime } from "../catalogue.ts";
import { launchers, peersFolder } from "./peers.ts";

/** Packages that programs find among the peers, so that all savers share them. */
const OUTSIDE = ["@langchain/*", "azure-kusto-data", "azure-kusto-ingest"];

/** A program that answers requests, one at a time. */
export class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;
  #said = "";

  /**
   * Starts a file of `tests/bench/programs`.
   *
   * @param options Further options of the runtime.
   */
  static async start(
    name: string,
    runtime: Runtime,
    options: readonly string[] = [],
  ): Promise<Program> {
    const file = `${peersFolder}/${name}.mjs`;
    await run(programs.esbuild, [
      `${root}tests/bench/programs/${name}.ts`,
      "--bundle",
      "--log-level=error",
      "--target=es2022",
      "--platform=node",
      "--format=esm",
      `--outfile=${file}`,
      ...OUTSIDE.map((name) => `--external:${name}`),
      "--alias:@std/async=./tests/stand-ins/async/mod.ts",
    ]);
    const { program, args } = launchers[runtime];
    const child = new Deno.Command(program, {
      args: [...args, ...options, file],
      cwd: peersFolder,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    return new Program(child);
  }

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#requests = child.stdin.getWriter();
    this.#answers = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Asks for something and waits for the answer. */
  async ask<Answer>(request: object): Promise<Answer> {
    await this.#requests.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`));
    while (!this.#said.includes("\n")) {
      const { value, done } = await this.#answers.read();
      if (done) throw new Error(`A program ended before its answer: ${this.#said}`);
      this.#said += value;
    }
    const end = this.#said.indexOf("\n");
    const line = this.#said.slice(0, end);
    this.#said = this.#said.slice(end + 1);
    return JSON.parse(line) as Answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#requests.close().catch(() => {});
    await this.#child.status;
    await this.#answers.cancel();
  }
}
