import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { KustoEmulator } from "../../src/emulator/mod.ts";
import { baker, chatServer } from "./chat_server.ts";
import { BAKERY, demo, folderOf, type Outcome } from "./kit.ts";

function assertSuccess({ code, output, errors }: Outcome): void {
  assertEquals({ code, errors }, { code: 0, errors: "" }, `${errors}\n${output}`);
}

Deno.test("the demo is interrupted, resumed by another process, forked and counted, and goes on when run again", async () => {
  await using folder = await folderOf(BAKERY);
  await using data = await folderOf({});
  const args = ["--folder", folder.path, "--data", data.path, "--thread", "bakery"];

  const first = await demo([...args, "--question", "When is the shop closed?"]);
  assertSuccess(first);
  const [, here, there] = first.output.match(/process (\d+)[^]*Process (\d+) has a new saver/) ??
    [];
  assertEquals(here === there, false);
  const report = `${data.path}/reports/bakery/01-when-is-the-shop-closed.md`;
  assertStringIncludes(first.output, "approve  waits for a person");
  assertStringIncludes(first.output, "No terminal: approved without asking.");
  assertStringIncludes(first.output, `publish  wrote ${report}`);
  assertStringIncludes(await Deno.readTextFile(report), "because the bakers sleep. [README.md:8]");
  assertMatch(first.output, /main [^]*; written to [^]*fork [^]*; waits for approval/);
  assertMatch(first.output, /Checkpoints +[1-9]\d* rows/);
  assertMatch(first.output, /CheckpointWrites +[1-9]\d* rows/);
  assertMatch(first.output, /sent [1-9]\d* requests \([1-9]\d* query, [1-9]\d* ingest/);
  assertEquals(first.output.includes("\x1b["), false);

  const second = await demo([...args, "--question", "How long does rye bread bake?"]);
  assertSuccess(second);
  assertStringIncludes(second.output, "The conversation goes on: 1 question before this one.");
  assertStringIncludes(second.output, "· When is the shop closed?");
  assertStringIncludes(second.output, "bakery/02-how-long-does-rye-bread-bake.md");
});

Deno.test("--chat answers the questions that are piped in, and remembers them when started again", async () => {
  await using folder = await folderOf(BAKERY);
  await using data = await folderOf({});
  const args = ["--chat", "--folder", folder.path, "--data", data.path];

  const first = await demo(args, { input: "When is sugar ordered?\n\n/history\n/help\nAnd why?" });
  assertSuccess(first);
  assertStringIncludes(
    first.output,
    "sugar needs to be ordered every Tuesday. [recipes/cake.txt:1]",
  );
  assertMatch(first.output, /-1 {2}[0-9a-f-]{36} {2}input/);
  assertStringIncludes(first.output, "agent › And why?");

  const second = await demo(args, { input: "/quit\nnot read\n" });
  assertSuccess(second);
  assertStringIncludes(
    second.output,
    "So far, 2 questions:\n  · When is sugar ordered?\n  · And why?",
  );
  assertEquals(second.output.includes("agent ›"), false);
});

Deno.test("with KUSTO_CLUSTER_URI the demo keeps its memory there, signed in with KUSTO_ACCESS_TOKEN", async () => {
  await using folder = await folderOf(BAKERY);
  await using data = await folderOf({});
  await using emulator = new KustoEmulator({ database: "agents", tokens: { t0ken: ["admin"] } });
  const { url } = await emulator.listen({ port: 0 });
  const environment = {
    KUSTO_CLUSTER_URI: url,
    KUSTO_DATABASE: "agents",
    KUSTO_ACCESS_TOKEN: "t0ken",
  };
  const outcome = await demo(["--folder", folder.path, "--data", data.path], { environment });
  assertSuccess(outcome);
  assertMatch(outcome.output, /Checkpoints +[1-9]\d* rows/);
  assertEquals([...Deno.readDirSync(data.path)].map(({ name }) => name), ["reports"]);
});

Deno.test("with OPENAI_API_KEY the demo asks the chat model", async () => {
  await using folder = await folderOf(BAKERY);
  await using data = await folderOf({});
  await using server = chatServer(baker);
  const outcome = await demo(["--folder", folder.path, "--data", data.path], {
    environment: { OPENAI_API_KEY: "secret", OPENAI_BASE_URL: server.url, OPENAI_MODEL: "baker" },
  });
  assertSuccess(outcome);
  assertStringIncludes(outcome.output, `Model    baker at ${new URL(server.url).host}`);
  assertStringIncludes(outcome.output, "A read   recipes/rye.md:1-5");
  assertStringIncludes(outcome.output, "It rests for long [recipes/rye.md:3]");
  assertEquals(outcome.output.includes("secret"), false);
});

Deno.test("a chat model that fails ends the demo with its reason, and the next run goes on", async () => {
  await using folder = await folderOf(BAKERY);
  await using data = await folderOf({});
  const args = ["--folder", folder.path, "--data", data.path, "--question", "How long?"];
  await using server = chatServer(() => new Response("tired", { status: 500 }));
  const environment = { OPENAI_API_KEY: "secret", OPENAI_BASE_URL: server.url };
  const failed = await demo(args, { environment });
  assertEquals(failed.code, 1);
  assertMatch(
    failed.errors,
    /^Cannot ask gpt-4\.1-mini at 127\.0\.0\.1:\d+: it answered 500: tired\n$/,
  );

  const next = await demo(args);
  assertSuccess(next);
  assertStringIncludes(next.output, 'The last run stopped at "How long?"; it goes on from there.');
});

Deno.test("--help explains and starts nothing", async () => {
  const { code, output } = await demo(["--help"]);
  assertEquals(code, 0);
  assertStringIncludes(output, "deno task demo --chat");
});

Deno.test("arguments that make no sense are refused with code 2", async () => {
  for (const args of [["--folder", "/nowhere/at/all"], ["--bogus"]]) {
    const { code, output, errors } = await demo(args);
    assertEquals([code, output], [2, ""]);
    assertStringIncludes(errors, "See deno task demo --help");
  }
});
