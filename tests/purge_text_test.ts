import { assert, assertEquals } from "@std/assert";
import { provisionScript } from "../src/setup/provision_text.ts";
import {
  deleteLivesCommand,
  deleteMarkersCommand,
  deletePointersCommand,
  hiddenLivesQuery,
  idleMarkersQuery,
  stalePointersQuery,
} from "../src/operations/purge_text.ts";
import { TABLE_NAMES, tableNames } from "../src/schema.ts";
import { OfficialSchema } from "./official_parser.ts";

const BEFORE = new Date("2026-01-01T00:00:00Z");
/** Ids that would break out of a literal, or read alike once they are put together. */
const NASTY = [
  `"`,
  `'); .drop table Checkpoints //`,
  "\\",
  "a\nb",
  "\u0001",
  "\u2028",
  "日本 🎉",
  "",
];
const { latest: _view, ...TABLES } = TABLE_NAMES;

/** The texts among a text's literals. */
async function textsIn(command: string): Promise<string[]> {
  const schema = await OfficialSchema.fromScript(provisionScript);
  return schema.literals(command).filter((value) => typeof value === "string");
}

for (const table of Object.values(TABLES)) {
  Deno.test(`Microsoft's parser has nothing against the purge of ${table}`, async () => {
    const schema = await OfficialSchema.fromScript(provisionScript);
    const lives = NASTY.map((thread_id) => ({ thread_id, incarnation: "1-a" }));
    assertEquals(schema.check(hiddenLivesQuery(tableNames(""), table)), []);
    assertEquals(schema.check(deleteLivesCommand(table, lives, BEFORE)), []);
  });
}

Deno.test("Microsoft's parser has nothing against the purge of markers, which are named by literals", async () => {
  const schema = await OfficialSchema.fromScript(provisionScript);
  const markers = NASTY.map((thread_id) => ({ thread_id, incarnation: "1-a", revision: "r" }));
  const command = deleteMarkersCommand(TABLE_NAMES.checkpointDeletions, markers, BEFORE);
  assertEquals(schema.check(idleMarkersQuery(tableNames(""))), []);
  assertEquals(schema.check(command), []);
  const marks = NASTY.map((id) => `1-a\u0001r\u0001${id}`);
  assertEquals(await textsIn(command), [...NASTY, "\u0001", "\u0001", ...marks]);
});

Deno.test("Microsoft's parser has nothing against the purge of the view", async () => {
  const schema = await OfficialSchema.fromScript(provisionScript);
  const pointers = NASTY.map((thread_id) => ({
    thread_id,
    incarnation: "1-a",
    revision: `${thread_id}\u00011-a`,
  }));
  assertEquals(schema.check(stalePointersQuery(tableNames(""))), []);
  assertEquals(schema.check(deletePointersCommand(TABLE_NAMES.latest, pointers)), []);
});

Deno.test("What a command removes is named by literals that read back as the ids, whatever they hold", async () => {
  const lives = NASTY.map((thread_id) => ({ thread_id, incarnation: "1-a" }));
  const texts = await textsIn(deleteLivesCommand("Checkpoints", lives, BEFORE));
  assertEquals(texts, [...NASTY, "\u0001", ...NASTY.map((id) => `1-a\u0001${id}`)]);
  const pointers = NASTY.map((thread_id) => ({ thread_id, incarnation: "1-a", revision: "r" }));
  assertEquals(
    await textsIn(deletePointersCommand("LatestCheckpoints", pointers)),
    [...NASTY, "\u0001", "\u0001", ...NASTY.map((id) => `1-a\u0001r\u0001${id}`)],
  );
});

Deno.test("A command names its own table only, and the time before which rows are old enough", () => {
  const command = deleteLivesCommand("a_Writes", [{ thread_id: "t", incarnation: "" }], BEFORE);
  assert(command.startsWith(".delete table a_Writes records <| a_Writes | where "));
  assert(command.includes("created_at < datetime(2026-01-01T00:00:00.000Z)"));
});
