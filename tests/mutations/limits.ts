/**
 * Faults at the service's limits, and in what is stored or read more than once.
 *
 * @module
 */
import type { Mutation } from "./mutation.ts";

const TOO_LARGE = "a result beyond its limit of bytes or rows fails";

/** The faults at limits. */
export const limits: readonly Mutation[] = [
  {
    guards: "P5",
    fault: "takes the first page of a checkpoint's writes for all of them",
    file: "src/reading/write_pages.ts",
    find: "next: found < size ? undefined : until",
    replace: "next: undefined",
    test: "tests/saver/paging_test.ts",
    title: "Any history is the same in answers of any size",
  },
  {
    guards: "P5",
    fault: "begins pages of writes at their end",
    file: "src/reading/queries.ts",
    find: "top size by revision asc",
    replace: "top size by revision desc",
    test: "tests/saver/paging_test.ts",
    title: "Any history is the same in answers of any size",
  },
  {
    guards: TOO_LARGE,
    fault: "reads a checkpoint without its writes where they do not fit its answer",
    file: "src/reading/heads.ts",
    find: "isAlone = true;",
    replace: "",
    test: "tests/saver/paging_test.ts",
    title: "Sends of the parent are read beside the writes of an old checkpoint, page by page",
  },
  {
    guards: TOO_LARGE,
    fault: "lists a checkpoint without its writes where they do not fit its page",
    file: "src/reading/pages.ts",
    find: "writes: alone ? undefined : writes,",
    replace: "writes,",
    test: "tests/saver/paging_test.ts",
    title: "Rows that were stored twice are one at the borders of pages too",
  },
  {
    guards: TOO_LARGE,
    fault: "gives up a list whose page is too large",
    file: "src/reading/page_size.ts",
    find: "if (!(error instanceof KustoLimitError) || size === 1) throw error;",
    replace: "throw error;",
    test: "tests/saver/paging_test.ts",
    title: "Any history is the same in answers of any size",
  },
  {
    guards: TOO_LARGE,
    fault: "leaves the writes out of a history that does not fit one answer",
    file: "src/reading/delta_history.ts",
    find: "writes: await readWrites(store, wanted, signal)",
    replace: "writes: []",
    test: "tests/saver/paging_test.ts",
    title: "Own rows that are not visible yet join what is read page by page",
  },
  {
    guards: "P5",
    fault: "asks for more blobs at a time than an answer holds",
    file: "src/reading/blob_pages.ts",
    find: "const PAGE_BYTES = 24 * 1024 * 1024;",
    replace: "const PAGE_BYTES = 96 * 1024 * 1024;",
    test: "tests/blob_pages_test.ts",
    title:
      "every chunk of every blob is in exactly one page, and no page is more than half an answer",
  },
  {
    guards: "P5",
    fault: "takes names with which a row passes what a request may hold",
    file: "src/codec.ts",
    find: "const LONGEST_NAME_BYTES = 256 * 1024;",
    replace: "const LONGEST_NAME_BYTES = 1024 * 1024;",
    test: "tests/records_test.ts",
    title: "rows of the longest names and the fullest cells fit a request",
  },
  {
    guards: "P5",
    fault: "stores what is no text under another name than it was given",
    file: "src/codec.ts",
    find: 'if (typeof text !== "string") {',
    replace: "if (text === undefined) {",
    test: "tests/saver/call_options_test.ts",
    title: "putWrites() refuses ",
  },
  {
    guards: "P5",
    fault: "shows people metadata that hold half a surrogate pair",
    file: "src/records.ts",
    find: "plain && isWellFormed(plain) ? plain : null",
    replace: "plain ?? null",
    test: "tests/records_test.ts",
    title: "metadata with half a surrogate pair are read back, but not shown to people",
  },
  {
    guards: "P1",
    fault: "stores a function as bytes that nobody can load",
    file: "src/codec.ts",
    find: 'return type === "json" && bytes.length === 0;',
    replace: 'return type === "none" && bytes.length === 0;',
    test: "tests/saver/values_test.ts",
    title: "Functions and symbols, which no serializer spells, do not make a thread unreadable",
  },
  {
    guards: "P5",
    fault: "takes bytes for text where the first chunk is text",
    file: "src/codec.ts",
    find: "if (text === undefined) return undefined;\n    chunks.push(text);",
    replace: 'chunks.push(text ?? "");',
    test: "tests/codec_test.ts",
    title: "bytes that never begin a character are cut all the same",
  },
];

/** The faults in what is stored or read more than once. */
export const once: readonly Mutation[] = [
  {
    guards: "P4",
    fault: "stamps rows behind those that the writer has read, when its clock is behind",
    file: "src/reading/store.ts",
    find: "for (const { revision } of writes) clock.observe(revision);",
    replace: "",
    test: "tests/saver/once_test.ts",
    title: "Whoever writes after reading, every reader sees what one saver in memory would show",
  },
  {
    guards: "P4",
    fault: "lets the write count that an answer happens to show first",
    file: "src/reading/assembly.ts",
    find: "if (!winner || later === row.idx < 0)",
    replace: "if (!winner)",
    test: "tests/saver/once_test.ts",
    title: "Two that write at once without reading: every reader sees the same in the end",
  },
  {
    guards: "P4",
    fault: "lets the older of two rows of a checkpoint count",
    file: "src/reading/assembly.ts",
    find: "if (!winner || compareText(row.revision, winner.revision) > 0) winners.set(key, row);",
    replace:
      "if (!winner || compareText(row.revision, winner.revision) < 0) winners.set(key, row);",
    test: "tests/saver/once_test.ts",
    title: "Two that write at once without reading: every reader sees the same in the end",
  },
  {
    guards: "P4",
    fault: "orders writes without the path of their task",
    file: "src/reading/assembly.ts",
    find: "writesSortKey(a.task_path, a.task_id, a.idx)",
    replace: 'writesSortKey("", a.task_id, a.idx)',
    test: "tests/saver/once_test.ts",
    title: "Whoever writes after reading, every reader sees what one saver in memory would show",
  },
];
