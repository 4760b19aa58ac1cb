/**
 * Signing in as the machine, without a secret: `deno task example:managed-identity`.
 *
 * With `KUSTO_CLUSTER_URI` set it does so on Azure: App Service, Functions, Container Apps, a virtual
 * machine. Elsewhere there is no such identity, so an endpoint of this machine gives the tokens, as that
 * of App Service does, and an embedded Kusto demands them.
 *
 * @module
 */
import { ManagedIdentityCredential } from "@azure/identity";
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { KustoSaver, KustoSignInError } from "../mod.ts";
import { KustoEmulator } from "../src/emulator/mod.ts";

/** A Kusto that takes one token, and what gives it out. */
function standIn() {
  const endpoint = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const resource = new URL(request.url).searchParams.get("resource");
    console.log(`  a token for ${resource} is asked for`);
    const expires_on = Math.floor(Date.now() / 1000) + 3600;
    return Response.json({ access_token: "of-this-machine", expires_on, token_type: "Bearer" });
  });
  Deno.env.set("IDENTITY_ENDPOINT", `http://127.0.0.1:${endpoint.addr.port}/token`);
  Deno.env.set("IDENTITY_HEADER", "known to this machine alone");
  const kusto = new KustoEmulator({ tokens: { "of-this-machine": ["admin"] } });
  return {
    fetch: kusto.fetch,
    async [Symbol.asyncDispose]() {
      await endpoint.shutdown();
      await kusto.close();
    },
  };
}

const cluster = Deno.env.get("KUSTO_CLUSTER_URI");
await using embedded = cluster ? undefined : standIn();
const address = cluster || "https://embedded.kusto.windows.net/NetDefaultDB";
const database = cluster && Deno.env.get("KUSTO_DATABASE");
const options = { ...(database && { database }), ...(embedded && { fetch: embedded.fetch }) };

// The identity of the machine; { clientId: "..." } for one that was assigned to it. In the database it
// needs the roles Ingestor and Viewer, and Admin to provision.
const credential = new ManagedIdentityCredential();
await using saver = KustoSaver.fromConnectionString(address, { ...options, credential });
await saver.setup({ provision: true });

const State = Annotation.Root({ greeting: Annotation<string> });
const graph = new StateGraph(State)
  .addNode("greet", () => ({ greeting: "signed in as the machine" }))
  .addEdge(START, "greet")
  .addEdge("greet", END)
  .compile({ checkpointer: saver });
const thread = { configurable: { thread_id: `machine ${crypto.randomUUID()}` } };
console.log((await graph.invoke({}, thread)).greeting);

await using stranger = KustoSaver.fromConnectionString(address, {
  ...options,
  credential: () => Promise.resolve("a token of nobody's"),
});
await stranger.getTuple(thread).catch((error) => {
  console.log(`a stranger is refused: ${error instanceof KustoSignInError}`);
});
