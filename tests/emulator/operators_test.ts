import { assertEquals } from "@std/assert";
import { ask, catalogOf, CountedTable } from "./language_kit.ts";

const people = "datatable(name:string, age:long)['a', 3, 'b', 1, 'c', long(null), 'a', 2]";

/** Queries, their columns and their rows. */
const cases: readonly (readonly [string, string, string, readonly string[]])[] = [
  [
    "where drops rows whose condition is null",
    `${people} | where age > 1`,
    "name:string, age:long",
    [
      '"a" 3',
      '"a" 2',
    ],
  ],
  [
    "extend replaces a column in its place",
    `${people} | take 1 | extend name = 1, z = age`,
    "name:long, age:long, z:long",
    [
      "1 3 3",
    ],
  ],
  [
    "sort puts nulls first when ascending and last when descending",
    `${people} | sort by age asc | project name; `,
    "name:string",
    [
      '"c"',
      '"b"',
      '"a"',
      '"a"',
    ],
  ],
  ["top sorts and takes", `${people} | top 2 by age desc`, "name:string, age:long", [
    '"a" 3',
    '"a" 2',
  ]],
  [
    "summarize names its columns",
    `${people} | summarize count(), sum(age), max(age), make_list(age), dcount(name)`,
    "count_:long, sum_age:long, max_age:long, list_age:dynamic, dcount_name:long",
    [
      "4 6 3 [3,1,2] 3",
    ],
  ],
  [
    "arg_max gives the row of the greatest value",
    `${people} | summarize arg_max(age, *) by name | sort by name asc`,
    "name:string, age:long",
    [
      '"a" 3',
      '"b" 1',
      '"c" null',
    ],
  ],
  [
    "an expression over aggregates is computed from their results",
    `${people} | summarize x = sum(age) * 10 + count()`,
    "x:long",
    [
      "64",
    ],
  ],
  [
    "mv-expand makes a row of each element",
    "print d = dynamic([1, 2]) | mv-expand with_itemindex=i d to typeof(long)",
    "d:long, i:long",
    [
      "1 0",
      "2 1",
    ],
  ],
  [
    "mv-expand takes elements that are of a type and parses none",
    "print d = dynamic([1, 2.5, -2.5, '2', true, null]) | mv-expand n = d to typeof(long), b = d to typeof(bool), s = d to typeof(string) | project n, b, s",
    "n:long, b:bool, s:string",
    [
      '1 true "1"',
      '2 null "2.5"',
      '-2 null "-2.5"',
      'null null "2"',
      'null true "true"',
      'null null ""',
    ],
  ],
  [
    "mv-expand makes as many rows of one as its limit says",
    "print d = dynamic([1, 2, 3]) | mv-expand d to typeof(long) limit 2",
    "d:long",
    ["1", "2"],
  ],
  [
    "mv-apply hands on as many elements as its limit says",
    "print d = dynamic([1, 2, 3]) | mv-apply e = d to typeof(long) limit 2 on (summarize s = sum(e)) | project s",
    "s:long",
    ["3"],
  ],
  [
    "serialize computes from the rows around",
    "datatable(a:long)[1, 2, 3] | serialize n = row_cumsum(a)",
    "a:long, n:long",
    ["1 1", "2 3", "3 6"],
  ],
  [
    "mv-apply runs a subquery over the elements of each row",
    "datatable(k:string, d:dynamic)['x', dynamic([1, 2, 3]), 'y', dynamic([4])] | mv-apply e = d to typeof(long) on (where e > 1 | summarize s = sum(e)) | project k, s",
    "k:string, s:long",
    [
      '"x" 5',
      '"y" 4',
    ],
  ],
  [
    "parse takes typed columns out of a text",
    "print s = 'id=12, name=bob' | parse s with 'id=' id:long ', name=' name",
    "s:string, id:long, name:string",
    [
      '"id=12, name=bob" 12 "bob"',
    ],
  ],
  [
    "parse gives nulls where a type does not fit",
    "print s = 'id=x' | parse s with 'id=' id:long | project id",
    "id:long",
    [
      "null",
    ],
  ],
  [
    "parse-where drops what does not fit",
    "datatable(s:string)['id=x', 'id=7'] | parse-where s with 'id=' id:long | project id",
    "id:long",
    [
      "7",
    ],
  ],
  [
    "union splits columns of one name and different types",
    "union (print a = 1), (print a = 'x') | order by a_long asc",
    "a_long:long, a_string:string",
    [
      'null "x"',
      '1 ""',
    ],
  ],
  [
    "union leaves a column its name where a split one would take it",
    "union withsource=S (print x = 1 | as A), (print x = int(2) | as B), (print x_long = 3 | as C)",
    "S:string, x_long1:long, x_int:int, x_long:long",
    ['"A" 1 null null', '"B" null 2 null', '"C" null null 3'],
  ],
  [
    "the condition of an aggregate comes before its limit",
    "range x from 1 to 4 step 1 | summarize a = make_list_if(x, x > 1, 2), b = countif(x > 1), c = sumif(x, x > 2)",
    "a:dynamic, b:long, c:long",
    ["[2,3] 3 7"],
  ],
  [
    "aggregates of nothing are 0, null or no number",
    "datatable(x:int)[int(null)] | summarize sum(x), stdev(x), variance(x), avg(x), min(x), make_list(x)",
    "sum_x:long, stdev_x:real, variance_x:real, avg_x:real, min_x:int, list_x:dynamic",
    ['0 0.0 0.0 "NaN" null []'],
  ],
  [
    "an aggregate of one row stands inside an expression",
    "range x from 1 to 3 step 1 | summarize y = take_any(x) + 1, b = make_bag(bag_pack(tostring(x), x), 2)",
    "y:long, b:dynamic",
    ['2 {"1":1,"2":2}'],
  ],
  [
    "union kind=inner keeps common columns, withsource names the legs",
    "union withsource=S kind=inner (print a = 1, b = 2), (print a = 3, c = 4 | as T)",
    "S:string, a:long",
    [
      '"union_arg0" 1',
      '"T" 3',
    ],
  ],
  [
    "row functions see their neighbours in serialized rows",
    "range x from 1 to 3 step 1 | extend n = row_number(), p = prev(x), q = next(x, 1, 0), c = row_cumsum(x)",
    "x:long, n:long, p:long, q:long, c:long",
    [
      "1 1 null 2 1",
      "2 2 1 3 3",
      "3 3 2 0 6",
    ],
  ],
  [
    "lookup leaves the keys of the right side out",
    "print k = 1 | lookup (datatable(k:long, n:string)[1, 'one']) on k",
    "k:long, n:string",
    [
      '1 "one"',
    ],
  ],
  [
    "getschema tells names and types",
    "print a = 1, b = 'x' | getschema | project ColumnName, ColumnType",
    "ColumnName:string, ColumnType:string",
    [
      '"a" "long"',
      '"b" "string"',
    ],
  ],
  [
    "a let function takes defaults, and is called for each reference",
    "let f = (a:long, b:string = 'q') { strcat(a, b) }; print f(1), f(2, 'z')",
    "print_0:string, print_1:string",
    [
      '"1q" "2z"',
    ],
  ],
  [
    "the argument of a let function takes the type of its parameter",
    "let half = (a:real) { a + 0.5 }; print v = half(1), w = half(int(2))",
    "v:real, w:real",
    ["1.5 2.5"],
  ],
  [
    "invoke hands a table to a function",
    `let older = (t:(age:long), than:long) { t | where age > than }; ${people} | invoke older(2)`,
    "name:string, age:long",
    [
      '"a" 3',
    ],
  ],
  [
    "toscalar takes the first cell",
    "let m = toscalar(range x from 1 to 4 step 1 | summarize max(x)); print m + 1",
    "print_0:long",
    [
      "5",
    ],
  ],
];

