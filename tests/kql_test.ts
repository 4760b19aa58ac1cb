import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { KustoInputError } from "../src/errors.ts";
import {
  entityName,
  inlineIngestion,
  literal,
  type QueryParameter,
  stringLiteral,
} from "../src/service/kql.ts";
import { OfficialSchema } from "./official_parser.ts";

const parser = await OfficialSchema.fromScript("");

/** The one value that a literal stands for, as Microsoft's parser reads it. */
function readBack(kql: string): unknown {
  const query = `print value = ${kql}`;
  assertEquals(parser.check(query), []);
  const values = parser.literals(query);
  assertEquals(values.length, 1);
  return values[0];
}

const TEXTS: [title: string, text: string][] = [
  ["empty text", ""],
  ["double quotes", 'a "quoted" word'],
  ["single quotes", "it's"],
  ["backslashes", "C:\\temp\\new\\u0041"],
  ["a backslash at the end", "ends in \\"],
  ["new lines", "one\ntwo\r\nthree\u2028four\u2029five\u0085six"],
  ["NUL and other control characters", "\0\x01\x07\b\t\v\f\x1b\x7f\x9f"],
  ["emoji and other planes", "😀👩‍👩‍👧‍👦𝔘"],
  ["a byte order mark and bidirectional marks", "\ufeff\u202eabc\u2066"],
  ["KQL that would end the literal", '" | take 1; .drop table Checkpoints //'],
  ["a call", "strcat('a', \"b\")"],
  ["text that is a literal itself", '"quoted"'],
  ["a verbatim literal", '@"verbatim"'],
  ["a multi-line literal", "```many\nlines```"],
  ["a hidden literal", 'h"hidden"'],
  ["a comment", "// nothing /* here"],
  ["a parameter declaration", "declare query_parameters(a:string)"],
  ["braces of templates", "${text} {0} %s"],
  ["JSON", '{"a":["b\\n"]}'],
  ["10 KB", 'x"\\\n😀'.repeat(1_500)],
];

for (const [title, text] of TEXTS) {
  Deno.test(`stringLiteral() of ${title} reads back as the text`, () => {
    assertEquals(readBack(stringLiteral(text)), text);
  });
}

Deno.test("stringLiteral() of any text reads back as the text", () => {
  const pieces = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom('"', "'", "\\", "\n", "\r", "\0", "\u2028", "`", "@", "//", "h", "u0041", "😀"),
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = parts.join("");
      assertEquals(readBack(stringLiteral(text)), text);
    }),
    { numRuns: 100, seed: 7 },
  );
});

Deno.test("stringLiteral() stays on one line of printable characters for any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      assertMatch(stringLiteral(text), /^"[^"'\p{Cc}\u2028\u2029]*"$/u);
    }),
    { numRuns: 500, seed: 7 },
  );
});

for (const text of ["\ud800", "a\udc00b", "\ude00\ud83d"]) {
  Deno.test(`stringLiteral() refuses half a surrogate pair in ${JSON.stringify(text)}`, () => {
    assertThrows(() => stringLiteral(text), KustoInputError, "surrogate");
  });
}

Deno.test("entityName() reads back as one name, whatever is in it", () => {
  for (const [, text] of TEXTS) {
    if (text === "") continue;
    assertEquals(parser.literals(`${entityName(text)} | take 7`), [text, 7n]);
  }
});

const VALUES: [value: QueryParameter, kql: string, read: unknown][] = [
  ["text", '"text"', "text"],
  [0, "0", 0n],
  [-0, "0", 0n],
  [42, "42", 42n],
  [-42, "long(-42)", -42n],
  [Number.MAX_SAFE_INTEGER, "9007199254740991", 9007199254740991n],
  [Number.MIN_SAFE_INTEGER, "long(-9007199254740991)", -9007199254740991n],
  [2n ** 63n - 1n, "long(9223372036854775807)", 2n ** 63n - 1n],
  [-(2n ** 63n), "long(-9223372036854775808)", -(2n ** 63n)],
  [0.5, "real(0.5)", 0.5],
  [-1e-7, "real(-1e-7)", -1e-7],
  [true, "bool(true)", true],
  [false, "bool(false)", false],
];

