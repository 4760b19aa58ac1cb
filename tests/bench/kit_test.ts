import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { holds, type Target, TARGETS } from "./catalogue.ts";
import { Relay } from "./kit/relay.ts";
import { median, percentile, ratio, takeTurns } from "./kit/statistics.ts";
import { replacePart } from "./pages.ts";
import { figure, targetTable } from "./report.ts";

Deno.test("the median is the middle, or the mean of the two that are", () => {
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(median([10, 1, 2, 3]), 2.5);
});

Deno.test("a percentile is the value below which a part lies", () => {
  const values = Array.from({ length: 100 }, (_, n) => 100 - n);
  assertEquals([percentile(values, 0), percentile(values, 0.5), percentile(values, 0.99)], [
    1,
    51,
    100,
  ]);
});

Deno.test("a ratio compares each round with its own, so that a machine that slows down changes nothing", () => {
  assertEquals(ratio([2, 20, 200], [1, 10, 100]), 2);
});

Deno.test("contenders take turns, and their first round does not count", async () => {
  const order: string[] = [];
  const contender = (name: string) => () => Promise.resolve(order.push(name));
  const rounds = await takeTurns(2, { a: contender("a"), b: contender("b") });
  assertEquals(order.join(""), "ababab");
  assertEquals(rounds, { a: [3, 5], b: [4, 6] });
});

/** A server that gives back each line with a mark, and a client of it through a relay. */
async function conversation(lines: readonly string[]) {
  const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    using connection = await server.accept();
    const buffer = new Uint8Array(100);
    for (let read; (read = await connection.read(buffer)) !== null;) {
      buffer[read] = "!".charCodeAt(0);
      await connection.write(buffer.subarray(0, read + 1));
    }
  })();
  await using relay = new Relay(server.addr.port);
  relay.delayMs = 2;
  const client = await Deno.connect({ hostname: "127.0.0.1", port: relay.port });
  const heard: string[] = [];
  for (const line of lines) {
    await client.write(new TextEncoder().encode(line));
    const buffer = new Uint8Array(100);
    const read = await client.read(buffer);
    heard.push(new TextDecoder().decode(buffer.subarray(0, read!)));
  }
  client.close();
  await serving;
  server.close();
  return { heard, passed: relay.take() };
}

Deno.test("a relay passes everything on, in order, and counts it", async () => {
  const { heard, passed } = await conversation(["one", "two", "three"]);
  assertEquals(heard, ["one!", "two!", "three!"]);
  assertEquals(passed, { roundTrips: 3, connections: 1, sent: 11, received: 14 });
});

Deno.test("a value holds up to its bound and no further", () => {
  const target = (bound?: Target["bound"]): Target => ({
    group: "flat",
    what: "",
    unit: "x",
    ...(bound && { bound }),
  });
  assertEquals([holds(target({ most: 2 }), 2), holds(target({ most: 2 }), 2.1)], [true, false]);
  assertEquals([holds(target({ least: 2 }), 2), holds(target({ least: 2 }), 1.9)], [true, false]);
  assertEquals(holds(target(), 1), undefined);
});

Deno.test("the table has a line for each target that was measured, and says which do not hold", () => {
  const values = Object.fromEntries(Object.keys(TARGETS).map((key) => [key, 0.5]));
  const table = targetTable(values);
  assertEquals(table.split("\n").length, Object.keys(TARGETS).length + 2);
  for (const { what } of Object.values(TARGETS)) assertStringIncludes(table, `| ${what} |`);
  assert(targetTable({ run: 0.1 }).includes("| 0.100x | at most 0.2x | yes |"));
  assert(targetTable({ run: 0.3 }).includes("| 0.300x | at most 0.2x | **no** |"));
});

Deno.test("figures have three digits that count", () => {
  assertEquals([0.01234, 1.234, 12.34, 123.4, 1234.5, 7].map(figure), [
    "0.0123",
    "1.23",
    "12.3",
    "123",
    "1235",
    "7",
  ]);
});

Deno.test("a part of a page is replaced between its marks, and nothing else", () => {
  const page = "# A\n\n<!-- one -->\nold\n<!-- /one -->\n\n<!-- two -->\n<!-- /two -->\n";
  const changed = replacePart(page, "one", "new");
  assertEquals(
    changed,
    "# A\n\n<!-- one -->\n\nnew\n\n<!-- /one -->\n\n<!-- two -->\n<!-- /two -->\n",
  );
  assertEquals(replacePart(changed, "one", "new"), changed);
  assertThrows(() => replacePart(page, "three", ""), Error, "three");
});