for (const [title, query, columns, rows] of cases) {
  Deno.test(`one query each: ${title}`, async () => {
    const [table] = await ask(query);
    assertEquals(table!.columns, columns);
    assertEquals(table!.rows.map((row) => row.join(" ")), rows);
  });
}

const left = "let L = datatable(k:string, l:int)['a', 1, 'a', 2, 'b', 3]; ";
const right = "let R = datatable(k:string, r:int)['a', 10, 'c', 30]; ";
const joins: Readonly<Record<string, readonly string[]>> = {
  innerunique: ['"a" 1 "a" 10'],
  inner: ['"a" 1 "a" 10', '"a" 2 "a" 10'],
  leftouter: ['"a" 1 "a" 10', '"a" 2 "a" 10', '"b" 3 "" null'],
  rightouter: ['"a" 1 "a" 10', '"a" 2 "a" 10', '"" null "c" 30'],
  fullouter: ['"a" 1 "a" 10', '"a" 2 "a" 10', '"b" 3 "" null', '"" null "c" 30'],
  leftsemi: ['"a" 1', '"a" 2'],
  rightsemi: ['"a" 10'],
  leftanti: ['"b" 3'],
  rightanti: ['"c" 30'],
};

for (const [kind, rows] of Object.entries(joins)) {
  Deno.test(`tabular operators: join kind=${kind} pairs rows as documented`, async () => {
    const [table] = await ask(`${left}${right}L | join kind=${kind} R on k`);
    assertEquals(table!.rows.map((row) => row.join(" ")), rows);
  });
}

Deno.test("tabular operators: several statements give one table each, named by as", async () => {
  const tables = await ask(
    "let x = 1; print a = x; print b = 2 | as Second; range c from 1 to 2 step 1",
  );
  assertEquals(tables.map(({ name }) => name), ["PrimaryResult", "Second", "PrimaryResult"]);
  assertEquals(tables.map(({ rows }) => rows.length), [1, 1, 2]);
});

for (
  const query of [
    "People | where id == wanted",
    "People | where age > 0 | where id == wanted and age < 100",
    "People | where id in (wanted, 'nobody') | project age",
    "People | where id in ((print id = wanted))",
    "let P = People; P | where id == wanted",
  ]
) {
  Deno.test(`tabular operators: an index answers ${query}`, async () => {
    const table = new CountedTable([["a", 1n], ["b", 2n]]);
    const text = `declare query_parameters(wanted:string); ${query}`;
    const [found] = await ask(text, catalogOf([table]), { wanted: '"b"' });
    assertEquals([found!.rows.length, table.scans, table.lookups], [1, 0, 1]);
  });
}

Deno.test("tabular operators: ingestion_time() is known for the rows of a table", async () => {
  const table = new CountedTable([["a", 1n]]);
  const [found] = await ask(
    "People | where age == 1 | extend t = ingestion_time()",
    catalogOf([table]),
  );
  assertEquals(found!.rows, [['"a"', "1", '"2024-01-01T00:00:00.0000000Z"']]);
});
