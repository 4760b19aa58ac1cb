/**
 * Faults in telling those who watch a saver: what must not be told, and what watching must not change.
 *
 * @module
 */
import type { Mutation } from "./mutation.ts";

const TEST = "tests/observability/telemetry_test.ts";

/** The faults. */
export const watching: readonly Mutation[] = [
  {
    guards: "P9",
    fault: "logs the messages of errors that are not its own",
    file: "src/observability/telemetry.ts",
    find: "if (error instanceof KustoError) return error;",
    replace:
      "if (error instanceof Error) return { ...error, code: 'OTHER', message: error.message };",
    test: TEST,
    title: "of errors that are not this library's nothing is told but that there was one",
  },
  {
    guards: "P1",
    fault: "lets what a logger rejects with end the process",
    file: "src/observability/quietly.ts",
    find: "given.then(undefined, () => {})",
    replace: "given.then(undefined)",
    test: TEST,
    title: " changes nothing",
  },
  {
    guards: "P1",
    fault: "fails when a tracer fails",
    file: "src/observability/watch.ts",
    find: "quietly(() => tracer?.startActiveSpan(`checkpoint.${operation}`, {}, begin));",
    replace: "tracer?.startActiveSpan(`checkpoint.${operation}`, {}, begin);",
    test: TEST,
    title: " changes nothing",
  },
  {
    guards: "P1",
    fault: "begins a call twice when a tracer does",
    file: "src/observability/watch.ts",
    find: "call ??= this.#follow(",
    replace: "call = this.#follow(",
    test: TEST,
    title: " changes nothing",
  },
  {
    guards: "P1",
    fault: "begins a call a moment later when somebody watches",
    file: "src/observability/watch.ts",
    find: "return begin();",
    replace: "return Promise.resolve().then(() => begin());",
    test: TEST,
    title: "a call begins at once, whoever watches",
  },
];
