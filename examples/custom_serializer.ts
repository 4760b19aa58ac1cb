/**
 * Values that JSON cannot spell come back as they were: `deno task example:custom-serializer`.
 *
 * LangGraph's own serializer turns a state with a BigInt anywhere in it into one text, without an error,
 * and dates into text. This one marks both and leaves all else to it.
 *
 * @module
 */
import { JsonPlusSerializer, type SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { Kusto } from "./kusto.ts";

/** Replaces values within lists and plain objects. */
function replace(value: unknown, by: (value: unknown) => unknown): unknown {
  const replaced = by(value);
  if (replaced !== value || typeof value !== "object" || value === null) return replaced;
  if (Array.isArray(value)) return value.map((part) => replace(part, by));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, replace(part, by)]));
}

function mark(value: unknown): unknown {
  if (typeof value === "bigint") return { $bigint: String(value) };
  return value instanceof Date ? { $date: value.toISOString() } : value;
}

function unmark(value: unknown): unknown {
  const { $bigint, $date } = (value ?? {}) as { $bigint?: string; $date?: string };
  if ($bigint !== undefined) return BigInt($bigint);
  return $date !== undefined ? new Date($date) : value;
}

class ExactSerializer implements SerializerProtocol {
  readonly #inner = new JsonPlusSerializer();

  // What it does before its first `await` sees values as they are at the call.
  dumpsTyped(value: unknown): Promise<[string, Uint8Array]> {
    return this.#inner.dumpsTyped(replace(value, mark));
  }

  async loadsTyped(type: string, data: Uint8Array | string): Promise<unknown> {
    return replace(await this.#inner.loadsTyped(type, data), unmark);
  }
}

await using kusto = await Kusto.open();
const State = Annotation.Root({ cents: Annotation<bigint>, due: Annotation<Date> });

for (const serde of [new JsonPlusSerializer(), new ExactSerializer()]) {
  await using saver = kusto.saver({ serde });
  const graph = new StateGraph(State)
    .addNode("charge", ({ cents }) => ({ cents: cents + 1n }))
    .addEdge(START, "charge")
    .addEdge("charge", END)
    .compile({ checkpointer: saver });
  const thread = { configurable: { thread_id: `exact ${crypto.randomUUID()}` } };
  await graph.invoke({ cents: 2n ** 64n, due: new Date(0) }, thread);
  const { cents, due } = (await graph.getState(thread)).values;
  console.log(`${serde.constructor.name}: ${cents}, ${Deno.inspect(due)}`);
}
