/**
 * State that Kusto cannot read, and keys that change: `deno task example:encryption`.
 *
 * Two processes share a thread; the second has a new key, and the old one to read with. See
 * `docs/encryption.md`.
 *
 * @module
 */
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { EncryptedSerializer, KustoDecryptionError } from "../src/encryption/mod.ts";
import type { KustoSaver } from "../mod.ts";
import { Kusto } from "./kusto.ts";

await using kusto = await Kusto.open();

const State = Annotation.Root({
  said: Annotation<string[]>({ reducer: (all, more) => [...all, ...more], default: () => [] }),
});
const agent = (checkpointer: KustoSaver) =>
  new StateGraph(State)
    .addNode("listen", ({ said }) => ({ said: [`I heard ${said.length}`] }))
    .addEdge(START, "listen")
    .addEdge("listen", END)
    .compile({ checkpointer });
const thread = { configurable: { thread_id: `secret ${crypto.randomUUID()}` } };

// From your vault: 32 random bytes, as they are or in base64.
const march = { id: "2026-03", key: crypto.getRandomValues(new Uint8Array(32)) };
const april = { id: "2026-04", key: crypto.getRandomValues(new Uint8Array(32)) };

await using first = kusto.saver({ serde: new EncryptedSerializer({ keys: [march] }) });
await agent(first).invoke({ said: ["my account is 4711"] }, thread);
const { config: left } = await agent(first).getState(thread);

// The first key encrypts, all of them decrypt.
await using second = kusto.saver({ serde: new EncryptedSerializer({ keys: [april, march] }) });
await agent(second).getState(left); // asked for by its id, it is waited for
const { said } = await agent(second).invoke({ said: ["and my code is 0815"] }, thread);
const { config: newest } = await agent(second).getState(thread);
console.log(`with both keys: ${said.join(", ")}`);

// Each checkpoint holds all its values: the newest no longer needs the old key, those before do.
await using later = kusto.saver({ serde: new EncryptedSerializer({ keys: [april] }) });
const { values } = await agent(later).getState(newest);
console.log(`with the new key: ${values.said.length} values of the newest checkpoint`);
try {
  for await (const _ of later.list(thread)) continue;
} catch (error) {
  if (!(error instanceof KustoDecryptionError)) throw error;
  console.log(`its history: ${error.reason} ${error.keyId}`);
}

await using nobody = kusto.saver();
await nobody.getTuple(thread).catch(({ message }) => console.log(`without a key: ${message}`));
