/**
 * Bundles for runtimes that do not load TypeScript or npm packages themselves.
 *
 * @module
 */
import { programs, root, run } from "./tools.ts";

/** How a bundle is made. */
export interface BundleOptions {
  /** Whose built-in modules there are, and which variants packages choose. */
  readonly platform: "node" | "browser";
  /** A script for hosts that run scripts, or a module. */
  readonly format: "esm" | "iife";
  /** Packages that stay outside. */
  readonly external?: readonly string[];
  /** What a script calls the exports of its entry. */
  readonly globalName?: string;
}

/** Bundles an entry file, from the repository's folder, into one file. */
export async function bundle(
  entry: string,
  outFile: string,
  { platform, format, external = [], globalName }: BundleOptions,
): Promise<void> {
  await run(programs.esbuild, [
    `${root}${entry}`,
    "--bundle",
    "--log-level=error",
    "--target=es2022",
    `--platform=${platform}`,
    `--format=${format}`,
    `--outfile=${outFile}`,
    ...(globalName ? [`--global-name=${globalName}`] : []),
    ...external.map((name) => `--external:${name}`),
    // What deno.json says of it.
    "--alias:@std/async=./tests/stand-ins/async/mod.ts",
  ]);
}
