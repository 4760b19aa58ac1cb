/**
 * Faults at the edges: what comes from outside, what goes there, and where the code can run.
 *
 * @module
 */
import type { Mutation } from "./mutation.ts";

/** The faults. */
export const outside: readonly Mutation[] = [
  {
    guards: "P9",
    fault: "leaves quotes in text as they are",
    file: "src/service/kql.ts",
    find: "const ESCAPED = /[\"'\\\\\\p{Cc}\\u2028\\u2029]/gu;",
    replace: "const ESCAPED = /[\\\\\\p{Cc}\\u2028\\u2029]/gu;",
    test: "tests/kql_test.ts",
    title: "stringLiteral() of any text reads back as the text",
  },
  {
    guards: "P9",
    fault: "leaves backslashes in text as they are",
    file: "src/service/kql.ts",
    find: "const ESCAPED = /[\"'\\\\\\p{Cc}\\u2028\\u2029]/gu;",
    replace: "const ESCAPED = /[\"'\\p{Cc}\\u2028\\u2029]/gu;",
    test: "tests/kql_test.ts",
    title: "stringLiteral() of any text reads back as the text",
  },
  {
    guards: "P9",
    fault: "sends tokens to any host",
    file: "src/service/hosts.ts",
    find: "if (!isLoopback(host) && !isClusterHost(host, trusted)) {",
    replace: 'if (host === "") {',
    test: "tests/hosts_test.ts",
    title: "trustedOrigin() refuses ",
  },
  {
    guards: "P9",
    fault: "connects to other machines without encryption",
    file: "src/service/hosts.ts",
    find: 'return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));',
    replace: 'return protocol === "https:" || protocol === "http:";',
    test: "tests/hosts_test.ts",
    title: "trustedOrigin() refuses ",
  },
  {
    guards: "P10",
    fault: "needs a built-in module of Node",
    file: "src/codec.ts",
    find: 'import { KustoInputError } from "./errors.ts";',
    replace: 'import "node:buffer";\nimport { KustoInputError } from "./errors.ts";',
    test: "tests/portable_test.ts",
    title: "The main module leads to portable packages and to its own files alone",
  },
  {
    guards: "P10",
    fault: "loads @azure/identity with the main module",
    file: "src/service/auth.ts",
    find: 'import type { Settings } from "../config.ts";',
    replace: 'import "@azure/identity";\nimport type { Settings } from "../config.ts";',
    test: "tests/portable_test.ts",
    title: "The main module leads to portable packages and to its own files alone",
  },
  {
    guards: "P10",
    fault: "takes base64 from a class that only some runtimes have",
    file: "src/codec.ts",
    find: "return btoa(binary);",
    replace: 'return Buffer.from(bytes).toString("base64");',
    test: "tests/portable_test.ts",
    title: "The main module takes for granted no global that only some runtimes have",
  },
];
