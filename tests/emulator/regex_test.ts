/** Regular expressions of the embedded Kusto: the documented syntax, in time that grows with the text alone. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { type Pattern, patternOf } from "../../src/emulator/functions/pattern.ts";
import { Budget } from "../../src/emulator/language/budget.ts";
import { fuzzing } from "./fuzz_settings.ts";
import { print } from "./language_kit.ts";
import { Service } from "./service.ts";

const matches = (expression: string, text: string): string =>
  `strcat_array(extract_all(@'(${expression})', '${text}'), ' ')`;

/** What is searched for in what, and all that is found. */
const cases: Readonly<Record<string, readonly (readonly [string, string, string])[]>> = {
  "flags hold for the rest of a group": [
    ["(?i)a+(?-i)b+", "aAbB AAB", "aAb"],
    ["(?i:a)b", "Ab AB", "Ab"],
    ["(?s)a.b", "a\\nb", "a\\nb"],
    ["a.b", "a\\nb", ""],
    ["(?m)^b$", "a\\nb\\nc", "b"],
    ["\\Ab|c\\z", "a\\nb\\nc", "c"],
    ["(?U)a+", "aa", "a a"],
    ["(?U)a+?", "aa", "aa"],
    ["(?u)a(?u:b)", "ab", "ab"],
  ],
  "classes of Unicode are those of the documentation": [
    ["\\pN+", "a12½", "12½"],
    ["\\p{Greek}+", "aαβ", "αβ"],
    ["\\P{Greek}+", "aαβ", "a"],
    ["\\p{Letter}+", "1é2", "é"],
    ["\\d+", "1२x", "1२"],
    ["\\D+", "1२x", "x"],
    ["\\w+", "é_1-", "é_1"],
    ["\\W+", "é_1-", "-"],
    ["[\\W_]+", "é_1-", "_ -"],
    ["[^\\W_]+", "é_1-", "é 1"],
    ["[\\d-]+", "1-२x", "1-२"],
    ["\\s", "a\\u00a0b", "\\u00a0"],
    ["[\\s\\S]+", "a b", "a b"],
    ["[[:alpha:]]+", "aé1", "a"],
    ["[[:^alpha:]b]+", "ab1", "b1"],
    ["[]a]+", "a]b", "a]"],
    [".", "😀", "😀"],
  ],
  "escapes stand for one character": [
    ["\\x41\\x{42}\\u0043\\u{44}\\U00000045\\103", "ABCDEC", "ABCDEC"],
    ["\\.\\/\\-\\ ", "./- ", "./- "],
    ["[\\[\\]]+", "[x]", "[ ]"],
  ],
  "what is longer goes first only where the expression says so": [
    ["a|ab", "ab", "a"],
    ["a{2}", "aaaaa", "aa aa"],
    ["a{1,2}?", "aa", "a a"],
    ["\\bb\\w*", "abc bcd", "bcd"],
  ],
};

for (const [what, examples] of Object.entries(cases)) {
  Deno.test(`regular expressions: ${what}`, async () => {
    for (const [expression, text, expected] of examples) {
      assertEquals([expression, await print(matches(expression, text))], [
        expression,
        `"${expected}"`.replaceAll("\\u00a0", "\u00a0"),
      ]);
    }
  });
}

Deno.test("every function over regular expressions takes the documented syntax", async () => {
  const given: readonly (readonly [string, string])[] = [
    ["'x1' matches regex @'\\d', 'x' matches regex @'\\d'", "true | false"],
    ["extract('(?P<n>a)(b)?', 1, 'ca'), extract('(a)(b)?', 2, 'ca')", '"a" | ""'],
    ["extract_all('(?P<x>a)(?P<y>b)', dynamic(['y', 1]), 'abab')", '[["b","a"],["b","a"]]'],
    [
      "replace_regex('ab', '(a)(b)', @'\\2\\1\\0$1'), replace_regex('a', 'a', @'\\\\1')",
      '"baab$1" | "\\\\1"',
    ],
    ["replace_regex('baac', 'a*', '-')", '"-b-c-"'],
    ["countof('baac', 'a*', 'regex'), indexof_regex('abcb', '[b]', 0, -1, 2)", "3 | 3"],
    ["trim('a|b', 'axb'), trim_start('(?i)A', 'aaa'), trim_end('a+', 'xaa')", '"x" | "aa" | "x"'],
  ];
  for (const [expressions, expected] of given) assertEquals(await print(expressions), expected);
});

Deno.test("what the engine has no word for is refused by name, never guessed", async () => {
  const unknown = [
    ..."(?=a) (?!a) (?<=a)b (a)\\1 a{1001} (a{100}){100} [a-y&&xyz] [a--b] [a~~b] [x[^y]]".split(
      " ",
    ),
    ..."(?x)a (?R)a (?-u)a \\b{start}a \\<a \\Qa\\E \\Ca a\\Z (a [a *a a** \\p{Nothing} \\".split(
      " ",
    ),
  ];
  for (const expression of unknown) {
    const error = await assertRejects(
      () => print(`'a' matches regex @'${expression}'`),
      Error,
      "expression",
      expression,
    );
    assert(error.message.includes("[line:position=1:"), error.message);
  }
  await assertRejects(() => print("replace_regex('a', 'a', @'\\1')"), Error, "names a group");
  await assertRejects(() => print("'éa' matches regex @'\\ba'"), Error, "beyond ASCII");
});

