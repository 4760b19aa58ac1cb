import { assert, assertEquals } from "@std/assert";
import { PROMISES } from "./generate_promises.ts";
import { mutate, type Mutation, readAreas, ROOT, titleParts } from "./mutation_kit.ts";

const mutations = [...(await readAreas()).values()].flat();

function named({ file, fault }: Mutation): string {
  return `${file}: the code ${fault}`;
}

Deno.test("Every mutation finds the one place that it breaks", async () => {
  for (const mutation of mutations) {
    const source = await Deno.readTextFile(new URL(mutation.file, ROOT));
    assert(mutate(source, mutation) !== source, named(mutation));
  }
});

Deno.test("Every mutation names one test by its title", async () => {
  for (const mutation of mutations) {
    const titles = titleParts(await Deno.readTextFile(new URL(mutation.test, ROOT)));
    const matching = titles.filter((parts) => parts.some((part) => part.includes(mutation.title)));
    assertEquals(matching.length, 1, `${named(mutation)}: "${mutation.title}"`);
  }
});

Deno.test("Every promise is guarded by a test that was seen to fail", () => {
  const guarded = new Set(mutations.map(({ guards }) => guards));
  assertEquals(Object.keys(PROMISES).filter((name) => !guarded.has(name)), []);
});

Deno.test("titleParts() reads plain titles, and the fixed parts of made ones", () => {
  const source = 'Deno.test("a \\"b\\"", f); Deno.test(\n  `c ${d ? "e" : "f"} g`, f);';
  assertEquals(titleParts(source), [['a "b"'], ["c ", " g"]]);
});
