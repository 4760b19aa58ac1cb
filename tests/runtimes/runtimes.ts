// The same sources on every runtime, against an embedded Kusto in this process: deno task test:runtimes
import { assertEquals, assertStringIncludes } from "@std/assert";
import { KustoEmulator } from "../../src/emulator/mod.ts";
import { assertPrinted } from "../observability/node_example.ts";
import { KustoSaver } from "../../mod.ts";
import { at, checkpointOf, LOOP } from "../saver/kit.ts";
import { bundle } from "./bundle.ts";
import { serveOnEdgeRuntime, serveOnWorkerd } from "./hosts.ts";
import { installTools, programs, run, tools } from "./tools.ts";

const DONE = "stopped, resumed, listed, deleted";
const here = "tests/runtimes";

await installTools();
const folder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

async function onKusto(use: (url: string) => Promise<string>): Promise<void> {
  await using kusto = new KustoEmulator();
  const { url } = await kusto.listen();
  assertEquals((await use(url)).trim(), DONE);
}

Deno.test("an agent stops and resumes on Deno", () =>
  onKusto((url) => run(Deno.execPath(), ["run", "-A", "--quiet", `${here}/command.ts`, url])));

Deno.test("an agent stops and resumes on Bun", () =>
  onKusto((url) =>
    run(programs.bun, ["--preload", `./${here}/bun.ts`, `${here}/command.ts`, url])
  ));

for (
  const [name, program, ...args] of [
    ["Bun", programs.bun, "--preload", `./${here}/bun.ts`, `${here}/ending.ts`],
    ["Node 20", programs.node20, `${folder}/ending.mjs`],
    ["Node 26", programs.nodeCurrent, `${folder}/ending.mjs`],
  ] as const
) {
  Deno.test(`a process ends before its buffered rows are stored on ${name}`, async () => {
    await bundle(`${here}/ending.ts`, `${folder}/ending.mjs`, { platform: "node", format: "esm" });
    await using kusto = new KustoEmulator();
    const { url } = await kusto.listen();
    assertEquals((await run(program, [...args, url])).trim(), "left rows behind");
  });
}

for (const [name, node] of [["20", programs.node20], ["26", programs.nodeCurrent]] as const) {
  Deno.test(`an agent stops and resumes on Node ${name}`, () =>
    onKusto(async (url) => {
      const file = `${folder}/node.mjs`;
      await bundle(`${here}/command.ts`, file, { platform: "node", format: "esm" });
      return run(node, [file, url]);
    }));
}

for (
  const [name, program, ...args] of [
    ["Deno", Deno.execPath(), "run", "-A", "--quiet", `${here}/cli.ts`],
    ["Bun", programs.bun, "--preload", `./${here}/bun.ts`, `${here}/cli.ts`],
    ["Node 20", programs.node20, `${folder}/cli.mjs`],
    ["Node 26", programs.nodeCurrent, `${folder}/cli.mjs`],
  ] as const
) {
  Deno.test(`the command line prepares a database, shows a thread and examines all on ${name}`, async () => {
    await bundle(`${here}/cli.ts`, `${folder}/cli.mjs`, {
      platform: "node",
      format: "esm",
      external: ["@kusto/language-service-next"],
    });
    await using kusto = new KustoEmulator();
    const { url } = await kusto.listen();
    const env = { KUSTO_CLUSTER_URI: url, KUSTO_DATABASE: kusto.database };
    const printed = await run(program, [...args, "setup", "--provision", "--json"], env);
    assertEquals(JSON.parse(printed).ready, true);
    const saver = KustoSaver.fromConnectionString(url, { database: kusto.database });
    await saver.put(at("t"), checkpointOf("1", { n: 7 }), LOOP);
    const shown = await run(program, [...args, "show", "t", "--json"], env);
    assertEquals(JSON.parse(shown).checkpoint.state, { n: 7 });
    const examined = await run(program, [...args, "doctor", "--json"], env);
    assertEquals(JSON.parse(examined).healthy, true);
  });
}

Deno.test("the OpenTelemetry SDK prints the spans and metrics of the example on Node 26", async () => {
  // Beside the tools, where it finds the parser of the embedded Kusto.
  const file = `${tools}/observability.mjs`;
  await bundle("examples/observability/node.ts", file, {
    platform: "node",
    format: "esm",
    external: ["@kusto/language-service-next"],
  });
  assertPrinted(await run(programs.nodeCurrent, [file]));
});

