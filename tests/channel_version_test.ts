import { assert, assertEquals, assertMatch } from "@std/assert";
import { compareChannelVersions } from "@langchain/langgraph-checkpoint";
import { nextChannelVersion } from "../src/channel_version.ts";

const steady = () => 0.25;

const first = `${"1".padStart(32, "0")}.2500000000000000`;
const second = `${"2".padStart(32, "0")}.2500000000000000`;

const cases: readonly (readonly [string, number | string | undefined, number | string])[] = [
  ["nothing", undefined, first],
  ["a number", 7, 8],
  ["the number zero", 0, 1],
  ["text of its own", first, second],
  ["text of another library", "00000000000000000000000000000001.0.379", second],
  ["text without a fraction", "1", second],
  ["text that is no version", "abc", first],
  ["empty text", "", first],
];

for (const [what, current, expected] of cases) {
  Deno.test(`the version after ${what} is ${typeof expected === "number" ? expected : "text"}`, () => {
    assertEquals(nextChannelVersion(current, steady), expected);
  });
}

Deno.test("versions keep their width at both ends of chance", () => {
  for (const random of [0, Number.MIN_VALUE, 1 - 2 ** -53]) {
    assertMatch(String(nextChannelVersion(undefined, () => random)), /^\d{32}\.\d{16}$/);
  }
});

Deno.test("versions grow by text and by LangGraph's own comparison, past every power of ten", () => {
  let version: number | string = nextChannelVersion(undefined, Math.random);
  for (let step = 0; step < 1_100; step++) {
    const next = nextChannelVersion(version, Math.random);
    assert(String(next) > String(version));
    assert(compareChannelVersions(next, version) > 0);
    version = next;
  }
});

Deno.test("two branches of a fork mint different versions", () => {
  assert(nextChannelVersion(first, () => 0.1) !== nextChannelVersion(first, () => 0.2));
});
