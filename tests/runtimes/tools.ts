/**
 * The runtimes and the bundler, from npm, in a folder of their own: none of them is a dependency.
 *
 * @module
 */
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const root: string = fileURLToPath(new URL("../..", import.meta.url));
/** Where the tools are installed. */
export const tools: string = `${root}node_modules/.cache/runtimes`;

/** The runtimes beside Deno, by the name that each is installed under. */
export const runtimes: Readonly<Record<string, string>> = {
  "bun": "1.4.5",
  "edge-runtime": "4.0.1",
  "node-20": `npm:node-${process.platform}-${process.arch}@20.20.2`,
  "node-current": `npm:node-${process.platform}-${process.arch}@26.10.0`,
  "workerd": "1.20261117.1",
};

/** What is installed, by the name it is installed under. */
export const packages: Readonly<Record<string, string>> = {
  ...runtimes,
  "@azure/identity": "4.14.1",
  "@types/node": "24.10.1",
  "esbuild": "0.28.2",
  "typescript": "5.9.3",
};

/** Installs what is not there yet; their install scripts are not needed. */
export async function installTools(): Promise<void> {
  await Deno.mkdir(tools, { recursive: true });
  await Deno.writeTextFile(
    `${tools}/package.json`,
    JSON.stringify({ private: true, dependencies: packages }),
  );
  await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", tools]);
}

/** The path of a file of an installed package. */
export function toolPath(path: string): string {
  return `${tools}/node_modules/${path}`;
}

const platform = process.platform === "win32" ? "windows" : process.platform;
const arch = process.arch === "arm64" ? "aarch64" : process.arch;

/** The programs, by what they are called here. */
export const programs = {
  bun: toolPath(`@oven/bun-${platform}-${arch}/bin/bun`),
  esbuild: toolPath(`@esbuild/${process.platform}-${process.arch}/bin/esbuild`),
  node20: toolPath("node-20/bin/node"),
  nodeCurrent: toolPath("node-current/bin/node"),
  workerd: toolPath(
    `@cloudflare/workerd-${platform}-${process.arch === "arm64" ? "arm64" : "64"}/bin/workerd`,
  ),
} as const;

/**
 * Runs a program in the repository's folder.
 *
 * @param env Variables beside those of this process.
 * @returns What it printed.
 */
export async function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd: root,
    env,
  }).output();
  const [printed, complained] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(`${program} ${args.join(" ")} failed:\n${printed}${complained}`);
  return printed!;
}
