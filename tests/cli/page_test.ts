import { assertEquals } from "@std/assert";
import { connectionOptions } from "../../src/cli/connection.ts";
import type { ThreadView } from "../../src/cli/thread_view.ts";
import { CliLab } from "./kit.ts";
import { twoConversations } from "./page.ts";

const page = await Deno.readTextFile(new URL("../../docs/cli.md", import.meta.url));

/** The fields that each table of the page names, as paths, by the table's title. */
const tables = new Map(
  [...page.matchAll(/^\| (field(?: of `.*`)?) +\|.*\n\| -.*\n((?:\|.*\n)+)/gm)].map(
    ([, title, rows]) => [
      title!,
      [...rows!.matchAll(/^\| `([\w.[\]]+)` /gm)].map(([, path]) => path!),
    ],
  ),
);

/** Demands of a value that it has the fields below a path that are documented, and no others. */
function assertFields(
  value: unknown,
  fields: readonly string[],
  seen: Set<string>,
  path = "",
): void {
  seen.add(path);
  if (Array.isArray(value)) {
    for (const entry of value) assertFields(entry, fields, seen, `${path}[]`);
    return;
  }
  const prefix = path === "" ? "" : `${path}.`;
  const names = fields.filter((field) => field.startsWith(prefix))
    .map((field) => /^\w*/.exec(field.slice(prefix.length))![0]);
  // What has no fields of its own may be anything.
  if (names.length === 0 || value === null) return;
  assertEquals(Object.keys(value as object).sort(), [...new Set(names)].sort(), path);
  for (const [name, field] of Object.entries(value as object)) {
    assertFields(field, fields, seen, prefix + name);
  }
}

/** Command lines whose JSON is compared with a table of the page; one comes after the other. */
const samples: readonly (readonly [string, readonly string[]])[] = [
  ["field of `setup --json`", ["setup"]],
  ["field of `doctor --json`", ["doctor"]],
  ["field of `setup --json`", ["setup", "--provision"]],
  ["field of `doctor --json`", ["doctor"]],
  ["field of `threads --json`", ["threads"]],
  ["field of `show --json`", ["show", "ada"]],
  ["field of `show --json`", ["show", "bob"]],
  ["field", ["show", "nobody"]],
  ["field of `copy --json`", ["copy", "ada", "bea"]],
  ["field of `prune --json` and `delete --json`", ["delete", "bea", "--dry-run"]],
  ["field of `prune --json` and `delete --json`", ["delete", "bea", "--yes"]],
  ["field of `prune --json` and `delete --json`", [
    "prune",
    "--older-than=0s",
    "--strategy=delete",
    "--yes",
  ]],
  ["field of `purge --json`", ["purge", "--dry-run"]],
  ["field of `purge --json`", ["purge", "--yes"]],
];

Deno.test("the JSON of each command has the fields that docs/cli.md names, and no others", async () => {
  await using lab = new CliLab();
  const seen = new Map([...tables.keys()].map((title) => [title, new Set<string>()]));
  for (const [title, args] of samples) {
    if (args[0] === "threads") await twoConversations(lab);
    const { value } = await lab.json(args);
    assertFields(value, tables.get(title)!, seen.get(title)!);
  }
  for (const [title, fields] of tables) {
    assertEquals(fields.filter((field) => !seen.get(title)!.has(field)), [], title);
  }
});

Deno.test("the history has the fields of the checkpoint that is shown, but for its values", async () => {
  await using lab = new CliLab();
  await lab.cli(["setup", "--provision"]);
  await twoConversations(lab);
  const { value } = await lab.json<ThreadView>(["show", "ada"]);
  const { metadata: _, state: __, deltaChannels: ___, ...summary } = value.checkpoint!;
  assertEquals(value.history[0], summary);
});

Deno.test("docs/cli.md tells the options that name a cluster with their variables", () => {
  const rows = [...page.matchAll(/^\| `--([\w-]+)` +\| (?:`(\w+)`)? /gm)];
  assertEquals(rows.map(([, option]) => option), Object.keys(connectionOptions));
  for (const [, option, variable] of rows) {
    assertEquals(/\((KUSTO_\w+)/.exec(connectionOptions[option!]!.about)?.[1], variable, option);
  }
});
