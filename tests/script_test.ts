import { assert, assertEquals } from "@std/assert";
import { provisionScript } from "../src/setup/provision_text.ts";
import { TABLE_NAMES, tableNames } from "../src/schema.ts";
import {
  BLOB_MARGIN_DAYS,
  fitCommand,
  splitScript,
  WRITE_MARGIN_DAYS,
} from "../src/setup/script.ts";
import { FUNCTION_NAMES } from "../src/setup/stored_functions.ts";

const commands = splitScript(provisionScript);
const asItStands = { tablePrefix: "", retentionDays: 90 };

const scripts: readonly (readonly [string, string, string[]])[] = [
  ["nothing", "", []],
  ["comments alone", "// a\n// b\n", []],
  ["one command without a line end", ".show tables", [".show tables"]],
  ["commands with and without blank lines", ".a 1\n.b 2\n\n\n.c 3\n", [".a 1", ".b 2", ".c 3"]],
  ["a command of several lines", ".a [\n  .x,\n  2\n]\n.b", [".a [\n  .x,\n  2\n]", ".b"]],
  ["comments between and within", "// one\n.a\n// two\n  tail\n// three\n.b", [".a\n  tail", ".b"]],
  ["slashes within a line", '.a "http://x"', ['.a "http://x"']],
];

for (const [title, script, expected] of scripts) {
  Deno.test(`splitScript() takes apart ${title}`, () => {
    assertEquals(splitScript(script), expected);
  });
}

Deno.test("splitScript() loses nothing of provision.kql but comments and blank lines", () => {
  const lines = (text: string) => text.split("\n").filter((line) => line.trim() !== "");
  assertEquals(
    commands.flatMap(lines),
    lines(provisionScript).filter((line) => !line.startsWith("//")),
  );
  assert(commands.every((command) => /^\.[a-z]/.test(command)));
});

Deno.test("fitCommand() leaves every command as it stands for no prefix and 90 days", () => {
  for (const command of commands) assertEquals(fitCommand(command, asItStands), command);
});

Deno.test("fitCommand() puts the prefix before every name, and before nothing else", () => {
  const tables = Object.values(TABLE_NAMES) as string[];
  const plain = [...tables, ...FUNCTION_NAMES];
  const prefixed = tableNames("dev_");
  for (const command of commands) {
    const words = command.split(/\b/);
    const fitted = fitCommand(command, { ...asItStands, tablePrefix: "dev_" }).split(/\b/);
    assertEquals(fitted, words.map((word) => plain.includes(word) ? `dev_${word}` : word));
  }
  assertEquals(Object.values(prefixed), tables.map((name) => `dev_${name}`));
});

for (const prefix of ["Thread", "Checkpoints", "x_1_"]) {
  Deno.test(`fitCommand() takes the prefix ${prefix} as it is, once`, () => {
    assertEquals(
      fitCommand(".drop table Checkpoints", { ...asItStands, tablePrefix: prefix }),
      `.drop table ${prefix}Checkpoints`,
    );
  });
}

const days: readonly (readonly [number, string, number])[] = [
  [1, "Checkpoints", 1],
  [1, "LatestCheckpoints", 1],
  [1, "CheckpointBlobs", 1 + BLOB_MARGIN_DAYS],
  [180, "CheckpointWrites", 180 + WRITE_MARGIN_DAYS],
  [180, "CheckpointBlobs", 180 + BLOB_MARGIN_DAYS],
  [365, "ThreadDeletions", 36500],
  [365, "CheckpointDeletions", 36500],
];

for (const [retentionDays, name, expected] of days) {
  Deno.test(`with rows kept ${retentionDays} days, ${name} keeps its own ${expected} days, all of them hot`, () => {
    const fitted = commands.filter((command) => command.split(/\s+/)[2] === name)
      .filter((command) => /policy (retention|caching)/.test(command))
      .map((command) => fitCommand(command, { tablePrefix: "", retentionDays }))
      .map((command) => /(softdelete|hot) = (\w+)/.exec(command)?.slice(1));
    assertEquals(fitted, [["softdelete", `${expected}d`], ["hot", `${expected}d`]]);
  });
}
