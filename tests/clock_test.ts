import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { compareText, revisionOf, StampClock } from "../src/clock.ts";

const MILLISECONDS = { min: 0, max: 4_000_000_000_000 };

/** A clock whose time is what the list says, call by call; the last entry stays. */
function clockAt(times: readonly number[], writer = "w"): StampClock {
  let call = 0;
  return new StampClock(() => times[Math.min(call++, times.length - 1)]!, writer);
}

Deno.test("a stamp is sixteen digits of microseconds and the writer", () => {
  assertEquals(clockAt([1_700_000_000_000.25]).next(), "1700000000000250-w");
  assertEquals(clockAt([0]).next(), "0000000000000001-w");
});

Deno.test("stamps of one clock grow, whatever the wall clock does", () => {
  fc.assert(fc.property(fc.array(fc.nat(MILLISECONDS), { minLength: 2 }), (times) => {
    const clock = clockAt(times);
    const stamps = times.map(() => clock.next());
    assertEquals(stamps.toSorted(compareText), stamps);
    assertEquals(new Set(stamps).size, stamps.length);
  }));
});

Deno.test("a stamp is greater than all that were observed", () => {
  const observed = fc.array(
    fc.tuple(fc.nat(MILLISECONDS), fc.stringMatching(/^[0-9a-z]{1,12}$/)),
    { minLength: 1 },
  );
  fc.assert(fc.property(observed, fc.nat(MILLISECONDS), fc.boolean(), (seen, now, asRevision) => {
    const clock = clockAt([now]);
    const stamps = seen.map(([time, writer]) => clockAt([time], writer).next());
    for (const stamp of stamps) {
      if (asRevision) clock.observeRevision(revisionOf("1ef4\u0001-id", stamp));
      else clock.observe(stamp);
    }
    const next = clock.next();
    for (const stamp of stamps) assert(compareText(next, stamp) > 0, `${next} after ${stamp}`);
  }));
});

Deno.test("clocks of two writers that show the same time never make the same stamp", () => {
  const [a, b] = [clockAt([5], "a"), clockAt([5], "b")];
  const stamps = Array.from({ length: 50 }, () => [a.next(), b.next()]).flat();
  assertEquals(new Set(stamps).size, 100);
});

Deno.test("a stamp that is ahead by a single microsecond is overtaken", () => {
  const clock = clockAt([7]);
  clock.observe("0000000000007000-z");
  assertEquals(clock.next(), "0000000000007001-w");
  clock.observe("0000000000007002-z");
  assertEquals(clock.next(), "0000000000007003-w");
});

const strangers: readonly string[] = ["", "-", "not a stamp at all", "9".repeat(400), "NaN-w"];

for (const stamp of strangers) {
  Deno.test(`observing ${JSON.stringify(stamp.slice(0, 20))} leaves the clock at its time`, () => {
    const clock = clockAt([7]);
    clock.observe(stamp);
    assertEquals(clock.next(), "0000000000007000-w");
  });
}

Deno.test("revisions sort by checkpoint id first, then by stamp", () => {
  const revisions = [
    revisionOf("a", "0000000000000009-w"),
    revisionOf("a", "0000000000000010-a"),
    revisionOf("a", "0000000000000010-b"),
    revisionOf("a ", "0000000000000001-w"),
    revisionOf("aa", "0000000000000001-w"),
    revisionOf("b", "0000000000000001-w"),
  ];
  assertEquals(revisions.toReversed().sort(compareText), revisions);
});

Deno.test("compareText() orders by character value, capitals first, accents last", () => {
  assertEquals(["é", "b", "B", "", "a"].sort(compareText), ["", "B", "a", "b", "é"]);
  assertEquals(compareText("a", "a"), 0);
});
