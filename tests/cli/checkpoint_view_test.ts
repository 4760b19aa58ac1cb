import { assertEquals } from "@std/assert";
import type { CheckpointTuple } from "@langchain/langgraph-checkpoint";
import {
  deltaChannels,
  pendingInterrupts,
  stateOf,
  summaryOf,
  taskFailures,
} from "../../src/cli/checkpoint_view.ts";
import { at, checkpointOf, LOOP } from "../saver/kit.ts";

function tuple(
  values: Record<string, unknown>,
  rest: Partial<CheckpointTuple> & { readonly seen?: Record<string, Record<string, number>> } = {},
): CheckpointTuple {
  const { seen = {}, ...others } = rest;
  return {
    config: at("t", "1"),
    checkpoint: checkpointOf("1", values, { versions_seen: seen }),
    metadata: LOOP,
    pendingWrites: [],
    ...others,
  };
}

/** What a checkpoint leads to: its values, what nodes have seen of them, and the nodes. */
const next: readonly (readonly [
  string,
  Record<string, unknown>,
  Record<string, Record<string, number>>,
  string[],
])[] = [
  ["an input", { __start__: { n: 1 } }, {}, ["__start__"]],
  ["an edge", { "branch:to:a": null, "branch:to:b": null }, {}, ["a", "b"]],
  ["an edge that was taken", { "branch:to:a": null }, { a: { "branch:to:a": 1 } }, []],
  ["an edge that is taken again", { "branch:to:a": 1 }, { a: { "branch:to:a": 0 } }, ["a"]],
  ["what was sent", { __pregel_tasks: [{ node: "w", args: 1 }, { node: "w" }] }, {}, ["w", "w"]],
  ["what was sent to nobody", { __pregel_tasks: [] }, {}, []],
  ["an end", { n: 1 }, {}, []],
];

for (const [title, values, seen, nodes] of next) {
  Deno.test(`the next nodes after ${title} are ${JSON.stringify(nodes)}`, () => {
    assertEquals(summaryOf(tuple(values, { seen })).next, nodes);
  });
}

Deno.test("the state holds the channels of users alone, and delta channels are told by their counters", () => {
  const counted = { messages: [3, 1], log: [0, 0] };
  const metadata = { ...LOOP, counters_since_delta_snapshot: counted } as never;
  const found = tuple({ n: 1, log: "kept", __start__: 1, "branch:to:a": 2 }, { metadata });
  assertEquals(stateOf(found), { n: 1, log: "kept" });
  assertEquals([deltaChannels(found), deltaChannels(tuple({}))], [["messages"], []]);
});

Deno.test("questions and failures of tasks that have ended since are not open", () => {
  const [first, second] = [{ id: "i1", value: 1 }, { id: "i2", value: 2 }];
  const found = tuple({}, {
    pendingWrites: [
      ["twice", "__interrupt__", [first, second]],
      ["answered", "__interrupt__", [first]],
      ["answered", "__resume__", ["yes"]],
      ["ended", "__interrupt__", [first]],
      ["ended", "n", 1],
      ["failed", "__error__", "why"],
      ["repeated", "__error__", "why"],
      ["repeated", "n", 1],
    ],
  });
  assertEquals(pendingInterrupts(found), [
    { id: "i1", taskId: "twice", value: 1 },
    { id: "i2", taskId: "twice", value: 2 },
    { id: "i1", taskId: "answered", value: 1 },
  ]);
  assertEquals(taskFailures(found), [{ taskId: "failed", error: "why" }]);
  assertEquals(summaryOf(found).interrupts, 3);
});
