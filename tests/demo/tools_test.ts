import { assertEquals, assertStringIncludes } from "@std/assert";
import { Corpus } from "../../examples/demo/corpus.ts";
import { callTool } from "../../examples/demo/tools.ts";
import { BAKERY } from "./kit.ts";

const corpus = new Corpus("/bakery", new Map(Object.entries(BAKERY)));
const call = (name: string, args: Record<string, unknown>) =>
  callTool(corpus, { id: "1", name, args, type: "tool_call" });

Deno.test("list answers with the files that match any of the patterns", () => {
  const cases: [Record<string, unknown>, string][] = [
    [{}, "README.md\nrecipes/rye.md\nrecipes/cake.txt\ntill.py"],
    [{ files: "*.md" }, "README.md\nrecipes/rye.md"],
    [{ files: "recipes/*" }, "recipes/rye.md\nrecipes/cake.txt"],
    [{ files: "*.py, cake.*" }, "recipes/cake.txt\ntill.py"],
    [{ files: "*.rs" }, "No file matches"],
    [{ files: "(" }, "No file matches"],
  ];
  for (const [args, text] of cases) assertEquals(call("list", args).content, text);
});

Deno.test("search answers with places and carries them as data", () => {
  const answer = call("search", { words: "sourdough", limit: 1 });
  assertStringIncludes(String(answer.content), "recipes/rye.md:1-");
  assertEquals(answer.artifact.matches[0].path, "recipes/rye.md");
});

Deno.test("read shows numbered lines and stays within the file", () => {
  const answer = call("read", { path: "recipes/rye.md", from: 3, to: 900 });
  assertStringIncludes(String(answer.content), "3| The sourdough rests");
  assertEquals(answer.artifact.read, { path: "recipes/rye.md", from: 3, to: 5 });
});

Deno.test("a call that makes no sense is answered with what is wrong", () => {
  const cases: [string, Record<string, unknown>, string][] = [
    ["read", { path: "../etc/passwd" }, 'There is no text file "../etc/passwd" in this folder'],
    ["read", {}, 'There is no text file "" in this folder'],
    ["search", { words: "the" }, "The search needs words that tell one passage from another"],
    ["bake", {}, 'There is no tool "bake"; there are list, search and read'],
  ];
  for (const [name, args, text] of cases) {
    const answer = call(name, args);
    assertEquals([answer.status, answer.content], ["error", text]);
  }
});
