import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { matchesFilter, searchTerms } from "../src/reading/filter.ts";
import { searchExtra, searchText } from "../src/search_text.ts";

type Bag = Record<string, unknown>;

/** Whether the server's part of a filter lets a row through, as the query has it. */
function passesServer(filter: Bag, text: string): boolean {
  return searchTerms(filter).every(({ line, key }) =>
    text.includes(line) || (text.startsWith("*") && !text.includes(key))
  );
}

const scalar = fc.oneof(
  fc.constantFrom("loop", "", "a\nb", '":"', "2026-01-01", "x".repeat(300), "\ud83e", -0, null),
  fc.string({ maxLength: 5 }),
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.boolean(),
);
const key = fc.oneof(fc.constantFrom("source", "step", "a", "__proto__"), fc.string());
const metadata = fc.dictionary(key, fc.oneof(scalar, fc.json().map((text) => JSON.parse(text))));

/** What comes back of metadata that were stored as JSON. */
function stored(bag: Bag): Bag {
  return JSON.parse(JSON.stringify(bag));
}

Deno.test("the server's part of a filter never drops a checkpoint that matches", () => {
  fc.assert(
    fc.property(metadata, metadata, fc.dictionary(key, scalar), (given, other, extra) => {
      const bag = stored(given);
      const text = searchText(bag, extra);
      for (
        const filter of [bag, other, extra, ...Object.entries(bag).map(([k, v]) => ({ [k]: v }))]
      ) {
        if (matchesFilter(filter, bag, text)) assert(passesServer(filter, text));
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("nor does it where the metadata are closed, whatever keys are searched by", () => {
  const keys = fc.array(key);
  fc.assert(
    fc.property(metadata, metadata, metadata, keys, (given, other, run, more) => {
      const bag = stored(given);
      const searchKeys = [...more, ...Object.keys(given).slice(1), ...Object.keys(run).slice(1)];
      const extra = searchExtra({ configurable: run }, given, searchKeys);
      const text = searchText(undefined, extra);
      for (
        const filter of [
          bag,
          other,
          run,
          ...Object.entries({ ...run, ...bag })
            .map(([k, v]) => ({ [k]: v })),
        ]
      ) {
        if (matchesFilter(filter, bag, text)) assert(passesServer(filter, text));
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("where the metadata are closed the server filters by the keys that it was told of", () => {
  const meta = { source: "loop", user: "ada" };
  const config = { configurable: { user: "overruled", team: "t" }, metadata: { org: 7 } };
  const text = searchText(undefined, searchExtra(config, meta, ["user", "team", "org", "none"]));
  assertEquals(text, '*\n"user":"ada"\n"team":"t"\n"org":7\n');
  const passed = (filter: Bag) => passesServer(filter, text);
  assertEquals([{ user: "ada" }, { team: "t", org: 7 }, { source: "other" }].map(passed), [
    true,
    true,
    true,
  ]);
  assertEquals([{ user: "bob" }, { org: "7" }, { team: "t", user: "bob" }].map(passed), [
    false,
    false,
    false,
  ]);
});

Deno.test("a filter of the metadata themselves matches", () => {
  fc.assert(fc.property(metadata, (given) => {
    const bag = stored(given);
    assert(matchesFilter(bag, bag, searchText(bag, {})));
  }));
});

Deno.test("a filter of a scalar matches only metadata that hold just that", () => {
  fc.assert(fc.property(metadata, key, scalar, (given, name, value) => {
    const bag = stored(given);
    const holds = Object.hasOwn(bag, name) && bag[name] === value;
    assertEquals(matchesFilter({ [name]: value }, bag, searchText(bag, {})), holds);
  }));
});

const matches: readonly (readonly [string, Bag, Bag, boolean])[] = [
  ["nothing", {}, { a: 1 }, true],
  ["an equal scalar", { a: 1 }, { a: 1, b: 2 }, true],
  ["another scalar", { a: 1 }, { a: 2 }, false],
  ["a number as text", { a: "1" }, { a: 1 }, false],
  ["a missing key", { a: 1 }, {}, false],
  ["null where the key is missing", { a: null }, {}, false],
  ["null", { a: null }, { a: null }, true],
  ["undefined", { a: undefined }, { a: 1 }, true],
  ["an inherited key", { toString: Object.prototype.toString }, {}, false],
  ["only one of two keys", { a: 1, b: 3 }, { a: 1, b: 2 }, false],
  ["an equal object, keys in another order", { a: { b: 1, c: 2 } }, { a: { c: 2, b: 1 } }, true],
  ["an object with a key more", { a: { b: 1 } }, { a: { b: 1, c: 2 } }, false],
  ["an object with a key less", { a: { b: 1, c: 2 } }, { a: { b: 1 } }, false],
  ["an equal list", { a: [1, { b: [] }] }, { a: [1, { b: [] }] }, true],
  ["a list in another order", { a: [1, 2] }, { a: [2, 1] }, false],
  ["a list for an object", { a: [] }, { a: {} }, false],
  ["a date for an object", { a: new Date(0) }, { a: {} }, false],
  ["an equal date", { a: new Date(5) }, { a: new Date(5) }, true],
  ["another date", { a: new Date(5) }, { a: new Date(6) }, false],
  ["an equal map", { a: new Map([["k", { v: 1 }]]) }, { a: new Map([["k", { v: 1 }]]) }, true],
  ["another map", { a: new Map([["k", 1]]) }, { a: new Map([["k", 2]]) }, false],
  ["an equal set", { a: new Set([1, 2]) }, { a: new Set([1, 2]) }, true],
  ["another set", { a: new Set([1]) }, { a: new Set([2]) }, false],
  ["another pattern", { a: /a/ }, { a: /b/ }, false],
];

for (const [what, filter, bag, expected] of matches) {
  Deno.test(`a filter of ${what} ${expected ? "matches" : "does not match"}`, () => {
    assertEquals(matchesFilter(filter, bag, searchText(bag, {})), expected);
  });
}

Deno.test("scalars beside the metadata are matched where the metadata have no such key", () => {
  const bag = { source: "loop" };
  const text = searchText(bag, { user: "u", source: "other" });
  assert(matchesFilter({ user: "u", source: "loop" }, bag, text));
  assert(!matchesFilter({ user: "v" }, bag, text));
  assert(!matchesFilter({ source: "other" }, bag, text));
});

Deno.test("what stands beside closed metadata gives way to what they turn out to hold", () => {
  const text = searchText(undefined, { source: "other", user: "u" });
  assert(matchesFilter({ source: "loop", user: "u" }, { source: "loop" }, text));
  assert(!matchesFilter({ source: "other" }, { source: "loop" }, text));
});

const texts: readonly (readonly [string, Bag | undefined, Bag, string])[] = [
  ["nothing", {}, {}, ""],
  [
    "scalars only",
    { a: "x", b: 1, c: true, d: null, e: {}, f: [1] },
    {},
    '\n"a":"x"\n"b":1\n"c":true\n"d":null\n',
  ],
  ["line ends as escapes", { "a\n": "b\n" }, {}, '\n"a\\n":"b\\n"\n'],
  ["closed metadata, with what stands beside them", undefined, { u: 1 }, '*\n"u":1\n'],
  ["closed metadata alone", undefined, {}, "*"],
];

for (const [what, bag, extra, expected] of texts) {
  Deno.test(`the search text holds ${what}`, () => {
    assertEquals(searchText(bag, extra), expected);
  });
}

for (const [size, terms] of [[250, 1], [251, 1], [252, 0], [10_000, 0]] as const) {
  Deno.test(`a line of ${size + 5} characters is ${terms ? "searched on the server" : "left to the client"}`, () => {
    const bag = { a: "x".repeat(size - 1) };
    assertEquals(searchTerms(bag).length, terms);
    assertEquals(searchText(bag, {}).length > 0, terms === 1);
    assert(matchesFilter(bag, bag, searchText(bag, {})));
  });
}

Deno.test("metadata too large to be searched keep what stands beside them searchable", () => {
  const large = Object.fromEntries(
    Array.from({ length: 200 }, (_, at) => [`key${at}`, "x".repeat(100)]),
  );
  const text = searchText(large, { user: "u" });
  assertEquals(text, '*\n"user":"u"\n');
  assert(matchesFilter({ user: "u", key7: large["key7"] }, large, text));
});

Deno.test("what stands beside the metadata is no more than a line each, even where it is too much", () => {
  const many = Object.fromEntries(
    Array.from({ length: 200 }, (_, at) => [`key${at}`, "x".repeat(100)]),
  );
  assertEquals(searchText({}, many), "*");
});
