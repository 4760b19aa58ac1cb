import { assertEquals } from "@std/assert";
import { Corpus } from "../../examples/demo/corpus.ts";
import { bestQuotes } from "../../examples/demo/quotes.ts";
import { clip, count, termsOf } from "../../examples/demo/words.ts";
import { BAKERY, folderOf } from "./kit.ts";

const bakery = new Corpus("/bakery", new Map(Object.entries(BAKERY)));
const all = () => true;

Deno.test("Corpus.read() takes the text files and leaves hidden, generated, binary and linked ones", async () => {
  await using outside = await folderOf({ "secret.txt": "secret" });
  await using folder = await folderOf({
    "a.txt": "text",
    "b/c.md": "more",
    "b/left-out.md": "not wanted",
    "d/e.txt": "not wanted either",
    ".hidden/f.txt": "hidden",
    "node_modules/g.js": "dependency",
    "deno.lock": "{}",
    "binary.bin": new Uint8Array([1, 0, 2]),
    "latin.txt": new Uint8Array([0xe4, 0xf6, 0xfc]),
    "big.txt": "x".repeat(512 * 1024 + 1),
    "limit.txt": "x".repeat(512 * 1024),
  });
  await Deno.symlink(`${outside.path}/secret.txt`, `${folder.path}/link.txt`);
  const corpus = await Corpus.read(folder.path, [`${folder.path}/d`]);
  assertEquals(corpus.paths, ["a.txt", "b/c.md", "b/left-out.md", "limit.txt"]);
});

Deno.test("rank() puts the passage with the rarest words of the question first", () => {
  const cases: [string, string][] = [
    ["When does the shop open on Sundays?", "README.md"],
    ["How long does the sourdough rest?", "recipes/rye.md"],
    ["ordering sugar", "recipes/cake.txt"],
    ["rounding of prices", "till.py"],
  ];
  for (const [question, path] of cases) {
    assertEquals(bakery.rank(termsOf(question), all, 1)[0]?.path, path, question);
  }
});

Deno.test("rank() finds nothing where no word matches, and nothing in files that are not wanted", () => {
  assertEquals(bakery.rank(["submarine"], all, 5), []);
  assertEquals(bakery.rank(["sugar"], (path) => path.endsWith(".md"), 5), []);
});

Deno.test("rank() cuts a long file into passages that cover every line once", () => {
  const text = Array.from({ length: 100 }, (_, index) => index % 7 === 0 ? "" : "bread line");
  const long = new Corpus("/long", new Map([["long.txt", text.join("\n")]]));
  const found = long.rank(["bread"], all, 100).sort((a, b) => a.from - b.from);
  let next = 1;
  for (const { from, to } of found) {
    assertEquals(from, next);
    next = to + 1;
  }
  assertEquals(next, 101);
});

Deno.test("bestQuotes() quotes whole sentences with their lines", () => {
  const lines = BAKERY["README.md"]?.split("\n") ?? [];
  const page = { path: "README.md", from: 1, lines };
  assertEquals(bestQuotes([page], termsOf("closed on Sundays"), 1), [{
    path: "README.md",
    from: 8,
    to: 8,
    text: "On Sundays the shop stays closed, because the bakers sleep.",
  }]);
});

Deno.test("bestQuotes() prefers a comment to the code below it", () => {
  const page = { path: "till.py", from: 1, lines: BAKERY["till.py"]?.split("\n") ?? [] };
  const [first] = bestQuotes([page], termsOf("how are prices kept"), 3);
  assertEquals(first?.text, "Prices are kept in cents, so that no cent is lost to rounding.");
});

Deno.test("bestQuotes() takes the inside of a code block for code when the page begins there", () => {
  const lines = ['{"prices": [420]}', "```", "The prices are kept in cents."];
  const [first] = bestQuotes([{ path: "a.md", from: 5, lines }], termsOf("prices"), 1);
  assertEquals(first, { path: "a.md", from: 7, to: 7, text: "The prices are kept in cents." });
});

Deno.test("termsOf() meets names, plurals and inflections alike", () => {
  const cases: [string, string][] = [
    ["stores", "stored"],
    ["deleting", "deletion"],
    ["putWrites", "put writes"],
    ["entries", "entry"],
    ["boxes", "box"],
  ];
  for (const [one, other] of cases) {
    const shared = termsOf(one).filter((term) => termsOf(other).includes(term));
    assertEquals(shared.length > 0, true, `${one} / ${other}`);
  }
  assertEquals(termsOf("what is it, and how does it go?"), []);
});

Deno.test("clip() and count() speak to people", () => {
  assertEquals(clip("one  two\nthree", 20), "one two three");
  assertEquals(clip("one two three", 9), "one two…");
  assertEquals([count(1, "file"), count(1200, "file")], ["1 file", "1,200 files"]);
});
