/**
 * What encryption adds to the bytes that are sent: `deno task bench:encryption`. Its numbers stand in
 * `docs/encryption.md`.
 *
 * @module
 */
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { Annotation, END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { KustoSaver, type KustoSaverOptions } from "../../mod.ts";
import { EncryptedSerializer } from "../../src/encryption/mod.ts";
import { KustoEmulator } from "../../src/emulator/mod.ts";
import { seeded } from "../saver/graph_kit.ts";

const TURNS = { question: 20, answer: 100 };
const SYLLABLES = "ba de fi go ku la me ni po ru sa te vi wo xu ya ze".split(" ");

/** A run whose state is a chat, beside values that never change. */
interface Run {
  readonly name: string;
  readonly turns: number;
  /** The sizes of the values beside the chat, in bytes. */
  readonly beside: readonly number[];
}

const runs: readonly Run[] = [
  { name: "a chat of 10 turns", turns: 10, beside: [] },
  { name: "a chat of 50 turns", turns: 50, beside: [] },
  { name: "10 turns beside 500 kB", turns: 10, beside: [500_000] },
  { name: "10 turns beside 20 x 20 kB", turns: 10, beside: Array(20).fill(20_000) },
];

const keys = [{ id: "k", key: new Uint8Array(32).fill(1) }];
const ways: Readonly<Record<string, Pick<KustoSaverOptions, "serde">>> = {
  plain: {},
  encrypted: { serde: new EncryptedSerializer({ keys }) },
  Infinity: { serde: new EncryptedSerializer({ keys, deterministicFromBytes: Infinity }) },
};

/** Runs it and counts the bytes of the requests that store rows, in kB. */
async function measure(
  { turns, beside }: Run,
  options: Pick<KustoSaverOptions, "serde">,
): Promise<number> {
  const random = seeded(1);
  const text = (bytes: number) => {
    const words: string[] = [];
    for (let length = 0; length < bytes; length += words.at(-1)!.length + 1) {
      const word = Array.from(
        { length: 1 + random() * 4 },
        () => SYLLABLES[Math.floor(random() ** 2 * SYLLABLES.length)],
      );
      words.push(word.join(""));
    }
    return words.join(" ");
  };
  let sent = 0;
  await using emulator = new KustoEmulator();
  await using saver = KustoSaver.fromConnectionString("http://localhost", {
    compression: "gzip",
    database: "NetDefaultDB",
    fetch: (url, init) => {
      if (String(url).includes("/ingest/")) sent += (init!.body as Uint8Array).length;
      return emulator.fetch(url, init);
    },
    ...options,
  });
  await saver.setup({ provision: true });
  const documents = Object.fromEntries(beside.map((bytes, at) => [`document${at}`, text(bytes)]));
  const channels = Object.keys(documents).map((name) => [name, Annotation<string>]);
  const graph = new StateGraph(
    Annotation.Root({ ...MessagesAnnotation.spec, ...Object.fromEntries(channels) }),
  )
    .addNode("answer", () => ({ messages: [new AIMessage(text(TURNS.answer * 6))] }))
    .addEdge(START, "answer")
    .addEdge("answer", END)
    .compile({ checkpointer: saver });
  const thread = { configurable: { thread_id: "t" } };
  for (let turn = 0; turn < turns; turn++) {
    const messages = [new HumanMessage(text(TURNS.question * 6))];
    await graph.invoke(turn === 0 ? { ...documents, messages } : { messages }, thread);
  }
  return Math.round(sent / 1000);
}

const rows: Record<string, Record<string, number>> = {};
for (const run of runs) {
  const row: Record<string, number> = rows[run.name] = {};
  for (const [way, options] of Object.entries(ways)) row[way] = await measure(run, options);
}
console.table(rows);