for (
  const [name, serve] of Object.entries({
    "Cloudflare's workerd": () => serveOnWorkerd(`${here}/workerd.ts`),
    "Vercel's edge runtime": () => serveOnEdgeRuntime(`${here}/edge.ts`),
  })
) {
  Deno.test(`an agent stops and resumes on ${name}`, () =>
    onKusto(async (kusto) => {
      await using server = await serve();
      const answer = await fetch(`${server.url}/?kusto=${encodeURIComponent(kusto)}`);
      return await answer.text();
    }));

  Deno.test(`without a credential the error says what to pass on ${name}`, async () => {
    await using server = await serve();
    const said = await (await fetch(`${server.url}/without-credential`)).text();
    assertStringIncludes(said, "KustoSignInError: Cannot sign in: no credential was given");
    assertStringIncludes(said, 'pass the option "credential", on an edge runtime a token function');
  });
}

/** A command `az` that gives one token, and notes in a file that it was asked. */
async function fakeAzureCli(token: string): Promise<{ env: Record<string, string>; log: string }> {
  const bin = await Deno.makeTempDir({ dir: folder });
  const log = `${bin}/asked`;
  const answer = JSON.stringify({
    accessToken: token,
    expires_on: Math.floor(Date.now() / 1000) + 3600,
    tokenType: "Bearer",
  });
  await Deno.writeTextFile(`${bin}/az`, `#!/bin/sh\necho "$@" >> ${log}\necho '${answer}'\n`);
  await Deno.chmod(`${bin}/az`, 0o755);
  const env = {
    PATH: `${bin}:${Deno.env.get("PATH")}`,
    // Of the credentials that are tried in turn only this one: others ask addresses beyond this machine.
    AZURE_TOKEN_CREDENTIALS: "AzureCliCredential",
  };
  return { env, log };
}

const source = [Deno.execPath(), "run", "-A", "--no-lock", "--quiet", `${here}/sign_in.ts`];
// Beside the tools, where a bundle finds @azure/identity as it would in a project that installed it.
const bundled = `${tools}/sign_in.mjs`;

for (
  const [name, [program, ...args]] of Object.entries({
    "Deno": source,
    "Bun": [programs.bun, bundled],
    "Node 20": [programs.node20, bundled],
    "Node 26": [programs.nodeCurrent, bundled],
  })
) {
  Deno.test(`DefaultAzureCredential signs in with the Azure CLI on ${name}`, async () => {
    await bundle(`${here}/sign_in.ts`, bundled, { platform: "node", format: "esm" });
    await using kusto = new KustoEmulator({ tokens: { "from-the-cli": ["admin"] } });
    const { url } = await kusto.listen();
    const { env, log } = await fakeAzureCli("from-the-cli");
    assertEquals((await run(program!, [...args, url], env)).trim(), "signed in");
    const asked = (await Deno.readTextFile(log)).trim().split("\n");
    assertEquals(asked.length, 1);
    assertStringIncludes(asked[0]!, "--resource https://kusto.kusto.windows.net");
  });
}

Deno.test("ManagedIdentityCredential signs in at the machine's identity endpoint", async () => {
  const asked: string[] = [];
  await using kusto = new KustoEmulator({ tokens: { "of-the-machine": ["admin"] } });
  const { url } = await kusto.listen();
  const endpoint = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { searchParams } = new URL(request.url);
    asked.push(`${searchParams.get("resource")} ${request.headers.get("x-identity-header")}`);
    const expires_on = Math.floor(Date.now() / 1000) + 3600;
    return Response.json({ access_token: "of-the-machine", expires_on, token_type: "Bearer" });
  });
  const env = {
    AZURE_TOKEN_CREDENTIALS: "ManagedIdentityCredential",
    IDENTITY_ENDPOINT: `http://127.0.0.1:${endpoint.addr.port}/token`,
    IDENTITY_HEADER: "this-machine",
  };
  await bundle(`${here}/sign_in.ts`, bundled, { platform: "node", format: "esm" });
  const printed = await run(programs.nodeCurrent, [bundled, url], env);
  await endpoint.shutdown();
  assertEquals(printed.trim(), "signed in");
  assertEquals(asked, ["https://kusto.kusto.windows.net this-machine"]);
});
