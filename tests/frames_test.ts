import { assert, assertEquals } from "@std/assert";
import {
  type Answer,
  readCommandAnswer,
  readFailure,
  readQueryAnswer,
  rowsOf,
  type ServiceFailure,
} from "../src/service/frames.ts";

// Shapes of the service as its documentation and the test data of Microsoft's clients have them.
const HEADER = { FrameType: "DataSetHeader", IsProgressive: false, Version: "v2.0" };
const PROPERTIES = {
  FrameType: "DataTable",
  TableId: 0,
  TableKind: "QueryProperties",
  TableName: "@ExtendedProperties",
  Columns: [{ ColumnName: "TableId", ColumnType: "int" }, {
    ColumnName: "Value",
    ColumnType: "dynamic",
  }],
  Rows: [[1, '{"Visualization":null}']],
};
const END = { FrameType: "DataSetCompletion", HasErrors: false, Cancelled: false };
const A = [{ ColumnName: "a", ColumnType: "int" }];
const TOO_LARGE = {
  error: {
    code: "LimitsExceeded",
    message: "Request is invalid and cannot be executed.",
    "@type": "Kusto.Data.Exceptions.KustoServicePartialQueryFailureLimitsExceededException",
    "@message":
      "Query execution has exceeded the allowed limits (80DA0003): E_QUERY_RESULT_SET_TOO_LARGE",
    "@context": { timestamp: "2024-01-01T00:00:00Z" },
    "@permanent": false,
  },
};

function primary(id: number, rows: unknown[], name = "PrimaryResult") {
  return {
    FrameType: "DataTable",
    TableId: id,
    TableKind: "PrimaryResult",
    TableName: name,
    Columns: A,
    Rows: rows,
  };
}

function completion(...levels: [level: number, event: string, payload: string][]) {
  return {
    FrameType: "DataTable",
    TableId: 9,
    TableKind: "QueryCompletionInformation",
    TableName: "QueryCompletionInformation",
    Columns: ["Timestamp", "Level", "LevelName", "StatusCode", "EventTypeName", "Payload"]
      .map((ColumnName) => ({ ColumnName, ColumnType: "string" })),
    Rows: levels.map(([level, event, payload]) => ["2024-01-01", level, "", 0, event, payload]),
  };
}

const DONE = completion([4, "QueryInfo", '{"Count":1}'], [6, "QueryResourceConsumption", "{}"]);

function query(...frames: unknown[]): Answer {
  return readQueryAnswer(JSON.stringify([HEADER, PROPERTIES, ...frames]));
}

function failureOf(answer: Answer): ServiceFailure {
  assert(answer.outcome === "failure", `the outcome is ${answer.outcome}`);
  return answer.failure;
}

function rowsIn(answer: Answer): unknown[] {
  assert(answer.outcome === "tables", `the outcome is ${answer.outcome}`);
  return answer.tables.map(({ rows }) => rows);
}

Deno.test("readQueryAnswer() gives the primary tables alone, with names, columns and rows", () => {
  assertEquals(query(primary(1, [[1], [null]]), DONE, END), {
    outcome: "tables",
    tables: [{
      name: "PrimaryResult",
      columns: [{ name: "a", type: "int" }],
      rows: [[1], [null]],
    }],
  });
});

Deno.test("readQueryAnswer() gives a table for each statement, in their order", () => {
  const answer = query(primary(1, [[1]], "one"), primary(2, [], "two"), primary(3, [[3]]), END);
  assertEquals(rowsIn(answer), [[[1]], [], [[3]]]);
});

Deno.test("readQueryAnswer() reads an answer with one frame on each line", () => {
  const frames = [HEADER, primary(1, [[1]]), END].map((frame) => JSON.stringify(frame));
  assertEquals(rowsIn(readQueryAnswer(`[${frames.join("\n,")}\n]`)), [[[1]]]);
});

const PIECES = [
  {
    FrameType: "TableHeader",
    TableId: 1,
    TableKind: "PrimaryResult",
    TableName: "x",
    Columns: A,
  },
  { FrameType: "TableFragment", TableFragmentType: "DataAppend", TableId: 1, Rows: [[1], [2]] },
  { FrameType: "TableProgress", TableId: 1, TableProgress: 50.0 },
];

