import { assert, assertEquals } from "@std/assert";
import { CONTRACT } from "./contract_points.ts";
import { PROMISES } from "./generate_promises.ts";
import { mutate, type Mutation, readAreas, readTitles, ROOT, titleParts } from "./mutation_kit.ts";

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

async function titlesLike(test: string, title: string): Promise<string[][]> {
  const titles = await readTitles(test);
  return titles.filter((parts) => parts.some((part) => part.includes(title)));
}

Deno.test("Every mutation names one test by its title", async () => {
  for (const mutation of mutations) {
    const { length } = await titlesLike(mutation.test, mutation.title);
    assertEquals(length, 1, `${named(mutation)}: "${mutation.title}"`);
  }
});

Deno.test("Every point of LangGraph's contract names tests that there are", async () => {
  for (const { tests } of CONTRACT) {
    for (const [test, title] of tests) {
      assertEquals((await titlesLike(test, title)).length, 1, `${test}: "${title}"`);
    }
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
