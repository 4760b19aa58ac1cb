import { assert, assertEquals, assertMatch } from "@std/assert";
import { generated } from "./generate.ts";
import { ROOT } from "./mutation_kit.ts";

for (const [path, text] of Object.entries(generated)) {
  Deno.test(`${path} is what deno task generate writes`, async () => {
    assertEquals(await Deno.readTextFile(new URL(path, ROOT)), await text());
  });
}

Deno.test("the page of the embedded Kusto names what it knows and what it refuses", async () => {
  const page = await generated["docs/emulator.md"]!();
  const section = (title: string): string => page.split(`## ${title}\n`)[1]!.split("\n## ")[0]!;
  const [known, refused] = section("Operators").split("Refused:");
  assert(known!.includes("`where`") && known!.includes("`mv-expand`"));
  assert(refused!.includes("`make-series`") && !refused!.includes("`where`"));
  assert(section("Scalar functions").includes("`strcmp`"));
  assert(section("Aggregates").includes("`arg_max`"));
  assert(section("Commands").includes("| `.clear table <table> data` | admin |"));
  assert(section("Request options").includes("`servertimeout`"));
  assert(section("Formats of ingestion").includes("`multijson`"));
});

Deno.test("each line of the page of promises shows the name of a test, a part of one with what it leaves out", async () => {
  const page = await generated["docs/promises.md"]!();
  const lines = page.split("\n").filter((line) => /^ *- .*\]\(\.\.\/tests\//.test(line));
  assert(lines.length > 100);
  // Spaces inside would leave the asterisks as they are.
  for (const line of lines) assertMatch(line, /^ *- \*[^ ].*[^ ]\* \(\[/);
  assert(page.includes("*… signs in by itself*"));
  assert(page.includes("*trustedOrigin() refuses …*"));
});
