import { metrics } from "@opentelemetry/api";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { Instruments } from "../../src/observability/instruments.ts";
import type { Meter } from "../../mod.ts";
import { Recording } from "./recording.ts";

/** A meter that tells what is made of it, and reads its gauges when asked. */
function meter() {
  const made: string[] = [];
  const gauges = new Map<string, (result: { observe(value: number): void }) => void>();
  const fake: Meter = {
    createHistogram: (name) => (made.push(name), { record() {} }),
    createCounter: (name) => (made.push(name), { add() {} }),
    createObservableGauge: (name) => {
      made.push(name);
      return { addCallback: (callback) => void gauges.set(name, callback) };
    },
  };
  const read = (name: string) => {
    let read: number | undefined;
    gauges.get(name)?.({ observe: (value) => read = value });
    return read;
  };
  return { meter: fake, made, read };
}

Deno.test("the savers that share a meter are measured together, by instruments that are made once", () => {
  const { meter: shared, made, read } = meter();
  const holders = [{ unacknowledged: 2, bytes: 100 }, { unacknowledged: 3, bytes: 10 }];
  for (const holder of holders) {
    const instruments = Instruments.of(shared);
    instruments.watch(holder);
    instruments.call("put", 1, {});
    instruments.call("put", 2, { "error.type": "UNAVAILABLE" });
  }
  assertStrictEquals(Instruments.of(shared), Instruments.of(shared));
  assertEquals(made, [
    "checkpoint.batch_queue_size",
    "checkpoint.recent_rows_bytes",
    "checkpoint.put.duration_seconds",
  ]);
  assertEquals(read("checkpoint.batch_queue_size"), 5);
  assertEquals(read("checkpoint.recent_rows_bytes"), 110);
  holders[0]!.unacknowledged = 0;
  assertEquals(read("checkpoint.batch_queue_size"), 3);
});

Deno.test("where nothing can be held weakly there are no gauges, and all else is measured", () => {
  const { FinalizationRegistry } = globalThis;
  Reflect.deleteProperty(globalThis, "FinalizationRegistry");
  try {
    const { meter: bare, made } = meter();
    const instruments = Instruments.of(bare);
    instruments.watch({ unacknowledged: 2, bytes: 100 });
    instruments.call("put", 1, {});
    assertEquals(made, ["checkpoint.put.duration_seconds"]);
  } finally {
    globalThis.FinalizationRegistry = FinalizationRegistry;
  }
});

Deno.test("a duration is put into buckets of seconds", async () => {
  await using recording = new Recording();
  const instruments = Instruments.of(recording.meter);
  for (const seconds of [0.004, 0.02, 0.02, 3, 60]) instruments.call("put", seconds, {});
  const { descriptor, dataPoints } = (await recording.metrics()).get(
    "checkpoint.put.duration_seconds",
  )!;
  assertEquals(descriptor.unit, "s");
  const { buckets, sum } = dataPoints[0]!.value as {
    buckets: { boundaries: number[]; counts: number[] };
    sum: number;
  };
  assertEquals(sum, 63.044);
  const filled = buckets.counts.flatMap((count, at) =>
    count > 0 ? [[buckets.boundaries[at], count]] : []
  );
  assertEquals(filled, [[0.005, 1], [0.025, 2], [5, 1], [undefined, 1]]);
});

Deno.test("the meter of the API, which does nothing without an SDK, can be passed as it is", () => {
  Instruments.of(metrics.getMeter("nobody")).call("put", 1, {});
});