Deno.test("readQueryAnswer() puts fragments together", () => {
  const more = {
    FrameType: "TableFragment",
    TableFragmentType: "DataAppend",
    TableId: 1,
    Rows: [[3]],
  };
  const end = { FrameType: "TableCompletion", TableId: 1, RowCount: 3 };
  assertEquals(rowsIn(query(...PIECES, more, end, DONE, END)), [[[1], [2], [3]]]);
});

Deno.test("readQueryAnswer() forgets what a replacing fragment replaces", () => {
  const replaced = {
    FrameType: "TableFragment",
    TableFragmentType: "DataReplace",
    TableId: 1,
    Rows: [[7]],
  };
  const end = { FrameType: "TableCompletion", TableId: 1, RowCount: 1 };
  assertEquals(rowsIn(query(...PIECES, replaced, end, DONE, END)), [[[7]]]);
});

Deno.test("readQueryAnswer() passes over frames and fields that it does not know", () => {
  const answer = query({ FrameType: "News" }, { ...primary(1, [[1]]), New: 1 }, END);
  assertEquals(rowsIn(answer), [[[1]]]);
});

const FAILED: [title: string, frames: unknown[], code: string][] = [
  [
    "an error among the rows",
    [primary(1, [[1], [2], { OneApiErrors: [TOO_LARGE] }]), END],
    "LimitsExceeded",
  ],
  [
    "an error among the rows of a fragment",
    [PIECES[0], { ...PIECES[1], Rows: [[1], { OneApiErrors: [TOO_LARGE] }] }, END],
    "LimitsExceeded",
  ],
  [
    "an error at the end of a table",
    [...PIECES, { FrameType: "TableCompletion", TableId: 1, OneApiErrors: [TOO_LARGE] }, END],
    "LimitsExceeded",
  ],
  [
    "an error at the end of all",
    [primary(1, [[1]]), { ...END, HasErrors: true, OneApiErrors: [TOO_LARGE] }],
    "LimitsExceeded",
  ],
  [
    "a deferred error, which only the completion information tells",
    [primary(1, [[1]]), completion([4, "QueryInfo", ""], [2, "QueryLimitsExceeded", "x"]), END],
    "QueryLimitsExceeded",
  ],
  [
    "a critical event in the completion information",
    [primary(1, [[1]]), completion([1, "QueryBroken", "x"]), END],
    "QueryBroken",
  ],
  ["errors that are not named", [primary(1, [[1]]), { ...END, HasErrors: true }], "HasErrors"],
  ["a cancelled query", [primary(1, [[1]]), { ...END, Cancelled: true }], "Cancelled"],
  ["an object of another kind among the rows", [primary(1, [{ surprise: 1 }]), END], "Unknown"],
  [
    "an error of another form at the end of all",
    [primary(1, []), { ...END, HasErrors: true, OneApiErrors: ["broken"] }],
    "Unknown",
  ],
];

for (const [title, frames, code] of FAILED) {
  Deno.test(`readQueryAnswer() fails on ${title}`, () => {
    assertEquals(failureOf(query(...frames)).code, code);
  });
}

Deno.test("readQueryAnswer() does not fail on warnings (level 3)", () => {
  const answer = query(primary(1, [[1]]), completion([3, "QueryWarning", "x"]), END);
  assertEquals(rowsIn(answer), [[[1]]]);
});

Deno.test("readQueryAnswer() fails on an error in place of the frames", () => {
  assertEquals(failureOf(readQueryAnswer(JSON.stringify(TOO_LARGE))).code, "LimitsExceeded");
});

Deno.test("readQueryAnswer() keeps what the service says of a failure", () => {
  const failure = failureOf(query(primary(1, [{ OneApiErrors: [TOO_LARGE] }]), END));
  assertEquals(failure.permanent, false);
  assert(failure.message.includes("E_QUERY_RESULT_SET_TOO_LARGE"));
  assert(failure.kinds.includes("KustoServicePartialQueryFailureLimitsExceededException"));
});

