// The edge functions of examples/edge in their runtimes: turns in new isolates, and in the same one.
import { assertEquals } from "@std/assert";
import { KustoEmulator } from "../../src/emulator/mod.ts";
import { KustoSaver } from "../../mod.ts";
import { IdentityProvider } from "../identity_provider.ts";
import { type Served, serveOnDeno, serveOnEdgeRuntime, serveOnWorkerd } from "./hosts.ts";
import { installTools } from "./tools.ts";

await installTools();

async function turn(server: Served, message: string, thread = "ada"): Promise<unknown> {
  const answer = await fetch(server.url, {
    method: "POST",
    body: JSON.stringify({ thread, message }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return await answer.json();
}

for (
  const [name, serve] of Object.entries({
    "Deno Deploy": (env: Record<string, string>) =>
      serveOnDeno("examples/edge/deno_deploy.ts", env),
    "Cloudflare": (env: Record<string, string>) =>
      serveOnWorkerd("examples/edge/cloudflare.ts", env),
    "Vercel": (env: Record<string, string>) => serveOnEdgeRuntime("examples/edge/vercel.ts", env),
  })
) {
  Deno.test(`the edge function for ${name} goes on in a new isolate where the last one was`, async () => {
    await using identities = new IdentityProvider({
      tenant: "contoso",
      appId: "function",
      appKey: "se;cret",
      tokens: ["for-the-function"],
    });
    await using kusto = new KustoEmulator({
      tokens: { "for-the-function": ["viewer", "ingestor"], "boss": ["admin"] },
      loginEndpoint: identities.url,
    });
    const { url } = await kusto.listen();
    const saver = KustoSaver.fromConnectionString(url, {
      database: "NetDefaultDB",
      credential: () => Promise.resolve("boss"),
    });
    await saver.setup({ provision: true });
    await saver.close();
    const env = {
      KUSTO_CLUSTER_URI: url,
      KUSTO_DATABASE: "NetDefaultDB",
      KUSTO_CREDENTIAL: identities.credential,
    };
    let isolates = 0;
    const signIns = () => [
      kusto.requests.records.filter(({ kind }) => kind === "metadata").length,
      identities.issued,
    ];
    for (
      const [message, reply] of [
        ["one", 'Hello! You said "one".'],
        ["two", 'That was your message 2; the first was "one".'],
      ] as const
    ) {
      await using server = await serve(env);
      const begun = performance.now();
      assertEquals(await turn(server, message), { reply, messages: message === "one" ? 1 : 2 });
      const cold = performance.now() - begun;
      const requests = kusto.requests.records.length;
      await turnOfTheServer(server);
      assertEquals(kusto.requests.records.length, requests, "nothing is pending after the answer");
      await Promise.all(
        ["bob", "eve"].map((thread) => turn(server, message, `${thread} ${message}`)),
      );
      isolates++;
      assertEquals(signIns(), [isolates, isolates], "each isolate signs in once");
      console.log(`  ${name}: first answer of a new isolate after ${cold.toFixed(0)} ms`);
    }
  });
}

/** Waits until the server has answered something else: what was pending would have gone out before. */
async function turnOfTheServer(server: Served): Promise<void> {
  const answer = await fetch(server.url, { method: "POST", body: "no JSON" }).catch(() =>
    undefined
  );
  await answer?.body?.cancel();
}
