import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../", import.meta.url);
/** What runs wherever `fetch` does. */
const PORTABLE = [/^@langchain\/(langgraph-checkpoint|core\/[\w/]+)$/, /^@std\/async$/];
const IMPORTS = /(?<!["'])\b(?:from|import)\s*\(?\s*(["'])([^"'\n]+)\1/g;

/** The sources of this package that one of them leads to, comments left out. */
async function reachedFrom(url: URL, found: Map<string, string> = new Map()) {
  if (found.has(url.href)) return found;
  const source = (await Deno.readTextFile(url)).replace(/\/\*.*?\*\//gs, "").replace(
    /^\s*\/\/.*$/gm,
    "",
  );
  found.set(url.href, source);
  for (const [, , specifier] of source.matchAll(IMPORTS)) {
    if (specifier!.startsWith(".")) await reachedFrom(new URL(specifier!, url), found);
  }
  return found;
}

const sources = await reachedFrom(new URL("mod.ts", ROOT));
const encryption = await reachedFrom(new URL("src/encryption/mod.ts", ROOT));

function importsOf(found: Map<string, string>): string[] {
  return [...found.values()]
    .flatMap((source) => [...source.matchAll(IMPORTS)].map(([, , specifier]) => specifier!))
    .filter((specifier) => !specifier.startsWith("."));
}

Deno.test("The main module leads to portable packages and to its own files alone", () => {
  assert(sources.size > 20);
  const others = importsOf(sources);
  assertEquals(others.filter((name) => !PORTABLE.some((form) => form.test(name))), []);
});

Deno.test("Encryption leads to LangGraph's serializer alone, and to little of the main module", () => {
  assertEquals([...new Set(importsOf(encryption))], ["@langchain/langgraph-checkpoint"]);
  const shared = [...encryption.keys()].filter((url) => !url.includes("/encryption/"));
  assertEquals(shared.map((url) => url.slice(ROOT.href.length)).sort(), [
    "src/codec.ts",
    "src/errors.ts",
  ]);
});

Deno.test("The main module does not lead to the embedded Kusto, to encryption or to the command line", () => {
  const beside = /\/src\/(cli|emulator|encryption)\//;
  assertEquals([...sources.keys()].filter((url) => beside.test(url)), []);
});

Deno.test("The main module takes for granted no global that only some runtimes have", () => {
  for (const [url, source] of [...sources, ...encryption]) {
    const used = source.match(/\b(Deno|Bun|process|Buffer|navigator|window)\s*[.[]/g);
    assertEquals(used, null, url);
  }
});