const WHOLE = JSON.stringify([HEADER, PROPERTIES, primary(1, [[1], [2]]), DONE, END]);

Deno.test("readQueryAnswer() calls an answer cut off wherever it ends early", () => {
  for (let end = 0; end < WHOLE.length; end++) {
    assertEquals(readQueryAnswer(WHOLE.slice(0, end)).outcome, "cut off", `cut at ${end}`);
  }
});

Deno.test("readQueryAnswer() calls an answer cut off that lacks its last frame", () => {
  assertEquals(query(primary(1, [[1]]), DONE).outcome, "cut off");
});

const UNREADABLE: [title: string, body: string][] = [
  ["HTML", "<html><body>Sign in</body></html>"],
  ["an object", '{"Tables":[]}'],
  ["a frame that is no object", "[1]"],
  ["a row that is no list", JSON.stringify([primary(1, [1])])],
  ["a column that is no object", JSON.stringify([{ ...primary(1, []), Columns: ["a"] }])],
];

for (const [title, body] of UNREADABLE) {
  Deno.test(`readQueryAnswer() cannot read ${title}`, () => {
    assertEquals(readQueryAnswer(body).outcome, "unreadable");
  });
}

function table(name: string, columns: string[], rows: unknown[]) {
  const Columns = columns.map((ColumnName) => ({ ColumnName, DataType: "String" }));
  return { TableName: name, Columns, Rows: rows };
}

/** What a v1 query, or a command with a query behind it, answers. */
function piped(rows: unknown[], severity: number): string {
  return JSON.stringify({
    Tables: [
      table("Table_0", ["a"], rows),
      table("Table_1", ["Value"], [['{"Visualization":null}']]),
      table(
        "Table_2",
        ["Timestamp", "Severity", "SeverityName", "StatusCode", "StatusDescription"],
        [
          ["2024-01-01", severity, "", -2133196797, "Query result set has exceeded the limit"],
        ],
      ),
      table("Table_3", ["Ordinal", "Kind", "Name", "Id", "PrettyName"], [
        [0, "QueryResult", "PrimaryResult", "1", ""],
        [1, "QueryProperties", "@ExtendedProperties", "2", ""],
        [2, "QueryStatus", "QueryStatus", "00000000-0000-0000-0000-000000000000", ""],
      ]),
    ],
  });
}

Deno.test("readCommandAnswer() gives the one table of a command", () => {
  const body = JSON.stringify({ Tables: [table("Table_0", ["Text"], [["hi"]])] });
  assertEquals(readCommandAnswer(body), {
    outcome: "tables",
    tables: [{ name: "Table_0", columns: [{ name: "Text", type: "string" }], rows: [["hi"]] }],
  });
});

Deno.test("readCommandAnswer() gives the results alone of a command with a query", () => {
  assertEquals(rowsIn(readCommandAnswer(piped([["x"]], 4))), [[["x"]]]);
});

Deno.test("readCommandAnswer() gives the first of tables without a table of contents", () => {
  const tables = [table("A", ["a"], [["x"]]), table("B", ["b"], []), table("C", ["c"], [])];
  assertEquals(rowsIn(readCommandAnswer(JSON.stringify({ Tables: tables }))), [[["x"]]]);
});

for (const severity of [1, 2]) {
  Deno.test(`readCommandAnswer() fails on a query status of severity ${severity}`, () => {
    const failure = failureOf(readCommandAnswer(piped([["x"]], severity)));
    assertEquals([failure.code, failure.message], [
      "-2133196797",
      "Query result set has exceeded the limit",
    ]);
  });
}

Deno.test("readCommandAnswer() fails on an exception among the rows", () => {
  const rows = [["x"], { Exceptions: ["Query execution has exceeded the limits (80DA0003)"] }];
  const body = JSON.stringify({ Tables: [table("Table_0", ["a"], rows)] });
  assert(failureOf(readCommandAnswer(body)).message.includes("80DA0003"));
});

