/** `deno task emulator` as a process of its own. */

/** An emulator that runs as a task. */
export interface EmulatorTask extends AsyncDisposable {
  /** Where it listens. */
  readonly url: string;
}

/** Starts the task on a free port and waits until it says where it listens. */
export async function startEmulatorTask(...args: readonly string[]): Promise<EmulatorTask> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "emulator", "--port", "0", ...args],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream());
  let said = "";
  for await (const part of lines.values({ preventCancel: true })) {
    said += part;
    if (said.includes("\n")) break;
  }
  const url = /^Listening on (\S+)\n/.exec(said)?.[1];
  if (url === undefined) throw new Error(`The emulator did not start: ${said}`);
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await lines.cancel();
      const { code } = await child.status;
      if (code !== 0) throw new Error(`The emulator ended with ${code}`);
    },
  };
}
