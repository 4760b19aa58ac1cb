import { assertEquals } from "@std/assert";
import {
  copiedCheckpointsQuery,
  copiedKeysQuery,
  copiedWritesQuery,
} from "../src/operations/copy_queries.ts";
import { markersQuery, runsQuery, supersededQuery } from "../src/operations/hiding_queries.ts";
import { ancestryQuery, historyQuery } from "../src/reading/history_queries.ts";
import { pageQuery } from "../src/reading/list_queries.ts";
import { provisionScript } from "../src/setup/provision_text.ts";
import { buildQueries } from "../src/reading/queries.ts";
import { threadsQuery } from "../src/operations/thread_queries.ts";
import {
  type BlobRow,
  type CheckpointDeletionRow,
  type CheckpointRow,
  MAPPING_NAME,
  TABLE_NAMES,
  tableNames,
  type ThreadDeletionRow,
  type WriteRow,
} from "../src/schema.ts";
import { fitCommand, splitScript } from "../src/setup/script.ts";
import { functionMadeBy } from "../src/setup/setup_functions.ts";
import { FUNCTION_NAMES } from "../src/setup/stored_functions.ts";
import { provisionModule } from "./generate_provision_text.ts";
import { OfficialSchema } from "./official_parser.ts";

const PREFIXES = ["", "dev_"] as const;

function commandsFor(tablePrefix: string): string[] {
  return splitScript(provisionScript)
    .map((command) => fitCommand(command, { tablePrefix, retentionDays: 30 }));
}

/** The texts of an installation by the names of their fields. */
function textsFor(prefix: string): [name: string, text: string][] {
  const named = (value: unknown, path: string): [string, string][] =>
    typeof value === "string"
      ? [[path, value]]
      : Object.entries(value as object).flatMap(([key, part]) => named(part, `${path}.${key}`));
  const names = tableNames(prefix);
  const texts = {
    ...buildQueries(names),
    page: { ofThread: pageQuery(names, "thread"), ofAll: pageQuery(names, "all") },
    ancestry: ancestryQuery(names),
    history: historyQuery(names),
    markers: markersQuery(names),
    superseded: supersededQuery(names),
    runs: runsQuery(names),
    copied: {
      keys: copiedKeysQuery(names),
      checkpoints: copiedCheckpointsQuery(names),
      writes: copiedWritesQuery(names),
    },
    threads: { all: threadsQuery(names, "all"), active: threadsQuery(names, "active") },
  };
  return named(texts, "queries");
}

for (const prefix of PREFIXES) {
  const installation = prefix === "" ? "without a prefix" : `with the prefix ${prefix}`;

  Deno.test(`Microsoft's parser has nothing against commands and queries ${installation}`, async (t) => {
    const schema = await OfficialSchema.fromScript("");
    await t.step("every command of provision.kql", () => {
      for (const command of commandsFor(prefix)) {
        assertEquals(schema.grow(command), [], command);
      }
    });
    for (const [name, text] of textsFor(prefix)) {
      await t.step(name, () => assertEquals(schema.check(text), []));
    }
  });
}

Deno.test("Microsoft's parser finds a column that is missing and a command that does not exist", async () => {
  const creating = commandsFor("").filter((command) => /^\.create(-merge| ifnot)/.test(command));
  const schema = await OfficialSchema.fromScript(creating.join("\n"));
  assertEquals(schema.check(textsFor("")[0]![1]), []);
  assertEquals(
    schema.check(textsFor("")[0]![1].replaceAll("revision", "revisoin")).length > 0,
    true,
  );
  assertEquals(schema.check(".create tabel T (a:string)").length > 0, true);
});

for (const [name, text] of textsFor("")) {
  Deno.test(`${name} takes every text as a parameter`, () => {
    const [, body] = /^declare query_parameters\([^)]*\);(.*)$/s.exec(text)!;
    const literals = [...body!.matchAll(/"[^"]*"|'[^']*'/g)].map(([literal]) => literal);
    assertEquals(literals.filter((literal) => literal !== '"*"' && literal !== '"pack"'), []);
  });
}

