import { assert, assertEquals } from "@std/assert";
import { at, checkpointOf, Lab, LOOP, testCases } from "./kit.ts";
import { around, limitsCases, roundTrip } from "./limits_cases.ts";

testCases([...limitsCases, around("a request", 4_000_000)]);

Deno.test("Values of 64 MB come back, as channel and as write, as text and as bytes", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const text = "2026-01-01\n".repeat(6_100_000);
  const config = await saver.put(at("t"), checkpointOf("1", { text }), LOOP, { text: 1 });
  const bytes = new Uint8Array(67_000_000).map((_, at) => at * 7);
  await saver.putWrites(config, [["bytes", bytes]], "task");
  const tuple = await lab.saver().getTuple(at("t"));
  // Compared by hand: a difference could not be shown.
  assert(tuple?.checkpoint.channel_values.text === text);
  const read = tuple?.pendingWrites?.[0]?.[2] as Uint8Array;
  assert(read.length === bytes.length && read.every((byte, at) => byte === bytes[at]));
});

Deno.test("10 000 writes of 8 KB, more than an answer holds, come back by every way", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const config = await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  const writes = Array.from(
    { length: 10_000 },
    (_, n): [string, unknown] => ["log", String(n).padEnd(8_000, "w")],
  );
  await saver.putWrites(config, writes, "task");
  await saver.put(config, checkpointOf("2"), LOOP, {});
  const isWhole = (read: readonly [string, string, unknown][] | undefined) =>
    read?.length === writes.length && read.every(([, , value], n) => value === writes[n]![1]);
  assert(isWhole((await lab.saver().getTuple(at("t", "1")))?.pendingWrites));
  const listed = await Array.fromAsync(lab.saver().list(at("t")));
  assertEquals(listed.map(({ checkpoint }) => checkpoint.id), ["2", "1"]);
  assert(isWhole(listed[1]?.pendingWrites));
  const request = { config: at("t"), channels: ["log"] };
  assert(isWhole((await lab.saver().getDeltaChannelHistory(request)).log?.writes));
});

Deno.test("State beyond what one answer may hold is read in pages", async () => {
  await using lab = await Lab.open();
  const parts = Array.from({ length: 5 }, (_, n) => String(n).repeat(9_000_000));
  await roundTrip(lab, "many", Object.fromEntries(parts.map((part, n) => [`part ${n}`, part])));
  await roundTrip(lab, "one", { whole: "x".repeat(40_000_000) });
});
