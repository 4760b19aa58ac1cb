import { assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { HELP, readOptions, REPOSITORY, UsageError } from "../../examples/demo/options.ts";
import { folderOf } from "./kit.ts";

Deno.test("readOptions() fills in this repository, a thread for it, and the data folder in it", async () => {
  const options = await readOptions([], "/");
  assertEquals([options.command, options.folder, options.data], [
    "run",
    REPOSITORY,
    `${REPOSITORY}/.kusto-checkpoint/demo`,
  ]);
  assertMatch(options.thread, /^research-[\p{L}\p{N}-]+-[0-9a-f]{6}$/u);
});

Deno.test("readOptions() starts relative folders where the user stands, whatever their names", async () => {
  await using base = await folderOf({ "a b/ü?#%/x.txt": "" });
  const options = await readOptions(["--folder", "a b/ü?#%/", "--data", "../data"], base.path);
  assertEquals(options.folder, `${base.path}/a b/ü?#%`);
  assertEquals(options.data, `${base.path.slice(0, base.path.lastIndexOf("/"))}/data`);
});

Deno.test("readOptions() gives every folder and the chat a thread of its own", async () => {
  await using base = await folderOf({ "one/notes/x.txt": "", "two/notes/x.txt": "" });
  const thread = async (...args: string[]) => (await readOptions(args, base.path)).thread;
  assertNotEquals(await thread("--folder", "one/notes"), await thread("--folder", "two/notes"));
  assertNotEquals(await thread("--folder", "one"), await thread("--folder", "one", "--chat"));
  assertEquals(await thread("--thread", "mine"), "mine");
});

Deno.test("readOptions() refuses what makes no sense and says why", async () => {
  await using base = await folderOf({ "file.txt": "" });
  const cases: [string[], string][] = [
    [["--folder", "nowhere"], `Cannot read the folder ${base.path}/nowhere: there is none`],
    [["--folder", "file.txt"], `Cannot read the folder ${base.path}/file.txt: it is a file`],
    [["--bogus"], "Unknown option '--bogus'"],
    [["--question"], "argument missing"],
    [["--question", " "], "--question is empty: give it a value"],
    [["How", "so?"], 'Unexpected argument "How": a question goes after --question'],
    [["resume"], "resume needs --url and --thread"],
  ];
  for (const [args, text] of cases) {
    await assertRejects(() => readOptions(args, base.path), UsageError, text);
  }
});

Deno.test("--help names every option", async () => {
  assertEquals((await readOptions(["-h", "--folder", "nowhere"], "/")).command, "help");
  for (const name of ["folder", "question", "fork", "chat", "thread", "data", "yes", "help"]) {
    assertMatch(HELP, new RegExp(`--${name}\\b`));
  }
});
