/**
 * The mutations of `tests/mutations/`: where they are, and how one is put into the code.
 *
 * @module
 */
import type { Mutation } from "./mutations/mutation.ts";

export type { Mutation };

/** The repository's root. */
export const ROOT = new URL("../", import.meta.url);

const FOLDER = new URL("mutations/", import.meta.url);
/** Holds the form of a mutation, and none. */
const FORM = "mutation.ts";

/** The mutations by area: each file of the folder is one and exports lists. */
export async function readAreas(): Promise<Map<string, readonly Mutation[]>> {
  const names = (await Array.fromAsync(Deno.readDir(FOLDER))).map(({ name }) => name);
  const areas = names.filter((name) => name.endsWith(".ts") && name !== FORM).sort();
  return new Map(
    await Promise.all(areas.map(async (name) => {
      const lists = Object.values<readonly Mutation[]>(await import(new URL(name, FOLDER).href));
      return [name.slice(0, -".ts".length), lists.flat()] as const;
    })),
  );
}

/** The source with the fault in it. */
export function mutate(source: string, { fault, find, replace, file }: Mutation): string {
  const places = source.split(find).length - 1;
  if (places !== 1) {
    throw new Error(
      `Cannot break ${file} so that it ${fault}: the text to find is there ${places} times, it must be once`,
    );
  }
  // A function, as `$` has a meaning in a text.
  return source.replace(find, () => replace);
}

/** The titles in a test file, and of the cases that it shares: `x_test.ts` runs those of `x_cases.ts`. */
export async function readTitles(test: string): Promise<string[][]> {
  const files = [test, test.replace(/_test\.ts$/, "_cases.ts")];
  const sources = await Promise.all(
    files.map((file) =>
      Deno.readTextFile(new URL(file, ROOT)).catch((error) => {
        if (file !== test && error instanceof Deno.errors.NotFound) return "";
        throw error;
      })
    ),
  );
  return sources.flatMap(titleParts);
}

/** What can be read of the titles in a test file's source: whole ones, and the fixed parts of made ones. */
export function titleParts(source: string): string[][] {
  const literal = /(?:Deno\.test\(|\bname:)\s*(?:"((?:\\.|[^"\\])*)"|`((?:\\.|[^`\\])*)`)/g;
  return [...source.matchAll(literal)].map(([, plain, template]) =>
    plain !== undefined ? [JSON.parse(`"${plain}"`)] : template!.split(/\$\{[^}]*\}/)
  );
}