Deno.test("provision_text.ts holds provision.kql to the letter", async () => {
  const script = await Deno.readTextFile(new URL("../provision.kql", import.meta.url));
  const module = await Deno.readTextFile(
    new URL("../src/setup/provision_text.ts", import.meta.url),
  );
  assertEquals(provisionScript, script, "run `deno task generate`");
  assertEquals(module, provisionModule(script), "run `deno task generate`");
});

type Columns<Row> = Record<keyof Row, "string" | "int" | "dynamic">;

const checkpoints: Columns<CheckpointRow> = {
  thread_id: "string",
  checkpoint_ns: "string",
  incarnation: "string",
  checkpoint_id: "string",
  parent_checkpoint_id: "string",
  revision: "string",
  v: "int",
  checkpoint_type: "string",
  checkpoint_json: "string",
  metadata_type: "string",
  metadata_json: "string",
  metadata: "dynamic",
  search_text: "string",
  channels: "dynamic",
  channel_values: "dynamic",
  blobs: "dynamic",
};
const writes: Columns<WriteRow> = {
  thread_id: "string",
  checkpoint_ns: "string",
  incarnation: "string",
  checkpoint_id: "string",
  task_id: "string",
  task_path: "string",
  idx: "int",
  channel: "string",
  type: "string",
  value_json: "string",
  blobs: "dynamic",
  revision: "string",
};
const blobs: Columns<BlobRow> = {
  thread_id: "string",
  incarnation: "string",
  blob_id: "string",
  chunk: "int",
  chunks: "int",
  encoding: "string",
  data: "string",
};
const threadDeletions: Columns<ThreadDeletionRow> = { thread_id: "string", incarnation: "string" };
const checkpointDeletions: Columns<CheckpointDeletionRow> = {
  thread_id: "string",
  checkpoint_ns: "string",
  incarnation: "string",
  checkpoint_id: "string",
  revision: "string",
};
const rows = { checkpoints, writes, blobs, threadDeletions, checkpointDeletions };

/** What the one command that matches says within its first group. */
function inProvision(command: RegExp): string {
  const found = splitScript(provisionScript).map((text) => command.exec(text)).filter((m) => m);
  assertEquals(found.length, 1, String(command));
  return found[0]![1]!;
}

for (const [table, columns] of Object.entries(rows)) {
  const name = TABLE_NAMES[table as keyof typeof rows];

  Deno.test(`the columns of ${name} are the fields of its rows and created_at`, () => {
    const declared = inProvision(RegExp(`^\\.create-merge table ${name} \\((.*)\\)$`)).split(", ");
    const expected = Object.entries({ ...columns, created_at: "datetime" });
    assertEquals(declared.toSorted(), expected.map((column) => column.join(":")).toSorted());
  });

  Deno.test(`the ingestion mapping of ${name} fills every column from the field of its name`, () => {
    const mapping = inProvision(
      RegExp(
        `^\\.create-or-alter table ${name} ingestion json mapping "${MAPPING_NAME}" (.*)$`,
        "s",
      ),
    );
    assertEquals(
      JSON.parse(mapping.replaceAll("```", "")),
      Object.keys({ ...columns, created_at: "" })
        .map((column) => ({ column, Properties: { Path: `$.${column}` } })),
    );
  });
}

Deno.test("provision.kql creates no table, view or function beside those that the saver knows", () => {
  const created = splitScript(provisionScript)
    .map((command) =>
      /^\.create(?:-merge table| ifnotexists materialized-view) (\S+)/.exec(command)?.[1] ??
        functionMadeBy(command)
    )
    .filter((name) => name !== undefined);
  assertEquals(
    created.toSorted(),
    [...Object.values(TABLE_NAMES), ...FUNCTION_NAMES].toSorted(),
  );
});
