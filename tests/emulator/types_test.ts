/** The types that Microsoft's parser infers against those, and the values, that the evaluator gives. */
import { assert, assertEquals } from "@std/assert";
import { Decimal } from "decimal.js";
import fc from "fast-check";
import { ServiceError } from "../../src/emulator/errors.ts";
import { runQuery } from "../../src/emulator/language/evaluate.ts";
import { loadLanguage } from "../../src/emulator/parser/parser.ts";
import { analyze } from "../../src/emulator/parser/parser.ts";
import { isDatetime } from "../../src/emulator/values/datetime.ts";
import type { ScalarType, Value } from "../../src/emulator/values/values.ts";
import { catalogOf, NOW } from "./language_kit.ts";

const literals: Readonly<Record<ScalarType, readonly string[]>> = {
  bool: ["true", "bool(null)"],
  int: ["int(7)", "int(-2147483648)", "int(null)"],
  long: ["9", "0", "-9223372036854775807", "long(null)"],
  real: ["2.5", "-0.5", "real(nan)", "1e300", "real(null)"],
  decimal: ["decimal(1.5)", "decimal(0)", "decimal(null)"],
  datetime: ["datetime(2024-02-29)", "datetime(9999-12-31)", "datetime(null)"],
  timespan: ["1h", "-3d", "0s", "timespan(null)"],
  guid: ["guid(74be27de-1e4e-49d9-b579-fe0b331d3642)", "guid(null)"],
  string: ["'3'", "''", "'é x'"],
  dynamic: ["dynamic(4)", "dynamic([1, 'a'])", "dynamic({'k': 1.5})", "dynamic(null)"],
};

const templates = [
  ...["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "and", "has", "startswith", "=~"].map((
    sign,
  ) => `(A ${sign} B)`),
  ...["-(A)", "A in (B, A)", "A between (A .. B)", "iff(true, A, B)", "coalesce(A, B)"],
  ...["case(false, A, B)", "max_of(A, B)", "min_of(A, B)", "bin(A, B)", "bag_pack('a', A)"],
  ...["abs(A)", "round(A)", "ceiling(A)", "sign(A)", "sqrt(A)", "strcat(A, B)", "strlen(A)"],
  ...["toint(A)", "tolong(A)", "toreal(A)", "todecimal(A)", "tobool(A)", "tostring(A)"],
  ...["todatetime(A)", "totimespan(A)", "toguid(A)", "isnull(A)", "isempty(A)", "gettype(A)"],
  ...["pack_array(A, B)", "array_length(A)", "startofday(A)", "dayofweek(A)", "not(A)"],
];
const aggregates = [
  ...[
    "count()",
    "sum(A)",
    "avg(A)",
    "min(A)",
    "max(A)",
    "dcount(A)",
    "make_list(A)",
    "make_set(A)",
  ],
  ...["take_any(A)", "stdev(A)", "variance(A)", "percentile(A, 50)", "countif(A)", "arg_max(A, B)"],
  ...["sumif(A, true)", "make_list_if(A, true, 1)", "binary_all_or(A)", "make_bag(A)"],
];

const literal = fc.constantFrom(...Object.values(literals).flat());
/** Expressions over expressions over literals. */
const expression: fc.Arbitrary<string> = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { depthSize: "small", maxDepth: 2 },
    literal,
    fc.tuple(fc.constantFrom(...templates), tie("any"), tie("any")).map(([template, a, b]) =>
      template.replaceAll(/[AB]\b/g, (name) => name === "A" ? a : b)
    ),
  ),
})).any;

const holds: Readonly<Record<ScalarType, (value: Value) => boolean>> = {
  bool: (value) => typeof value === "boolean",
  int: (value) => typeof value === "number" && (value | 0) === value,
  long: (value) => typeof value === "bigint" && BigInt.asIntN(64, value) === value,
  real: (value) => typeof value === "number",
  decimal: (value) => value instanceof Decimal,
  datetime: (value) => typeof value === "bigint" && isDatetime(value),
  timespan: (value) => typeof value === "bigint" && BigInt.asIntN(64, value) === value,
  guid: (value) => typeof value === "string",
  string: (value) => typeof value === "string",
  dynamic: (value) => !(value instanceof Decimal),
};

/** Runs a query; its columns must have the types that the parser infers, and its cells fit them. */
function check(query: string): "answered" | "refused" {
  const catalog = catalogOf();
  let table;
  try {
    [table] = runQuery(query, catalog, { parameters: new Map(), now: NOW, random: () => 0.5 });
  } catch (error) {
    if (error instanceof ServiceError) return "refused";
    throw new Error(`${query} broke the evaluator`, { cause: error });
  }
  const inferred = analyze(query, catalog).parts["Statements"]!.items.at(-1)!.parts["Expression"]!;
  assertEquals(
    table!.columns.map(({ type }) => type),
    inferred.columns!.map(({ type }) => type),
    query,
  );
  for (const row of table!.rows) {
    for (const [at, { type }] of table!.columns.entries()) {
      const cell = row[at]!;
      assert(
        cell === null ? type !== "string" : holds[type](cell),
        `${query} gives ${cell} as ${type}`,
      );
    }
  }
  return "answered";
}

Deno.test("expressions have the types that the parser infers, and values of those types", async () => {
  await loadLanguage();
  let answered = 0;
  fc.assert(
    fc.property(fc.array(expression, { minLength: 1, maxLength: 3 }), (expressions) => {
      if (check(`print ${expressions.join(", ")}`) === "answered") answered++;
    }),
    { seed: 20260102, numRuns: 400 },
  );
  assert(answered > 100, `only ${answered} answered`);
});

Deno.test("every operator over every pair of types has the type that the parser infers", async () => {
  await loadLanguage();
  const firsts = Object.values(literals).map(([first]) => first!);
  let answered = 0;
  for (const sign of ["+", "-", "*", "/", "%", "=="]) {
    for (const a of firsts) {
      for (const b of firsts) if (check(`print ${a} ${sign} ${b}`) === "answered") answered++;
    }
  }
  assert(answered > 150, `only ${answered} answered`);
});

Deno.test("aggregates have the types that the parser infers, of no rows, of nulls and of values", async () => {
  await loadLanguage();
  for (const aggregate of aggregates) {
    for (const [type, values] of Object.entries(literals)) {
      const text = aggregate.replaceAll(/\b[AB]\b/g, "v");
      for (const cells of [[], values]) {
        check(`datatable(v:${type})[${cells.join(", ")}] | summarize ${text}`);
      }
    }
  }
});
