/**
 * Faults that would make the embedded Kusto kinder than the service.
 *
 * @module
 */
import type { Mutation } from "./mutation.ts";

/** The faults. */
export const emulator: readonly Mutation[] = [
  {
    guards: "the materialized part of a view is behind its source",
    fault: "materializes rows as soon as they come",
    file: "src/emulator/storage/views.ts",
    find: "return (this.disabledAt ?? this.#setup.now()) - this.#setup.lag();",
    replace: "return this.disabledAt ?? this.#setup.now();",
    test: "tests/emulator/view_lag_test.ts",
    title: "a view is never behind its source, its materialized part is by the lag",
  },
  {
    guards: "the materialized part of a view is behind its source",
    fault: "lets a view show its materialized part alone",
    file: "src/emulator/storage/views.ts",
    find:
      "    const held = this.#settled();\n    this.#lookAhead();\n    if (this.#lookedAt === 0) return held.all;",
    replace: "    const held = this.#settled();\n    if (this.#lookedAt === 0) return held.all;",
    test: "tests/emulator/view_lag_test.ts",
    title: "a view is never behind its source, its materialized part is by the lag",
  },
  {
    guards: "the materialized part of a view is behind its source",
    fault: "keeps rows in a view that were deleted before they were materialized",
    file: "src/emulator/storage/views.ts",
    find: "removed: (rows) => this.#forget(rows),",
    replace: "",
    test: "tests/emulator/view_lag_test.ts",
    title: "rows deleted before they are materialized never come into the view, others stay",
  },
  {
    guards: "the materialized part of a view is behind its source",
    fault: "materializes what a disabled view's source holds",
    file: "src/emulator/storage/views.ts",
    find: "return (this.disabledAt ?? this.#setup.now()) - this.#setup.lag();",
    replace: "return this.#setup.now() - this.#setup.lag();",
    test: "tests/emulator/views_test.ts",
    title: "a disabled view still answers, but nothing is materialized",
  },
  {
    guards: "streamed rows are acknowledged before they are visible",
    fault: "lets a view begin with rows that were ingested before it was made",
    file: "src/emulator/storage/views.ts",
    find: "if (row.ingestedAt >= effectiveFrom) this.#pending.push(row);",
    replace: "if (effectiveFrom >= 0n) this.#pending.push(row);",
    test: "tests/emulator/view_lag_test.ts",
    title: "rows that were ingested before a view and seen after it was made are not in it",
  },
  {
    guards: "streamed rows are acknowledged before they are visible",
    fault: "forgets at a restart which rows a view has not joined",
    file: "src/emulator/storage/views.ts",
    find: "rowId > mark || late.has(rowId)",
    replace: "rowId > mark",
    test: "tests/emulator/view_lag_test.ts",
    title: "whatever comes late, a view is what its query gives over its source",
  },
  {
    guards: "streamed rows are acknowledged before they are visible",
    fault: "shows streamed rows at once",
    file: "src/emulator/storage/tables.ts",
    find: "if (visibleAt !== undefined && visibleAt > this.#now()) {",
    replace: "if (visibleAt !== undefined && visibleAt < 0n) {",
    test: "tests/emulator/trouble_test.ts",
    title: "streamed rows are seen after the visibility delay, by queries and by views",
  },
  {
    guards: "too many requests at once are refused",
    fault: "lets any number of requests run",
    file: "src/emulator/wire/concurrency.ts",
    find: "if (before >= capacity) throw throttled(kind, capacity);",
    replace: "",
    test: "tests/emulator/trouble_test.ts",
    title: " may be under way at once for each core, one more gets 429",
  },
  {
    guards: "too many requests at once are refused",
    fault: "counts requests whose answer was lost for ever",
    file: "src/emulator/wire/handler.ts",
    find: "      exchange.end();\n      note(0, 0);",
    replace: "      note(0, 0);",
    test: "tests/emulator/trouble_test.ts",
    title: "requests that fail, or whose answer is lost or given up, are no longer under way",
  },
  {
    guards: "acknowledged rows are durable where there is a folder",
    fault: "keeps rows in memory alone",
    file: "src/emulator/storage/database.ts",
    find:
      "    this.#store?.addRows(table.key, table.columns, rows);\n    table.append(rows, visibleAt);",
    replace: "    table.append(rows, visibleAt);",
    test: "tests/emulator/durable_test.ts",
    title: "what was acknowledged survives a kill -9 amid ingestion",
  },
  {
    guards: "acknowledged rows are durable where there is a folder",
    fault:
      "keeps a view's rows without how far they go, so that rows are joined twice after a crash",
    file: "src/emulator/storage/sqlite_store.ts",
    find: "this.#setState.run(`progress ${key}`, JSON.stringify(progress));",
    replace: 'this.#setState.run(`progress ${key}`, \'{"mark":0,"missing":[]}\');',
    test: "tests/emulator/durable_test.ts",
    title: "what was acknowledged survives a kill -9 amid ingestion",
  },
  {
    guards: "acknowledged rows are durable where there is a folder",
    fault: "lets two processes write into one folder",
    file: "src/emulator/storage/sqlite_store.ts",
    find: "PRAGMA locking_mode = EXCLUSIVE;",
    replace: "",
    test: "tests/emulator/durable_test.ts",
    title: "a second process on a folder ends with the reason, and so does open()",
  },
];