for (const [value, kql, read] of VALUES) {
  Deno.test(`literal() of the ${typeof value} ${value} is ${kql}`, () => {
    assertEquals(literal(value), kql);
    assertEquals(readBack(kql), read);
  });
}

const UNREADABLE: [value: QueryParameter, kql: string][] = [
  // The parser tells what these are, but not their values.
  [NaN, "real(nan)"],
  [Infinity, "real(+inf)"],
  [-Infinity, "real(-inf)"],
  [new Date(Date.UTC(2024, 1, 29, 1, 2, 3, 4)), "datetime(2024-02-29T01:02:03.004Z)"],
];

for (const [value, kql] of UNREADABLE) {
  Deno.test(`literal() of ${value} is ${kql}`, () => {
    assertEquals(literal(value), kql);
    assertEquals(parser.check(`print ${kql}`), []);
  });
}

const REFUSED: [title: string, value: QueryParameter, says: string][] = [
  ["a whole number beyond 2^53", 2 ** 53, "2^53"],
  ["a whole number below -2^53", -(2 ** 53), "2^53"],
  ["a bigint beyond 64 bits", 2n ** 63n, "64 bits"],
  ["a bigint below 64 bits", -(2n ** 63n) - 1n, "64 bits"],
  ["a date that is none", new Date(NaN), "time"],
  ["a date beyond the year 9999", new Date(Date.UTC(10_000, 0)), "time"],
];

for (const [title, value, says] of REFUSED) {
  Deno.test(`literal() refuses ${title}`, () => {
    assertThrows(() => literal(value), KustoInputError, says);
  });
}

Deno.test("literal() of a list is a dynamic that holds the same texts", () => {
  const texts = fc.array(fc.string({ unit: "binary", maxLength: 20 }), { maxLength: 8 });
  const known = TEXTS.map(([, text]) => text);
  fc.assert(
    fc.property(texts, (list) => {
      const kql = literal(list);
      assertMatch(kql, /^dynamic\(\[[^\p{Cc}\u2028\u2029]*\]\)$/u);
      assertEquals(parser.check(`print ${kql}`), []);
      assertEquals(parser.literals(`print ${kql}`), list);
    }),
    { numRuns: 60, seed: 7, examples: [[known]] },
  );
});

Deno.test("literal() of a nested object is one dynamic", () => {
  const kql = literal({ a: [1, null, true, { "b'\"": "\b\f" }], c: {} });
  assertEquals(kql, 'dynamic({"a":[1,null,true,{"b\'\\"":"\\u0008\\u000c"}],"c":{}})');
  assertEquals(parser.check(`print ${kql}`), []);
});

Deno.test("inlineIngestion() has a line for each row, whatever its values hold", () => {
  fc.assert(fc.property(
    fc.array(fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" })), {
      minLength: 1,
    }),
    (rows) => {
      const lines = rows.map((row) => new TextEncoder().encode(JSON.stringify(row)));
      const [command, ...data] = inlineIngestion("T", "M", lines).split("\n");
      assertEquals(
        command,
        '.ingest inline into table ["T"] with (format=\'multijson\', ingestionMappingReference="M") <|',
      );
      assertEquals(
        data.map((line) => JSON.stringify(JSON.parse(line))),
        rows.map((r) => JSON.stringify(r)),
      );
    },
  ));
});

for (const row of ["[1]", '{"a":1}\n.drop table T', '{"a":"\r"}', ""]) {
  Deno.test(`inlineIngestion() refuses ${JSON.stringify(row)}, which is no object on one line`, () => {
    assertThrows(() => inlineIngestion("T", "M", [new TextEncoder().encode(row)]), TypeError);
  });
}
