import { assertEquals } from "@std/assert";
import { BoundedMap } from "../src/bounded_map.ts";

function mapOf(limit: number, keys: string): BoundedMap<string, string> {
  const map = new BoundedMap<string, string>(limit);
  for (const key of keys) map.set(key, key.toUpperCase());
  return map;
}

function held(map: BoundedMap<string, string>, keys: string): string {
  return [...keys].map((key) => map.get(key) ?? "-").join("");
}

const cases: readonly (readonly [string, string, string])[] = [
  ["just under its limit keeps every entry", "ab", "AB---"],
  ["at its limit keeps every entry", "abc", "ABC--"],
  ["over its limit forgets the oldest entry", "abcd", "-BCD-"],
  ["counts a key that is set again once", "aaabc", "ABC--"],
  ["keeps a key that was set again longer", "abcad", "A-CD-"],
];

for (const [title, keys, expected] of cases) {
  Deno.test(`a bounded map ${title}`, () => {
    assertEquals(held(mapOf(3, keys), "abcde"), expected);
  });
}

Deno.test("reading an entry of a bounded map makes it the last to go", () => {
  const map = mapOf(3, "abc");
  assertEquals(map.get("a"), "A");
  map.set("d", "D");
  assertEquals(held(map, "abcd"), "A-CD");
});

Deno.test("a bounded map holds the value that was set last", () => {
  const map = mapOf(3, "ab");
  map.set("a", "new");
  assertEquals(map.get("a"), "new");
});