/** Expressions that take a backtracking engine longer than anyone waits. */
const pathological = [
  "(a+)+$",
  "(a|aa)+$",
  "(a|a?)+x",
  "(.*)*x",
  "(a*)*(a*)*(a*)*b",
  "(x+x+)+y|a(a+a+)+b",
  "^(([a-z])+.)+[A-Z]([a-z])+$",
  "(?i)(a?){30}a{30}$",
];

Deno.test("no expression makes an answer wait for ever, whatever reads it", async () => {
  const text = `strcat(strrep('a', 1000), '!')`;
  for (const expression of pathological) {
    const all = [
      `${text} matches regex '${expression}'`,
      `isempty(extract('${expression}', 0, ${text}))`,
      `isnull(extract_all('(${expression})', ${text}))`,
      `replace_regex(${text}, '${expression}', '') == ${text}`,
      `countof(${text}, '${expression}', 'regex')`,
      `indexof_regex(${text}, '${expression}')`,
      `trim('${expression}x', ${text}) == ${text}`,
    ];
    assertEquals(await print(all.join(", ")), "false | true | true | true | 0 | -1 | true");
  }
  const parsed = "parse kind=regex t with '(a+)+' x:long '$' | project x";
  const service = new Service();
  assertEquals(await service.rows(`print t = ${text} | ${parsed}`), [[null]]);
});

Deno.test("expressions and texts that are too large together are refused before they are tried", async () => {
  const service = new Service();
  const large = [
    ["(?:[^x]{1,500}){1,2}x", "strrep(strrep('a', 1000), 1000)"],
    ["a{1000}".repeat(20), "strrep(strrep('a', 1000), 1000)"],
  ];
  for (const [expression, text] of large) {
    const { status, error } = await service.query(`print ${text} matches regex '${expression}'`);
    assertEquals([status, error?.code], [400, "LimitsExceeded"]);
  }
  const { status, error } = await service.query(`print 'a' matches regex strrep('a{1000}', 200)`);
  assertEquals(status, 400);
  assert(error!["@message"].includes("of this size"), error!["@message"]);
});

Deno.test("a search for all matches looks at the clock between two of them", () => {
  let looks = 0;
  const budget = new Budget(() => {
    if (++looks > 10) throw new Error("time is over");
  });
  const found = patternOf("a", budget).matches("a".repeat(100), budget);
  let count = 0;
  try {
    for (const _match of found) count++;
  } catch {
    // The time was over.
  }
  assertEquals(count, 11);
});

/** Expressions whose matches are the same to every engine that prefers what comes first. */
const simple: fc.Arbitrary<string> = fc.letrec<{ one: string; all: string }>((tie) => ({
  one: fc.oneof(
    fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "\\d", "\\w", "[\\W1]", "\\s", "(?:a|ab)"),
    fc.tuple(tie("all"), fc.constantFrom("", "a")).map(([all, last]) => `(?:${all}|b)${last}`),
    fc.constantFrom("a", "b", "(?:ab)", "[ab1]").chain((inner) =>
      fc.constantFrom("*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}").map((times) => inner + times)
    ),
  ),
  all: fc.array(tie("one"), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("")),
})).all;

Deno.test("expressions find what JavaScript's own engine finds where both have the same syntax", () => {
  const budget = () => new Budget(() => {});
  const text = fc.array(fc.constantFrom("a", "b", "1", " ", "\n"), { maxLength: 8 })
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(simple, text, (expression, text) => {
      const pattern: Pattern = patternOf(expression, budget());
      const expected: number[][] = [];
      for (const { index, 0: { length } } of text.matchAll(new RegExp(expression, "gu"))) {
        // An empty match right behind another is none of the service's.
        if (length > 0 || expected.at(-1)?.[1] !== index) expected.push([index, index + length]);
      }
      const found = [...pattern.matches(text, budget())].map(({ start, end }) => [start, end]);
      assertEquals(found, expected);
      assertEquals(pattern.test(text, budget()), expected.length > 0);
    }),
    fuzzing(500),
  );
});

Deno.test("texts taken for expressions are answered or refused, and never break the emulator", async () => {
  const parts =
    "a b . * + ? | ( ) [ ] { } ^ $ - , 1 2 (?i) (?P<n> (?: \\ \\d \\b \\p{ L \\x{ é & : #";
  const expression = fc.array(fc.constantFrom(...parts.split(" ")), { maxLength: 12 })
    .map((chosen) => chosen.join(""));
  const service = new Service();
  await fc.assert(
    fc.asyncProperty(expression, fc.string({ maxLength: 12 }), async (expression, text) => {
      const { status } = await service.query(
        "declare query_parameters(p:string, t:string); print extract_all(strcat('(', p, ')'), t), replace_regex(t, p, @'<\\0>')",
        { Parameters: { p: JSON.stringify(expression), t: JSON.stringify(text) } },
      );
      assert(status === 200 || status === 400, `${status} for ${expression}`);
    }),
    fuzzing(300),
  );
});
