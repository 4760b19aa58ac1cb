import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { isStale, newPrefix } from "./prefix.ts";

const HOUR_MS = 60 * 60_000;
const NOW = Date.UTC(2026, 0, 1);

Deno.test("What a run made is left over once an hour has passed, not before", () => {
  const name = `${newPrefix(NOW, () => 0.5)}Checkpoints`;
  assertEquals(isStale(name, NOW), false);
  assertEquals(isStale(name, NOW + HOUR_MS), false);
  assertEquals(isStale(name, NOW + HOUR_MS + 1), true);
});

Deno.test("Prefixes of any run are names of Kusto, and runs of one moment differ", () => {
  const begun = fc.integer({ min: 0, max: NOW * 2 });
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(fc.property(begun, random, (begun, random) => {
    const prefix = newPrefix(begun, () => random);
    assert(/^[a-z][a-z0-9_]{0,40}$/.test(prefix), prefix);
    assert(isStale(`${prefix}Writes`, begun + HOUR_MS + 1), prefix);
  }));
  assertNotEquals(newPrefix(NOW, () => 0), newPrefix(NOW, () => 0.9));
});

Deno.test("Tables of others are never left over, whatever they are called", () => {
  const soon = NOW + 10 * HOUR_MS;
  const stale = newPrefix(NOW, () => 0);
  for (
    const name of ["Checkpoints", "live_Checkpoints", `my_${stale}Writes`, stale.slice(0, -1)]
  ) assertEquals(isStale(name, soon), false, name);
  fc.assert(fc.property(fc.string(), (name) => !isStale(name, soon)));
});
