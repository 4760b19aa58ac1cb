/**
 * What LangGraph asks of a saver, as cases for any cluster.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { uuid6 } from "@langchain/langgraph-checkpoint";
import { KustoClosedError, KustoInputError } from "../../mod.ts";
import type { Case } from "./cases.ts";
import { at, checkpointOf, LOOP } from "./kit.ts";

const STRANGE = [
  `quotes " ' \` and \\ backslashes \\u0041 \\`,
  "lines\nand\r\ttabs",
  "emoji 👩‍👩‍👧 and \u{10FFFF}",
  `'; .drop table Checkpoints //`,
  `" | take 1; Checkpoints | where thread_id == "`,
  "2024-01-01T00:00:00Z",
  "00000000-0000-0000-0000-000000000001",
  "12345678901234567890",
  "1e5",
  '{"a":1}',
  "null",
  " leading and trailing ",
  "\u0001\u001f",
  "x".repeat(10_000),
];

/** The cases. */
export const contractCases: readonly Case[] = [
  {
    name: "Ids, task ids and channel names of any text come back equal, in another process too",
    run: async (cluster) => {
      const saver = cluster.saver();
      for (const text of STRANGE) {
        const config = at(text, undefined, text);
        const values = { [text]: text, plain: text };
        const stored = await saver.put(config, checkpointOf("1", values), LOOP, {
          [text]: 1,
          plain: 1,
        });
        await saver.putWrites(stored, [[text, text]], text, text);
        for (const reader of [saver, await cluster.reader()]) {
          const tuple = await reader.getTuple(config);
          assertEquals(tuple?.config, at(text, "1", text), text);
          assertEquals(tuple?.checkpoint.channel_values, values, text);
          assertEquals(tuple?.pendingWrites, [[text, text, text]], text);
          const listed = await Array.fromAsync(reader.list(config));
          assertEquals(listed, [tuple!], text);
        }
      }
    },
  },
  {
    name: "Numeric thread ids work as their text",
    run: async (cluster) => {
      const saver = cluster.saver();
      const config = await saver.put(at(42), checkpointOf("1"), LOOP, {});
      assertEquals(config, at("42", "1"));
      const reader = await cluster.reader();
      assertEquals((await reader.getTuple(at("42")))?.config, at("42", "1"));
    },
  },
  {
    name: "put() and putWrites() name the field that is missing",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      const { channel_values: _, ...checkpoint } = checkpointOf("1");
      const full = { ...checkpoint, channel_values: {} };
      await assertRejects(() => saver.put({}, full, LOOP, {}), KustoInputError, `"thread_id"`);
      const none = { configurable: { checkpoint_ns: "" } };
      await assertRejects(() => saver.put(none, full, LOOP, {}), KustoInputError, `"thread_id"`);
      await assertRejects(
        () => saver.putWrites(none, [["a", 1]], "t"),
        KustoInputError,
        `"thread_id"`,
      );
      await assertRejects(
        () => saver.putWrites(at(thread), [["a", 1]], "t"),
        KustoInputError,
        `"checkpoint_id"`,
      );
    },
  },
  {
    name: "An id with half a surrogate pair is refused, as no Kusto string can hold it",
    run: async (cluster) => {
      const saver = cluster.saver();
      const config = at("broken \ud800");
      await assertRejects(() => saver.getTuple(config), KustoInputError, `"thread_id"`);
      await assertRejects(() => saver.put(config, checkpointOf("1"), LOOP, {}), KustoInputError);
    },
  },
  {
    name: "Channels may be named like what every object inherits",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      const config = await saver.put(at(thread), checkpointOf("1"), LOOP, {});
      const names = ["constructor", "constructor", "toString", "valueOf", "hasOwnProperty"];
      await saver.putWrites(config, names.map((name, n) => [name, n]), "task");
      for (const reader of [saver, await cluster.reader()]) {
        const tuple = await reader.getTuple(at(thread));
        assertEquals(tuple?.pendingWrites, names.map((name, n) => ["task", name, n]));
      }
    },
  },
  {
    name: "getTuple() of what does not exist is undefined",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      assertEquals(await saver.getTuple({ configurable: {} }), undefined);
      assertEquals(await saver.getTuple({}), undefined);
      assertEquals(await saver.getTuple(at("nobody")), undefined);
      await saver.put(at(thread), checkpointOf("1"), LOOP, {});
      assertEquals(await saver.getTuple(at(thread, "2")), undefined);
      assertEquals(await saver.getTuple(at(thread, undefined, "ns")), undefined);
    },
  },
  {
    name: "The latest checkpoint is the one with the greatest id, whatever came last",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      await saver.put(at(thread), checkpointOf("2", { a: 2 }), LOOP, { a: 1 });
      await saver.put(at(thread), checkpointOf("1", { a: 1 }), LOOP, { a: 1 });
      for (const reader of [saver, await cluster.reader()]) {
        assertEquals((await reader.getTuple(at(thread)))?.checkpoint.id, "2");
      }
    },
  },
  {
    name: "The same id put again: the last one counts, for every reader",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      await saver.put(at(thread), checkpointOf("1", { a: "old" }), LOOP, { a: 1 });
      await saver.put(at(thread), checkpointOf("1", { a: "new" }), LOOP, { a: 1 });
      for (const reader of [saver, await cluster.reader()]) {
        assertEquals((await reader.getTuple(at(thread)))?.checkpoint.channel_values, { a: "new" });
        assertEquals((await Array.fromAsync(reader.list(at(thread)))).length, 1);
      }
    },
  },
  {
    name: "Channels that did not change are whole after a reload, here and in another process",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      const large = "y".repeat(200_000);
      const first = await saver.put(
        at(thread),
        checkpointOf("1", { kept: "k", large, n: 1 }),
        LOOP,
        {
          kept: 1,
          large: 1,
          n: 1,
        },
      );
      await saver.put(first, checkpointOf("2", { kept: "k", large, n: 2 }), LOOP, { n: 2 });
      for (const reader of [saver, await cluster.reader()]) {
        const tuple = await reader.getTuple(at(thread));
        assertEquals(tuple?.checkpoint.channel_values, { kept: "k", large, n: 2 });
        assertEquals(tuple?.parentConfig, at(thread, "1"));
      }
    },
  },
  {
    name: "Absent, undefined, null and bytes stay what they are",
    run: async (cluster, thread) => {
      const values = {
        nothing: undefined,
        none: null,
        bytes: new Uint8Array([0, 255, 128]),
        empty: "",
      };
      const saver = cluster.saver();
      const config = await saver.put(at(thread), checkpointOf("1", values), LOOP, {
        nothing: 1,
        none: 1,
        bytes: 1,
        empty: 1,
      });
      await saver.putWrites(config, Object.entries(values), "task");
      for (const reader of [saver, await cluster.reader()]) {
        const tuple = await reader.getTuple(at(thread));
        assertEquals(tuple?.checkpoint.channel_values, values);
        assert(Object.hasOwn(tuple!.checkpoint.channel_values, "nothing"));
        assertEquals(tuple?.pendingWrites?.map(([, , value]) => value), Object.values(values));
      }
    },
  },
  {
    name: "What the graph changes after the call is not stored",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      const bytes = new Uint8Array([1]);
      const values = { list: ["a"], bytes };
      const written = { deep: ["a"] };
      const put = saver.put(at(thread), checkpointOf("1", values), LOOP, { list: 1, bytes: 1 });
      const write = saver.putWrites(at(thread, "1"), [["x", written]], "task");
      values.list.push("b");
      bytes[0] = 9;
      written.deep.push("b");
      await Promise.all([put, write]);
      const reader = await cluster.reader();
      const tuple = await reader.getTuple(at(thread));
      assertEquals(tuple?.checkpoint.channel_values, { list: ["a"], bytes: new Uint8Array([1]) });
      assertEquals(tuple?.pendingWrites, [["task", "x", { deep: ["a"] }]]);
    },
  },
  {
    name: "Of regular writes the first counts, of errors, interrupts and answers the last",
    run: async (cluster, thread) => {
      const config = at(thread, "1");
      const one = cluster.saver();
      await one.put(at(thread), checkpointOf("1"), LOOP, {});
      await one.putWrites(config, [["log", "first"], ["__resume__", "early"]], "task");
      const two = await cluster.reader();
      await two.getTuple(config);
      await two.putWrites(config, [["log", "second"], ["__resume__", "late"]], "task");
      for (const reader of [one, two, await cluster.reader()]) {
        assertEquals((await reader.getTuple(at(thread)))?.pendingWrites, [
          ["task", "__resume__", "late"],
          ["task", "log", "first"],
        ]);
      }
    },
  },
  {
    name: "Writes come back by task path, task id and position, characters in code point order",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      const config = await saver.put(at(thread), checkpointOf("1"), LOOP, {});
      const many = Array.from({ length: 12 }, (_, n): [string, unknown] => ["c", n]);
      await saver.putWrites(config, many, "b", "~2");
      await saver.putWrites(config, [["c", "astral"]], "\u{1F600}", "~1");
      await saver.putWrites(config, [["c", "bmp"]], "\uffee", "~1");
      await saver.putWrites(config, [["c", "no path"]], "z");
      for (const reader of [saver, await cluster.reader()]) {
        const tuple = await reader.getTuple(at(thread));
        assertEquals(tuple?.pendingWrites?.map(([, , value]) => value), [
          "no path",
          "bmp",
          "astral",
          ...many.map(([, value]) => value),
        ]);
      }
    },
  },
  {
    name: "Writes without their checkpoint are no checkpoint, and are there once it comes",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      await saver.putWrites(at(thread, "1"), [["a", 1]], "task");
      assertEquals(await saver.getTuple(at(thread, "1")), undefined);
      assertEquals(await saver.getTuple(at(thread)), undefined);
      await saver.put(at(thread), checkpointOf("1"), LOOP, {});
      const reader = await cluster.reader();
      assertEquals((await reader.getTuple(at(thread)))?.pendingWrites, [["task", "a", 1]]);
    },
  },
  {
    name: "A fork copies everything over, though it names no new versions",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      const fork = { source: "fork" as const, step: 1, parents: {} };
      await saver.put(at(thread), checkpointOf("1", { a: 1 }), fork, {});
      const reader = await cluster.reader();
      assertEquals((await reader.getTuple(at(thread)))?.checkpoint.channel_values, { a: 1 });
    },
  },
  {
    name: "Branches of a fork keep their own values, with numbers as versions too",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      const root = await saver.put(at(thread), checkpointOf("1", { a: "root" }), LOOP, { a: 1 });
      const versions = { channel_versions: { a: 2 } };
      await saver.put(root, checkpointOf("2", { a: "left" }, versions), LOOP, { a: 2 });
      await saver.put(root, checkpointOf("3", { a: "right" }, versions), LOOP, { a: 2 });
      const reader = await cluster.reader();
      assertEquals((await reader.getTuple(at(thread, "2")))?.checkpoint.channel_values, {
        a: "left",
      });
      assertEquals((await reader.getTuple(at(thread, "3")))?.checkpoint.channel_values, {
        a: "right",
      });
    },
  },
  {
    name: "close() waits for calls under way, then refuses new ones",
    run: async (cluster, thread) => {
      const saver = cluster.saver();
      const put = saver.put(at(thread), checkpointOf("1"), LOOP, {});
      await saver.close();
      await put;
      for (
        const call of [
          () => saver.getTuple(at(thread)),
          () => saver.getTuple({}),
          () => saver.list(at(thread)).next(),
          () => saver.put(at(thread), checkpointOf("2"), LOOP, {}),
          () => saver.putWrites(at(thread, "1"), [["a", 1]], "task"),
          () => saver.deleteThread(thread),
          () => saver.getDeltaChannelHistory({ config: at(thread), channels: ["a"] }),
          () => saver.setup(),
        ]
      ) await assertRejects(call, KustoClosedError, "closed");
      const reader = await cluster.reader();
      assertEquals((await reader.getTuple(at(thread)))?.checkpoint.id, "1");
    },
  },
  {
    name: "list() filters on metadata, deeply, and on what is not narrowed by the service",
    run: async (cluster, thread) => {
      const saver = cluster.saver({ searchKeys: ["user_id"] });
      const metas = [
        { source: "input", step: -1, parents: {}, tag: "a", deep: { x: [1] } },
        { source: "loop", step: 0, parents: {}, tag: null, when: "2024-01-01" },
        { source: "loop", step: 1, parents: {}, tag: "2024-01-01T00:00:00Z", deep: { x: [2] } },
      ] as const;
      let config = at(thread);
      for (const [n, meta] of metas.entries()) {
        const id = uuid6(n);
        const run = { ...config, configurable: { ...config.configurable, user_id: `user ${n}` } };
        config = await saver.put(run, checkpointOf(id), meta as never, {}) as typeof config;
      }
      const reader = await cluster.reader();
      const steps = async (filter: Record<string, unknown>, options = {}) =>
        await Array.fromAsync(
          reader.list(at(thread), { filter, ...options }),
          (tuple) => tuple.metadata?.step,
        );
      assertEquals(await steps({}), [1, 0, -1]);
      assertEquals(await steps({ source: "loop" }), [1, 0]);
      assertEquals(await steps({ source: "loop" }, { limit: 1 }), [1]);
      assertEquals(await steps({ step: -1 }), [-1]);
      assertEquals(await steps({ tag: null }), [0]);
      assertEquals(await steps({ tag: undefined }), [1, 0, -1]);
      assertEquals(await steps({ tag: "2024-01-01T00:00:00Z" }), [1]);
      assertEquals(await steps({ when: "2024-01-01" }), [0]);
      assertEquals(await steps({ deep: { x: [1] } }), [-1]);
      assertEquals(await steps({ deep: { x: [3] } }), []);
      assertEquals(await steps({ user_id: "user 1" }), [0]);
      assertEquals(await steps({ source: "loop" }, { limit: 0 }), []);
      assertEquals(await steps({ source: "loop" }, { limit: -1 }), []);
    },
  },
  {
    name: "Metadata come back as they were put, nothing of the configuration with them",
    run: async (cluster, thread) => {
      const saver = cluster.saver({ searchKeys: ["user_id"] });
      const meta = { ...LOOP, extra: { nested: [1, "2"], nul: "a\u0000b" } };
      const config = {
        configurable: { thread_id: thread, user_id: "u" },
        metadata: { run_id: "r" },
      };
      await saver.put(config, checkpointOf("1"), meta, {});
      const reader = await cluster.reader();
      assertEquals((await reader.getTuple(at(thread)))?.metadata as unknown, meta);
    },
  },
];
