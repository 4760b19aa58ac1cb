import { assertEquals, assertInstanceOf } from "@std/assert";
import * as errors from "../src/errors.ts";

type ErrorClass = new (message: string, details?: errors.KustoErrorDetails) => errors.KustoError;

const CLASSES: [name: string, kind: ErrorClass, code: errors.KustoErrorCode][] = [
  ["KustoOptionsError", errors.KustoOptionsError, "BAD_OPTIONS"],
  ["KustoInputError", errors.KustoInputError, "BAD_INPUT"],
  ["KustoSignInError", errors.KustoSignInError, "SIGN_IN_FAILED"],
  ["KustoPermissionError", errors.KustoPermissionError, "PERMISSION_REFUSED"],
  ["KustoSchemaError", errors.KustoSchemaError, "SCHEMA_INCOMPLETE"],
  ["KustoUnavailableError", errors.KustoUnavailableError, "UNAVAILABLE"],
  ["KustoLimitError", errors.KustoLimitError, "LIMIT_EXCEEDED"],
  ["KustoRequestError", errors.KustoRequestError, "REQUEST_REFUSED"],
  ["KustoProtocolError", errors.KustoProtocolError, "PROTOCOL_BROKEN"],
  ["KustoStateError", errors.KustoStateError, "STATE_INCOMPLETE"],
  ["KustoFlushError", errors.KustoFlushError, "ROWS_UNSTORED"],
  ["KustoClosedError", errors.KustoClosedError, "CLOSED"],
];

const details: Required<errors.KustoErrorDetails> = {
  cause: new TypeError("beneath"),
  status: 429,
  serviceCode: "TooManyRequests",
  permanent: false,
  attempts: 4,
  clientRequestId: "KSC.query;1",
  activityId: "2",
  retryAfterMs: 500,
  action: "run a query",
  table: "Checkpoints",
};

for (const [name, kind, code] of CLASSES) {
  Deno.test(`${name} has its name, the code ${code} and all details`, () => {
    const error = new kind("Cannot run a query: it failed", details);
    assertInstanceOf(error, errors.KustoError);
    assertInstanceOf(error, Error);
    assertEquals([error.name, error.code, error.message], [
      name,
      code,
      "Cannot run a query: it failed",
    ]);
    for (const [field, value] of Object.entries(details)) {
      assertEquals(Reflect.get(error, field), value, field);
    }
  });
}

Deno.test("An error without a cause has no such property", () => {
  assertEquals("cause" in new errors.KustoStateError("Cannot read: it is gone"), false);
});

Deno.test("No class of errors is left out of these tests, and no two share a code", () => {
  const names = Object.keys(errors).filter((name) => name !== "KustoError").sort();
  assertEquals(names, CLASSES.map(([name]) => name).sort());
  assertEquals(new Set(CLASSES.map(([, , code]) => code)).size, CLASSES.length);
});

Deno.test("KustoSchemaError carries the problems that setup() found, else none", () => {
  const problem: errors.SchemaProblem = {
    kind: "table",
    severity: "error",
    entity: "Checkpoints",
    message: "the table Checkpoints is missing",
    mend: ".create-merge table Checkpoints (...)",
  };
  assertEquals(new errors.KustoSchemaError("m", { problems: [problem] }).problems, [problem]);
  assertEquals(new errors.KustoSchemaError("m").problems, []);
});

Deno.test("KustoFlushError counts the rows that are not stored, by table", () => {
  const unstored = [{ table: "Checkpoints", rows: 2 }];
  assertEquals(new errors.KustoFlushError("m", { unstored }).unstored, unstored);
  assertEquals(new errors.KustoFlushError("m").unstored, []);
});
