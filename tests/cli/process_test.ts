// The command line as a process of its own.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { KustoEmulator } from "../../src/emulator/mod.ts";

const ROOT = new URL("../../", import.meta.url);

async function kustoCheckpoint(args: readonly string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "cli", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, output: text(stdout), errors: text(stderr) };
}

Deno.test("the task prepares the database that the environment names, and ends by itself", async () => {
  await using kusto = new KustoEmulator();
  const { url } = await kusto.listen();
  const env = { KUSTO_CLUSTER_URI: url, KUSTO_DATABASE: kusto.database };
  const { code, output, errors } = await kustoCheckpoint(["setup", "--provision"], env);
  assertEquals([code, errors], [0, ""]);
  assertStringIncludes(output, "The database is ready");
  // More than a pipe holds at once comes whole.
  const listed = await kustoCheckpoint(["setup", "--json", "--table-prefix", "no_"], env);
  assertEquals(listed.code, 1);
  assertEquals(JSON.parse(listed.output).ready, false);
  // Nobody sits before a process without a terminal.
  const deletion = await kustoCheckpoint(["delete", "t"], env);
  assertEquals([deletion.code, deletion.output], [2, ""]);
  assertStringIncludes(deletion.errors, "Nobody is there to ask: add --yes");
});
