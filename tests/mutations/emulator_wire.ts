/**
 * Faults in how the embedded Kusto takes requests, bounds them and answers.
 *
 * @module
 */
import type { Mutation } from "./mutation.ts";

const bounds = "Every query ends, whatever it asks for";
const nothingUnsaid = "A 200 stands for what was done, and nothing else";
const official = "Microsoft's own SDKs can talk to the emulator";

const boundsTest = "tests/emulator/bounds_test.ts";
const streamingTest = "tests/emulator/streaming_test.ts";
const oraclesTest = "tests/emulator/fuzz_oracles_test.ts";
const sdkTest = "tests/emulator/official_sdk_test.ts";

/** The faults. */
export const emulatorWire: readonly Mutation[] = [
  {
    guards: bounds,
    fault: "lets a joined row cost nothing",
    file: "src/emulator/language/join.ts",
    find: "run.budget.spendRows(others.length + 1, width);",
    replace: "run.budget.spendRows(1, width);",
    test: boundsTest,
    title: " is refused, and the next one is answered",
  },
  {
    guards: bounds,
    fault: "counts what bags share once and not each time",
    file: "src/emulator/language/budget.ts",
    find: "this.#weights.get(part) ?? 1 : 1;",
    replace: "1 : 1;",
    test: boundsTest,
    title: " is refused, and the next one is answered",
  },
  {
    guards: bounds,
    fault: "compiles a declared function as often as it is called",
    file: "src/emulator/language/user_functions.ts",
    find: "if (++scope.compilation.calls > mostCalls) {",
    replace: "if (++scope.compilation.calls > 1e9) {",
    test: boundsTest,
    title: " is refused, and the next one is answered",
  },
  {
    guards: bounds,
    fault: "hands a text of any depth to the parser",
    file: "src/emulator/parser/text_size.ts",
    find: "if (depth > deepest) {",
    replace: "if (depth > 1e9) {",
    test: boundsTest,
    title: " is refused, and the next one is answered",
  },
  {
    guards: bounds,
    fault: "looks at the clock only when a query has ended",
    file: "src/emulator/language/budget.ts",
    find: "    this.#nextLook = this.#left - betweenLooks;\n    this.#checkTime();\n",
    replace: "",
    test: boundsTest,
    title: "the time that a request is given ends it while it runs",
  },
  {
    guards: bounds,
    fault: "takes the engine's own limits for faults of its own",
    file: "src/emulator/wire/plain_answer.ts",
    find: "error instanceof ServiceError ? error : engineLimit(error);",
    replace: "error instanceof ServiceError ? error : undefined;",
    test: boundsTest,
    title: "JSON that is nested very deeply is refused or taken",
  },
  {
    guards: nothingUnsaid,
    fault: "knows the parameters of a streaming request in one spelling and passes over others",
    file: "src/emulator/wire/plain_request.ts",
    find: "const known = name.toLowerCase();",
    replace: 'const known = name.toLowerCase() === "mappingname" ? "mappingname" : name;',
    test: streamingTest,
    title: "the names of a streaming request's parameters are read in any case",
  },
  {
    guards: nothingUnsaid,
    fault: "takes rows from a read-only request",
    file: "src/emulator/wire/endpoints.ts",
    find: 'throw readOnlyRequest("it may bring no rows");',
    replace: "void readOnlyRequest;",
    test: streamingTest,
    title: "a read-only request brings no rows",
  },
  {
    guards: nothingUnsaid,
    fault: "makes an empty row of a line that holds an array",
    file: "src/emulator/ingestion/ingest.ts",
    find: "if (isRecord(record)) records.push(record);",
    replace: 'if (typeof record === "object" && record !== null) records.push(record);',
    test: streamingTest,
    title: " and takes nothing",
  },
  {
    guards: nothingUnsaid,
    fault: "rounds whole numbers in columns of text",
    file: "src/emulator/values/values.ts",
    find: "json : dynamicWire(json as Dynamic);",
    replace: 'json : JSON.stringify(json, (_k, v) => typeof v === "bigint" ? Number(v) : v);',
    test: streamingTest,
    title: "whole numbers keep every digit beyond 2^53, in columns of any type",
  },
  {
    guards: nothingUnsaid,
    fault: "counts a row more than it took",
    file: "src/emulator/ingestion/streaming.ts",
    find: "  return rows.length;",
    replace: "  return rows.length + 1;",
    test: oraclesTest,
    title: "streamed bodies, whole or broken, add the rows that their answer counts, or none",
  },
  {
    guards: nothingUnsaid,
    fault: "gives a table the folder of a command that is then refused",
    file: "src/emulator/commands/tables.ts",
    find:
      "  const merged = mergedColumns(old, columns);\n  if (folder !== undefined) old.folder = folder;",
    replace:
      "  if (folder !== undefined) old.folder = folder;\n  const merged = mergedColumns(old, columns);",
    test: "tests/emulator/commands_test.ts",
    title: "a table whose columns cannot be merged keeps its columns, folder and text",
  },
  {
    guards: nothingUnsaid,
    fault: "removes rows in answer to a whatif",
    file: "src/emulator/commands/data.ts",
    find: "if (!whatIf) target.remove(rows);",
    replace: "target.remove(rows);",
    test: oraclesTest,
    title: "a deletion with whatif counts what the deletion then removes",
  },
  {
    guards: nothingUnsaid,
    fault: "leaves the quotes of a doubled quote out",
    file: "src/emulator/ingestion/delimited.ts",
    find: "        value += '\"';\n",
    replace: "",
    test: oraclesTest,
    title: "texts come back from JSON and from CSV as they were sent",
  },
  {
    guards: nothingUnsaid,
    fault: "takes no notice of a cap on rows",
    file: "src/emulator/wire/result_rows.ts",
    find: "Math.min(table.rows.length, properties.takeRecords)",
    replace: "table.rows.length",
    test: oraclesTest,
    title: "options are honoured one and all, or refused",
  },
  {
    guards: nothingUnsaid,
    fault: "packs answers for clients that refuse gzip",
    file: "src/emulator/wire/server.ts",
    find: 'takesGzip(headers.get("accept-encoding") ?? "")',
    replace: '/gzip/.test(headers.get("accept-encoding") ?? "")',
    test: "tests/emulator/server_test.ts",
    title: "large answers are packed for clients that take gzip",
  },
  {
    guards: official,
    fault: "answers the metadata of sign-in only to those who have signed in",
    file: "src/emulator/wire/handler.ts",
    find: '    if (kind === "metadata") {',
    replace: '    if (kind === "metadata" && tokens === undefined) {',
    test: sdkTest,
    title: "the SDK meets throttling, missing sign-in, missing rights and late answers",
  },
  {
    guards: official,
    fault: "unpacks no body",
    file: "src/emulator/wire/bodies.ts",
    find: 'if (name === "gzip" || name === "deflate") {',
    replace: 'if (name === "deflate") {',
    test: sdkTest,
    title: ", packed as it does, and reads the rows back",
  },
  {
    guards: official,
    fault: "answers throttled requests with 503",
    file: "src/emulator/wire/trouble.ts",
    find: "    status: 429,",
    replace: "    status: 503,",
    test: sdkTest,
    title: "the SDK meets throttling, missing sign-in, missing rights and late answers",
  },
  {
    guards: official,
    fault: "says nothing of a deferred failure",
    file: "src/emulator/wire/answer_v2.ts",
    find: "      completionRows(identity, finishedAt, error),",
    replace: "      completionRows(identity, finishedAt, undefined),",
    test: sdkTest,
    title: "the SDK notices a failure inside a 200: a result over ",
  },
];
