import { assertEquals } from "@std/assert";
import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { JsonPlusSerializer, MemorySaver } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import type { KustoSaver } from "../../mod.ts";
import { at, checkpointOf, Lab, LOOP } from "./kit.ts";

const serde = new JsonPlusSerializer();

/** What the serializer itself makes of a value. */
async function roundTrip(value: unknown): Promise<unknown> {
  const own = value instanceof Uint8Array ? value.slice() : value;
  return await serde.loadsTyped(...await serde.dumpsTyped(own));
}

/** Stores a value as a channel and as a write, and reads both as another process would. */
async function store(lab: Lab, saver: KustoSaver, thread: string, value: unknown) {
  const metadata = { ...LOOP, value };
  const config = await saver.put(at(thread), checkpointOf("1", { value }), metadata, { value: 1 });
  await saver.putWrites(config, [["value", value]], "task");
  const tuple = await lab.saver().getTuple(at(thread));
  return {
    channel: tuple?.checkpoint.channel_values.value,
    write: tuple?.pendingWrites?.[0]?.[2],
    metadata: tuple?.metadata,
  };
}

/** Texts that an engine may take for something else, or that its formats must escape. */
const TEXTS: readonly string[] = [
  "",
  " ",
  "2026-01-01",
  "2026-01-01T00:00:00.0000000Z",
  "1.02:03:04",
  "00000000-0000-0000-0000-000000000001",
  "{00000000-0000-0000-0000-000000000001}",
  "12",
  "-0",
  "1e400",
  "9223372036854775808",
  "NaN",
  "Infinity",
  "true",
  "null",
  "undefined",
  "[1,2]",
  '{"a":1,"a":2}',
  '"quoted"',
  "'",
  "'text",
  "dynamic(null)",
  "blob:json",
  "\u0000",
  "a\u0000b",
  "\u001f\u007f\u0085\u2028\u2029\ufeff",
  "\\u0000 \\ud800 \\\\",
  "\ud800",
  "\udc00\ud800",
  "\u{1F9F5}\uff5e",
  "e\u0301 \u00e9",
  "line\r\nline\ttab",
  "'; .drop table Checkpoints // ```",
];

const VALUES: readonly unknown[] = [
  ...TEXTS,
  Object.fromEntries(TEXTS.map((text) => [text, text])),
  undefined,
  null,
  true,
  0,
  -0,
  NaN,
  Infinity,
  2 ** 53 + 2,
  1e-320,
  12n,
  { deep: { big: 1n } },
  new Date(0),
  new Map<unknown, unknown>([["a", 1], [{ k: 1 }, new Set([1, "2"])]]),
  new Set<unknown>([1, "1", [1]]),
  /a\/b/gi,
  new Error("lost"),
  new Uint8Array(0),
  Uint8Array.from({ length: 256 }, (_, byte) => byte),
  Uint8Array.of(0xff, 0xfe, 0xc0, 0x80),
  { bytes: Uint8Array.of(0xed, 0xa0, 0x80) },
  [undefined, null, , 1],
  { z: 1, a: { y: [], x: {} }, 10: "ten", 9: "nine" },
  new HumanMessage({ content: "hello", id: "1", name: "n\u0000" }),
  new AIMessage({
    content: [{ type: "text", text: "2026-01-01" }],
    tool_calls: [{ id: "c", name: "f", args: { n: 1, when: "2026-01-01" } }],
  }),
  [new SystemMessage("s"), new ToolMessage({ content: "4", tool_call_id: "c", artifact: [1] })],
];

Deno.test("Values that an engine could take for others come back as the serializer gives them", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  for (const [at, value] of VALUES.entries()) {
    const stored = await store(lab, saver, `thread ${at}`, value);
    assertEquals(stored.channel, await roundTrip(value), `channel ${at}`);
    assertEquals(stored.write, await roundTrip(value), `write ${at}`);
    assertEquals(stored.metadata, await roundTrip({ ...LOOP, value }), `metadata ${at}`);
  }
});

Deno.test("Any value comes back as the serializer gives it, and as MemorySaver does", async () => {
  const anything = fc.oneof(
    fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
      withUnicodeString: true,
    }),
    fc.string({ unit: "binary" }),
    fc.uint8Array(),
    fc.constantFrom(...TEXTS),
  );
  await using lab = await Lab.open();
  const saver = lab.saver();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(anything, async (value) => {
      const stored = await store(lab, saver, `thread ${run++}`, value);
      const expected = await roundTrip(value);
      assertEquals(stored.channel, expected);
      assertEquals(stored.write, expected);
      const memory = new MemorySaver();
      await memory.put(at("t"), checkpointOf("1", { value }), LOOP);
      const { checkpoint } = (await memory.getTuple(at("t")))!;
      // It loses the whole checkpoint where the serializer cannot spell one value.
      if (typeof checkpoint === "object") {
        assertEquals(stored.channel, checkpoint.channel_values.value);
      }
    }),
    { numRuns: 150 },
  );
});

Deno.test("Functions and symbols, which no serializer spells, do not make a thread unreadable", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const values = { work: () => 1, mark: Symbol("mark"), nested: { work: () => 1 }, kept: 1 };
  const config = await saver.put(at("t"), checkpointOf("1", values), LOOP, {
    work: 1,
    mark: 1,
    nested: 1,
    kept: 1,
  });
  await saver.putWrites(config, Object.entries(values), "task");
  const memory = new MemorySaver();
  await memory.put(at("t"), checkpointOf("1", values), LOOP);
  for (const reader of [saver, lab.saver()]) {
    const tuple = await reader.getTuple(at("t"));
    const expected = (await memory.getTuple(at("t")))!.checkpoint.channel_values;
    assertEquals(tuple?.checkpoint.channel_values, expected);
    const written = tuple?.pendingWrites?.map(([, , value]) => value);
    assertEquals(written, [undefined, undefined, {}, 1]);
  }
});

Deno.test("a serializer of one's own reads the bytes that it made, not their text", async () => {
  await using lab = await Lab.open();
  const kinds = new Set<string>();
  class Strict extends JsonPlusSerializer {
    override loadsTyped(type: string, data: Uint8Array | string) {
      kinds.add(data.constructor.name);
      return super.loadsTyped(type, data);
    }
  }
  const saver = lab.saver({ serde: new Strict() });
  await saver.put(at("t"), checkpointOf("1", { small: 1, large: "x".repeat(50_000) }), LOOP, {});
  await saver.putWrites(at("t", "1"), [["small", 2]], "task");
  assertEquals((await saver.getTuple(at("t")))?.pendingWrites?.[0]?.[2], 2);
  assertEquals([...kinds], ["Uint8Array"]);
});
