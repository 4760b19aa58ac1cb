import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { rowsOf } from "../../src/service/frames.ts";
import { settingsFrom } from "../../src/config.ts";
import { KustoClient } from "../../src/service/client.ts";
import { IdentityProvider } from "../identity_provider.ts";

const ROOT = new URL("../../", import.meta.url);
const DATABASE = "remote";
const TOKEN = "token-of-the-live-run";

/** An emulator in a process of its own. */
interface Remote extends AsyncDisposable {
  readonly url: string;
}

/** Starts `deno task emulator`, as anybody would. */
async function start(args: readonly string[]): Promise<Remote> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", "src/emulator/main.ts", "--port", "0", ...args],
    cwd: ROOT,
    stdout: "piped",
  }).spawn();
  const end = async () => {
    child.kill();
    await child.status;
  };
  // A single line: it is all that the emulator prints.
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  const url = /^Listening on (http:\S+)/.exec(new TextDecoder().decode(value))?.[1];
  if (url) return { url, [Symbol.asyncDispose]: end };
  await end();
  throw new Error("The emulator does not listen");
}

/** Runs the live suite, in a process of its own too. */
async function runSuite(env: Readonly<Record<string, string>>): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", "tests/live/live_test.ts"],
    cwd: ROOT,
    env: { NO_COLOR: "1", KUSTO_DATABASE: DATABASE, KUSTO_CREDENTIAL: "", ...env },
  }).output();
  return [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
}

async function leftIn(connection: string, credential?: () => Promise<string>): Promise<unknown[]> {
  const options = { connection, database: DATABASE, ...(credential && { credential }) };
  const client = new KustoClient(settingsFrom(options));
  const [tables] = await client.command(".show tables");
  const [functions] = await client.command(".show functions");
  return [...rowsOf(tables), ...rowsOf(functions)];
}

function assertPassed(said: string, ingestion: string): void {
  assertStringIncludes(said, `ingestion ${ingestion}) ... ok`);
  assertMatch(said, /1 passed \(\d\d steps\) \| 0 failed/);
  assertStringIncludes(said, 'The order of texts: [["1"],');
  assert(!said.includes("could not be asked"), said);
}

Deno.test("the live suite passes against a cluster elsewhere that asks for sign-in, and leaves nothing there", async () => {
  const application = { tenant: "contoso", appId: "live", appKey: "s;ecret" };
  await using identities = new IdentityProvider({ ...application, tokens: [TOKEN] });
  const signIn = ["--token", `${TOKEN}=admin`, "--login-endpoint", identities.url];
  await using remote = await start(["--database", DATABASE, ...signIn]);
  const said = await runSuite({
    KUSTO_CLUSTER_URI: remote.url,
    KUSTO_CREDENTIAL: identities.credential,
    KUSTO_INGESTION: "streaming",
  });
  assertPassed(said, "streaming");
  assertEquals(identities.refused, 0);
  assertEquals(await leftIn(remote.url, () => Promise.resolve(TOKEN)), []);
});

Deno.test("the live suite passes against a cluster elsewhere that refuses to stream, by rows within commands", async () => {
  await using remote = await start(["--database", DATABASE, "--no-streaming"]);
  const said = await runSuite({ KUSTO_CLUSTER_URI: remote.url, KUSTO_INGESTION: "inline" });
  assertPassed(said, "inline");
  assertEquals(await leftIn(remote.url), []);
});
