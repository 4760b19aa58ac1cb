import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { RunnableConfig } from "@langchain/core/runnables";
import { KustoInputError } from "../src/errors.ts";
import { idText, readAddress, requireCheckpoint, requireThread } from "../src/run_config.ts";

const ids: readonly (readonly [unknown, string | undefined])[] = [
  ["t", "t"],
  ["", ""],
  ["naïve 🧵 \u0000\n'\"", "naïve 🧵 \u0000\n'\""],
  [7, "7"],
  [-0.5, "-0.5"],
  [undefined, undefined],
  [null, undefined],
];

for (const [id, expected] of ids) {
  Deno.test(`the id ${JSON.stringify(id)} is the text ${JSON.stringify(expected)}`, () => {
    assertEquals(idText("thread_id", id), expected);
  });
}

const refusals: readonly (readonly [string, unknown, string])[] = [
  ["an object", {}, "of type object"],
  ["a list", ["t"], "of type object"],
  ["a truth value", true, "of type boolean"],
  ["a bigint", 1n, "of type bigint"],
  ["a number that is none", NaN, "not a finite number"],
  ["an endless number", Infinity, "not a finite number"],
  ["the first half of a surrogate pair", "t\ud83e", "half a surrogate pair"],
  ["the second half of a surrogate pair", "\uddf5t", "half a surrogate pair"],
  ["a surrogate pair the wrong way round", "\uddf5\ud83e", "half a surrogate pair"],
];

for (const [what, id, reason] of refusals) {
  Deno.test(`${what} is refused as an id, by the name of its field`, () => {
    const error = assertThrows(() => idText("thread_id", id), KustoInputError, reason);
    assertEquals(error.message.startsWith('Cannot use "thread_id": '), true);
    assertEquals(error.code, "BAD_INPUT");
  });
}

for (const field of ["thread_id", "checkpoint_ns", "checkpoint_id"]) {
  Deno.test(`readAddress() refuses a ${field} that no Kusto string can hold`, () => {
    const configurable = { thread_id: "t", [field]: "\ud83e" };
    assertThrows(() => readAddress({ configurable }), KustoInputError, `"${field}"`);
  });
}

for (
  const configurable of [
    {},
    { checkpoint_id: "", checkpoint_map: null, checkpoint_ns: null, thread_id: null },
  ]
) {
  Deno.test(`readAddress() of ${JSON.stringify(configurable)} names nothing`, () => {
    const address = readAddress({ configurable });
    assertEquals([address.threadId, address.checkpointId], [undefined, undefined]);
    assertEquals(address.namespace, "");
    assertEquals(address.outer, []);
    assertEquals([address.run, address.signal], [[], undefined]);
  });
}

Deno.test("readAddress() takes the run, its outer checkpoints and its signal", () => {
  const control = {};
  const writer = () => {};
  const { signal } = new AbortController();
  const config: RunnableConfig = {
    signal,
    configurable: {
      thread_id: 5,
      checkpoint_ns: "child:1",
      checkpoint_id: "c2",
      checkpoint_map: { "": "c1", "child:1": "c2" },
    },
  };
  const address = requireCheckpoint("put writes", { ...config, control, writer } as RunnableConfig);
  assertEquals(address.run.map((object) => [writer, control].indexOf(object as never)), [0, 1]);
  assertStrictEquals(address.signal, signal);
  assertEquals(address.threadId, "5");
  assertEquals(address.namespace, "child:1");
  assertEquals(address.checkpointId, "c2");
  assertEquals(address.outer, [
    { namespace: "", checkpointId: "c1" },
    { namespace: "child:1", checkpointId: "c2" },
  ]);
});

for (const control of [null, 5, "run", undefined]) {
  Deno.test(`a control of ${JSON.stringify(control)} is no run`, () => {
    assertEquals(readAddress({ control } as RunnableConfig).run, []);
  });
}

const callers: readonly (readonly [string, Record<string, unknown>, boolean])[] = [
  ["an application", {}, false],
  [
    "an application with a checkpoint of the root",
    { checkpoint_ns: "", checkpoint_id: "c" },
    false,
  ],
  ["a subgraph", { checkpoint_ns: "child:1" }, true],
  ["a node", { __pregel_read: () => {} }, true],
];

for (const [who, configurable, byNode] of callers) {
  Deno.test(`a call by ${who} is ${byNode ? "" : "not "}by a node of a run`, () => {
    assertEquals(readAddress({ configurable }).byNode, byNode);
  });
}

Deno.test("requireThread() names the action and the missing field", () => {
  assertThrows(
    () => requireThread("put a checkpoint", { configurable: { checkpoint_id: "c" } }),
    KustoInputError,
    'Cannot put a checkpoint: "thread_id" is missing',
  );
});

Deno.test("requireCheckpoint() names the action and the missing field", () => {
  assertThrows(
    () => requireCheckpoint("put writes", { configurable: { thread_id: "t" } }),
    KustoInputError,
    'Cannot put writes: "checkpoint_id" is missing',
  );
});
