/**
 * How large the main module is in a bundle, without LangChain: `deno task size`.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import { installTools, programs, root, run } from "./tools.ts";

/** When a part loads: with the main module, with a saver's first call, or when something needs it. */
export type Moment = "at once" | "with the first call" | "when needed";

const MOMENTS: readonly Moment[] = ["at once", "with the first call", "when needed"];

/** What a saver's first call loads. */
export const FIRST_CALL = "src/database.ts";

/** One file of the bundle. */
export interface Chunk {
  readonly name: string;
  readonly loads: Moment;
  /** Minified, in bytes. */
  readonly minified: number;
  /** Minified and compressed, in bytes. */
  readonly gzipped: number;
  /** What it imports from outside the bundle. */
  readonly external: readonly string[];
}

/** What esbuild tells of one file. */
export interface Output {
  readonly entryPoint?: string;
  readonly imports: readonly { path: string; kind: string; external?: boolean }[];
}

/** A bundle in parts, by their paths from the repository's folder. */
export type SplitBundle = Readonly<Record<string, Output>>;

/** Bundles and minifies an entry as an application that uses it would, into a folder. */
export async function splitBundle(
  entry: string,
  folder: string,
  options: readonly string[],
): Promise<SplitBundle> {
  await run(programs.esbuild, [
    `${root}${entry}`,
    "--bundle",
    "--minify",
    "--splitting",
    "--format=esm",
    "--platform=browser",
    "--target=es2022",
    "--log-level=error",
    "--alias:@std/async=./tests/stand-ins/async/mod.ts",
    `--outdir=${folder}`,
    `--metafile=${folder}/meta.json`,
    ...options,
  ]);
  return JSON.parse(await Deno.readTextFile(`${folder}/meta.json`)).outputs;
}

/** The paths of the part that a module begins, and of all that loads with it. */
export function loadedWith(bundle: SplitBundle, module: string): ReadonlySet<string> {
  const loaded = new Set([
    Object.keys(bundle).find((path) => bundle[path]!.entryPoint === module)!,
  ]);
  for (const path of loaded) {
    for (const { kind, external, path: found } of bundle[path]!.imports) {
      if (kind === "import-statement" && !external) loaded.add(found);
    }
  }
  return loaded;
}

/** Bundles the main module, and weighs each file. */
export async function bundleChunks(): Promise<Chunk[]> {
  await installTools();
  const folder = await Deno.makeTempDir();
  try {
    return await weigh(await splitBundle("mod.ts", folder, ["--external:@langchain/*"]), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function weigh(bundle: SplitBundle, folder: string): Promise<Chunk[]> {
  const eager = loadedWith(bundle, "mod.ts");
  const first = loadedWith(bundle, FIRST_CALL);
  return await Promise.all(
    Object.entries(bundle).map(async ([path, { entryPoint, imports }]): Promise<Chunk> => {
      const file = path.slice(path.lastIndexOf("/") + 1);
      const bytes = await Deno.readFile(`${folder}/${file}`);
      return {
        name: entryPoint ?? file,
        loads: eager.has(path)
          ? "at once"
          : first.has(path)
          ? "with the first call"
          : "when needed",
        minified: bytes.length,
        gzipped: gzipSync(bytes, { level: 9 }).length,
        external: imports.filter(({ external }) => external).map(({ path }) => path),
      };
    }),
  );
}

/** How many bytes load at a moment, minified and compressed. */
export function bytesAt(moment: Moment, chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, { loads, gzipped }) => sum + (loads === moment ? gzipped : 0), 0);
}

if (import.meta.main) {
  const chunks = await bundleChunks();
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
  const sum = (found: readonly Chunk[]) => ({
    minified: kilobytes(found.reduce((sum, { minified }) => sum + minified, 0)),
    gzipped: kilobytes(found.reduce((sum, { gzipped }) => sum + gzipped, 0)),
  });
  console.table({
    ...Object.fromEntries(
      chunks.map((chunk) => [chunk.name, { loads: chunk.loads, ...sum([chunk]) }]),
    ),
    ...Object.fromEntries(
      MOMENTS.map((moment) => [moment, sum(chunks.filter(({ loads }) => loads === moment))]),
    ),
    "all": sum(chunks),
  });
}