Deno.test("readCommandAnswer() fails on an exception beside the tables", () => {
  const body = JSON.stringify({ Tables: [table("T", ["a"], [["x"]])], Exceptions: ["80DA0003"] });
  assertEquals(failureOf(readCommandAnswer(body)).message, "80DA0003");
});

const COLUMN_TYPES: [column: Record<string, string>, type: string][] = [
  [{ ColumnType: "long", DataType: "Int64" }, "long"],
  [{ DataType: "Int64" }, "long"],
  [{ DataType: "System.Int32" }, "int"],
  [{ DataType: "Double?" }, "real"],
  [{ DataType: "SByte" }, "bool"],
  [{ DataType: "Object" }, "dynamic"],
  [{ DataType: "SqlDecimal" }, "decimal"],
  [{ ColumnType: "uniqueid" }, "guid"],
  [{ ColumnType: "date" }, "datetime"],
  [{}, ""],
];

for (const [column, type] of COLUMN_TYPES) {
  Deno.test(`readCommandAnswer() takes ${JSON.stringify(column)} for a ${type || "?"}`, () => {
    const Columns = [{ ColumnName: "a", ...column }];
    const answer = readCommandAnswer(JSON.stringify({ Tables: [{ Columns, Rows: [] }] }));
    assert(answer.outcome === "tables");
    assertEquals(answer.tables[0]!.columns, [{ name: "a", type }]);
  });
}

const COMMAND_OUTCOMES: [title: string, body: string, outcome: Answer["outcome"]][] = [
  ["an empty body", "", "cut off"],
  ["half a body", '{"Tables":[{"TableName":"Ta', "cut off"],
  ["HTML", "<html>", "unreadable"],
  ["an object without tables", "{}", "unreadable"],
  ["a table that is no object", '{"Tables":[1]}', "unreadable"],
];

for (const [title, body, outcome] of COMMAND_OUTCOMES) {
  Deno.test(`readCommandAnswer() calls ${title} ${outcome}`, () => {
    assertEquals(readCommandAnswer(body).outcome, outcome);
  });
}

Deno.test("readFailure() gives the innermost code and all texts", () => {
  const body = JSON.stringify({
    error: {
      code: "General_BadRequest",
      message: "Request is invalid and cannot be executed.",
      "@type": "Kusto.Data.Exceptions.KustoBadRequestException",
      "@message": "Request is invalid and cannot be processed: Semantic error",
      "@permanent": true,
      innererror: {
        code: "SEM0100",
        message: "Request is invalid and cannot be executed.",
        "@type": "Kusto.Data.Exceptions.SemanticException",
        "@message": "'table' operator: Failed to resolve table expression named 'X'",
        "@errorCode": "SEM0100",
      },
    },
  });
  assertEquals(readFailure(body), {
    code: "SEM0100",
    kinds:
      "General_BadRequest Kusto.Data.Exceptions.KustoBadRequestException SEM0100 Kusto.Data.Exceptions.SemanticException",
    message:
      "Request is invalid and cannot be processed: Semantic error\n'table' operator: Failed to resolve table expression named 'X'",
    permanent: true,
  });
});

Deno.test("readFailure() does not guess at permanence", () => {
  assertEquals(readFailure('{"error":{"code":"X"}}')?.permanent, undefined);
});

for (
  const body of [
    "",
    "Bad gateway",
    "<html>",
    "[]",
    "null",
    '{"Message":"Authorization has been denied for this request."}',
    '{"error":"text"}',
  ]
) {
  Deno.test(`readFailure() finds nothing of the service's in ${JSON.stringify(body)}`, () => {
    assertEquals(readFailure(body), undefined);
  });
}

Deno.test("rowsOf() gives objects by column name, and none for no table", () => {
  const columns = [{ name: "a", type: "int" }, { name: "b", type: "string" }];
  assertEquals(rowsOf({ name: "", columns, rows: [[1, "x"], [2, ""]] }), [
    { a: 1, b: "x" },
    { a: 2, b: "" },
  ]);
  assertEquals(rowsOf(undefined), []);
});
