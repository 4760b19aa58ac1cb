/**
 * What the tests of the demo share: folders that go away again, and the demo as a process.
 *
 * @module
 */

/** A folder that is removed when the test ends. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/** Makes a folder with files, by path. */
export async function folderOf(
  files: Record<string, string | Uint8Array>,
): Promise<TemporaryFolder> {
  const path = await Deno.realPath(await Deno.makeTempDir({ prefix: "kusto-checkpoint-demo-" }));
  for (const [name, content] of Object.entries(files)) {
    const target = `${path}/${name}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(target, bytes);
  }
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Some notes about a bakery: enough to ask about, little enough to know by heart. */
export const BAKERY: Record<string, string> = {
  "README.md": `# The bakery

A bakery for people who like rye bread. The oven is heated with beech wood.

## Opening hours

The shop opens at seven in the morning and closes when the shelves are empty.
On Sundays the shop stays closed, because the bakers sleep.
`,
  "recipes/rye.md": `# Rye bread

The sourdough rests for sixteen hours before the dough is kneaded.
Rye bread bakes for fifty minutes at a falling temperature.
`,
  "recipes/cake.txt": `Cake needs sugar, and sugar needs to be ordered every Tuesday.
`,
  "till.py": `# Prices are kept in cents, so that no cent is lost to rounding.
def price(bread):
    return {"rye": 420, "cake": 310}[bread]
`,
};

/** What a process printed and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** What a process is given beside its arguments. */
export interface Surroundings {
  readonly input?: string;
  readonly environment?: Record<string, string>;
}

/** Runs the demo as a user without a terminal does, and waits for its end. */
export async function demo(args: readonly string[], around?: Surroundings): Promise<Outcome> {
  return await run(new URL("../../examples/demo/main.ts", import.meta.url), args, around);
}

/** Runs a script with little of this process's environment, and waits for its end. */
export async function run(
  script: URL,
  args: readonly string[],
  { input = "", environment = {} }: Surroundings = {},
): Promise<Outcome> {
  const inherited = ["PATH", "HOME", "DENO_DIR", "TMPDIR", "SystemRoot"].flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", script.href, ...args],
    clearEnv: true,
    env: { ...Object.fromEntries(inherited), ...environment },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  // The process may end before it has read its input.
  const fed = new Blob([input]).stream().pipeTo(child.stdin).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  await fed;
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout), errors: decoder.decode(stderr) };
}
