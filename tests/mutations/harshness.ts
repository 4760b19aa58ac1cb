/**
 * Faults that would make the embedded Kusto kinder than the service: its limits, rights and troubles.
 *
 * @module
 */
import type { Mutation } from "./mutation.ts";

/** The faults. */
export const harshness: readonly Mutation[] = [
  {
    guards: "streaming is off until a policy allows it",
    fault: "takes rows for tables whose policy does not allow it",
    file: "src/emulator/ingestion/streaming.ts",
    find: "if (!known.allowed) {",
    replace: "if (known.allowed === undefined) {",
    test: "tests/emulator/streaming_test.ts",
    title: "streaming refuses ",
  },
  {
    guards: "streaming takes no more than 4 MiB a request",
    fault: "takes requests of any size",
    file: "src/emulator/ingestion/streaming.ts",
    find: "export const streamingLimit = 4 * 1_048_576;",
    replace: "export const streamingLimit = 64 * 1_048_576;",
    test: "tests/emulator/streaming_test.ts",
    title: " 4 MiB unpacked is answered with ",
  },
  {
    guards: "cells over 1 MiB are cut or become null",
    fault: "keeps strings whole that are too long",
    file: "src/emulator/ingestion/cells.ts",
    find: "isLonger(text, limit) ? cut(wellFormed(text), limit) : wellFormed(text);",
    replace: "wellFormed(text);",
    test: "tests/emulator/streaming_test.ts",
    title: "strings over 1 MiB are cut at the end of a character, dynamics over it become null",
  },
  {
    guards: "cells over 1 MiB are cut or become null",
    fault: "keeps dynamics that are too large",
    file: "src/emulator/ingestion/cells.ts",
    find: 'isSmall(value) || !isLonger(toWire("dynamic", value), limit) ? value : null;',
    replace: "value;",
    test: "tests/emulator/streaming_test.ts",
    title: "strings over 1 MiB are cut at the end of a character, dynamics over it become null",
  },
  {
    guards: "strings inside dynamics change their type",
    fault: "leaves strings inside dynamics what they are",
    file: "src/emulator/values/dynamic.ts",
    find: "if (!hexOrSign || text.length > 64) return text;",
    replace: "if (text.length >= 0) return text;",
    test: "tests/emulator/streaming_test.ts",
    title: "strings inside dynamics that look like dates, guids or numbers change their type",
  },
  {
    guards: "what streaming knows of the schema lags behind",
    fault: "lets streaming know of a change at once",
    file: "src/emulator/storage/schema_cache.ts",
    find: "const lagTicks = 3_000_000_000n;",
    replace: "const lagTicks = 0n;",
    test: "tests/emulator/streaming_test.ts",
    title: "a new table is known to streaming after five minutes or a cleared cache",
  },
  {
    guards: "rows leave when their retention ends",
    fault: "keeps rows for ever",
    file: "src/emulator/storage/policies.ts",
    find: 'return (typeof period === "string" ? parseTimespan(period) : null) ?? longestRetention;',
    replace: "return longestRetention;",
    test: "tests/emulator/streaming_test.ts",
    title: "rows leave a table when its retention ends, never before",
  },
  {
    guards: "results have limits",
    fault: "answers with any number of rows",
    file: "src/emulator/wire/options.ts",
    find: "const mostRecords = 500_000;",
    replace: "const mostRecords = 500_000_000;",
    test: "tests/emulator/answers_test.ts",
    title: " ends in an error among its rows, inside a 200",
  },
  {
    guards: "roles decide who may do what",
    fault: "asks nobody for a token",
    file: "src/emulator/wire/access.ts",
    find: "if (tokens === undefined) return everyRole;",
    replace: "if (tokens !== null) return everyRole;",
    test: "tests/emulator/access_test.ts",
    title: " is answered with 401",
  },
  {
    guards: "requests are throttled",
    fault: "lets requests in that it was told to throttle",
    file: "src/emulator/wire/handler.ts",
    find: "if (throttle) return this.#failure(",
    replace: "if (!throttle === undefined) return this.#failure(",
    test: "tests/emulator/trouble_test.ts",
    title:
      "throttled requests get 429, with Retry-After where asked for, and are over after a while",
  },
  {
    guards: "replies get lost, rows come twice",
    fault: "answers although the reply was to be lost",
    file: "src/emulator/wire/handler.ts",
    find: 'if (answer.status === 200 && trouble.draw("lostReply", on)) {',
    replace: 'if (answer.status === 0 && trouble.draw("lostReply", on)) {',
    test: "tests/emulator/trouble_test.ts",
    title: "a reset does nothing, a lost reply did everything, a duplicate did it twice",
  },
  {
    guards: "replies get lost, rows come twice",
    fault: "takes in once what was to come twice",
    file: "src/emulator/wire/handler.ts",
    find: 'copies: trouble.draw("duplicate", "ingest") ? 2 : 1,',
    replace: "copies: 1,",
    test: "tests/emulator/trouble_test.ts",
    title: "a reset does nothing, a lost reply did everything, a duplicate did it twice",
  },
];
