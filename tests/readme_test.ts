import { assert, assertEquals, assertMatch } from "@std/assert";
import * as library from "../mod.ts";
import { settingsFrom } from "../src/config.ts";
import { provisionScript } from "../src/setup/provision_text.ts";
import { OfficialSchema } from "./official_parser.ts";
import { TARGETS } from "./bench/catalogue.ts";
import { runtimes } from "./runtimes/tools.ts";
import { tableAfter } from "./tables.ts";

const readme = await Deno.readTextFile(new URL("../README.md", import.meta.url));
const config = JSON.parse(await Deno.readTextFile(new URL("../deno.json", import.meta.url)));

Deno.test("The README's options are the options, with their defaults", () => {
  const settings = settingsFrom({ connection: "https://c.kusto.windows.net/db" });
  const { origin: _, ...options } = settings as unknown as Record<string, unknown>;
  const rows = tableAfter(readme, "Options").flatMap(([names, value]) =>
    names!.split(",").map((name) => [name.replaceAll("`", "").trim(), value!] as const)
  );
  assertEquals(
    rows.map(([name]) => name).filter((name) => name !== "serde").sort(),
    Object.keys(options).sort(),
  );
  for (const [name, value] of rows) {
    const literal = /^`(.*)`$/.exec(value)?.[1];
    if (literal === undefined || /^[A-Z]/.test(literal)) continue;
    assertEquals(options[name], JSON.parse(literal), name);
  }
});

Deno.test("The README's errors are the errors", () => {
  const named = tableAfter(readme, "Errors").flatMap(([names]) =>
    names!.split(",").map((name) => name.replaceAll("`", "").trim())
  );
  const classes = Object.keys(library).filter((name) =>
    name.endsWith("Error") && name !== "KustoError"
  );
  assertEquals(named.sort(), classes.sort());
});

for (
  const [path, fewest] of [
    ["README.md", 5],
    ["CONTRIBUTING.md", 5],
    [".github/workflows/ci.yml", 10],
    [".ci/run", 8],
  ] as const
) {
  Deno.test(`the commands that ${path} names are tasks`, async () => {
    const text = await Deno.readTextFile(new URL(`../${path}`, import.meta.url));
    const tasks = [...text.matchAll(/deno task ([\w:-]+)/g)].map(([, task]) => task!);
    assert(tasks.length >= fewest, `${tasks.length}`);
    assertEquals(tasks.filter((task) => !Object.hasOwn(config.tasks, task)), []);
  });
}

Deno.test("The README's runtimes are those that are tried", () => {
  const named = tableAfter(readme, "Where it runs").map(([, version]) => version!);
  const tried = Object.values(runtimes).map((version) => version.replace(/^.*@/, ""));
  assertEquals(named.slice(1).sort(), tried.sort());
  assert(Deno.version.deno.startsWith(named[0]!));
});

Deno.test("Microsoft's parser takes the queries and commands of README and troubleshooting", async () => {
  const official = await OfficialSchema.fromScript(provisionScript);
  const troubleshooting = new URL("../docs/troubleshooting.md", import.meta.url);
  for (const page of [readme, await Deno.readTextFile(troubleshooting)]) {
    const texts = [...page.matchAll(/^```kql\n(.*?)^```$/gms)].flatMap(([, text]) =>
      text!.startsWith(".") ? text!.trim().split("\n") : [text!.trim()]
    );
    assert(texts.length > 0);
    // It knows the tables and functions, not what the database is called.
    const found = texts.flatMap((text) => official.check(text)).filter(({ at }) => at !== "agents");
    assertEquals(found, []);
  }
});

Deno.test("the README's table of performance has a line for each target, with its bound, and says what was measured on", () => {
  const rows = tableAfter(readme, "Performance");
  assertEquals(rows.map(([, what]) => what), Object.values(TARGETS).map(({ what }) => what));
  for (const [row, target] of Object.values(TARGETS).entries()) {
    const [, , measured, bound, holds] = rows[row]!;
    assertMatch(measured!, /^[\d.]+(x| .+)$/);
    assertEquals([bound === "", holds === ""], Array(2).fill(!("bound" in target)));
  }
  assertMatch(readme, /Measured on \d{4}-\d{2}-\d{2} by `deno task bench` on \d+ cores/);
});
