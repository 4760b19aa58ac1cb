/**
 * How large the main module is in a bundle, without LangChain: `deno task size`.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import { installTools, programs, root, run } from "./tools.ts";

/** One file of the bundle. */
export interface Chunk {
  readonly name: string;
  /** Whether it loads with the main module, or only when first needed. */
  readonly isEager: boolean;
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
export interface SplitBundle {
  readonly outputs: Readonly<Record<string, Output>>;
  /** The parts that load with the entry. */
  readonly eager: ReadonlySet<string>;
}

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
  const meta = JSON.parse(await Deno.readTextFile(`${folder}/meta.json`));
  const outputs: Record<string, Output> = meta.outputs;
  const eager = new Set([
    Object.keys(outputs).find((path) => outputs[path]!.entryPoint === entry)!,
  ]);
  for (const path of eager) {
    for (const { kind, external, path: found } of outputs[path]!.imports) {
      if (kind === "import-statement" && !external) eager.add(found);
    }
  }
  return { outputs, eager };
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

async function weigh({ outputs, eager }: SplitBundle, folder: string): Promise<Chunk[]> {
  return await Promise.all(
    Object.entries(outputs).map(async ([path, { entryPoint, imports }]) => {
      const file = path.slice(path.lastIndexOf("/") + 1);
      const bytes = await Deno.readFile(`${folder}/${file}`);
      return {
        name: entryPoint ?? file,
        isEager: eager.has(path),
        minified: bytes.length,
        gzipped: gzipSync(bytes, { level: 9 }).length,
        external: imports.filter(({ external }) => external).map(({ path }) => path),
      };
    }),
  );
}

/** How many bytes load with the main module, minified and compressed. */
export function eagerBytes(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, { isEager, gzipped }) => sum + (isEager ? gzipped : 0), 0);
}

if (import.meta.main) {
  const chunks = await bundleChunks();
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
  const sum = (found: readonly Chunk[]) => ({
    minified: kilobytes(found.reduce((sum, { minified }) => sum + minified, 0)),
    gzipped: kilobytes(found.reduce((sum, { gzipped }) => sum + gzipped, 0)),
  });
  console.table({
    ...Object.fromEntries(chunks.map((chunk) => [chunk.name, {
      loads: chunk.isEager ? "at once" : "when needed",
      ...sum([chunk]),
    }])),
    "at once": sum(chunks.filter(({ isEager }) => isEager)),
    "when needed": sum(chunks.filter(({ isEager }) => !isEager)),
    "all": sum(chunks),
  });
}
