/**
 * Faults in what is read: which rows count, what a saver adds of its own, what they are put together to.
 *
 * @module
 */
import type { Mutation } from "./mutation.ts";

/** The faults. */
export const reading: readonly Mutation[] = [
  {
    guards: "P1",
    fault: "lets the last of regular writes count, as of special ones",
    file: "src/assembly.ts",
    find: "if (!winner || later === row.idx < 0)",
    replace: "if (!winner || later)",
    test: "tests/saver/contract_test.ts",
    title: "Of regular writes the first counts, of errors, interrupts and answers the last",
  },
  {
    guards: "P1",
    fault: "lets the first of special writes count, as of regular ones",
    file: "src/assembly.ts",
    find: "if (!winner || later === row.idx < 0)",
    replace: "if (!winner || !later)",
    test: "tests/saver/contract_test.ts",
    title: "Of regular writes the first counts, of errors, interrupts and answers the last",
  },
  {
    guards: "P1",
    fault: "drops the values of a fork, which names no new versions",
    file: "src/tuples.ts",
    find: ' || metadata.source === "fork"',
    replace: "",
    test: "tests/saver/contract_test.ts",
    title: "A fork copies everything over, though it names no new versions",
  },
  {
    guards: "P1",
    fault: "mints versions of numbers as text, which starts old threads anew",
    file: "src/channel_version.ts",
    find: 'if (typeof current === "number") return current + 1;',
    replace: 'if (typeof current === "number") return nextChannelVersion(String(current), random);',
    test: "tests/saver/contract_test.ts",
    title: "getNextVersion() counts numbers on and mints texts that sort and never meet",
  },
  {
    guards: "P1",
    fault: "serialises values a moment after the call",
    file: "src/tuples.ts",
    find: "const { channel_values: values = {}, ...rest } = args.checkpoint;",
    replace:
      "const { channel_values: values = {}, ...rest } = args.checkpoint; await Promise.resolve();",
    test: "tests/saver/contract_test.ts",
    title: "What the graph changes after the call is not stored",
  },
  {
    guards: "P3",
    fault: "does not add a saver's own checkpoints to what is read",
    file: "src/store.ts",
    find: "const checkpoints = [...rows?.checkpoints.values() ?? []];",
    replace: "const checkpoints: CheckpointRow[] = [];",
    test: "tests/saver/recent_test.ts",
    title: "A saver sees its own rows at once, others see them when the service shows them",
  },
  {
    guards: "P3",
    fault: "does not add a saver's own writes to what is read",
    file: "src/store.ts",
    find: "const writes = [...rows?.writes.values() ?? []];",
    replace: "const writes: WriteRow[] = [];",
    test: "tests/saver/recent_test.ts",
    title: "Own rows that are hidden and rows of others that show make one history",
  },
  {
    guards: "P4",
    fault: "reads a write as often as it was stored",
    file: "src/assembly.ts",
    find: "const key = `${row.idx} ${row.task_id}`;",
    replace: "const key = `${winners.size} ${row.idx} ${row.task_id}`;",
    test: "tests/saver/recent_test.ts",
    title: "A resent, doubled or lost answer changes nothing that is read",
  },
  {
    guards: "P4",
    fault: "counts the chunks of a blob as often as they were stored",
    file: "src/assembly.ts",
    find: "chunks.set(row.chunk, row);",
    replace: "chunks.set(chunks.size, row);",
    test: "tests/assembly_test.ts",
    title: "a blob is whole for chunks doubled, in any order and beside others",
  },
  {
    guards: "P6",
    fault: "stores only the channels that changed",
    file: "src/tuples.ts",
    find: "if (parentId !== undefined || newVersions === undefined",
    replace: "if (newVersions === undefined",
    test: "tests/saver/contract_test.ts",
    title: "Channels that did not change are whole after a reload, here and in another process",
  },
  {
    guards: "P8",
    fault: "forgets which large values a thread's rows refer to",
    file: "src/store.ts",
    find: "writer.rememberBlobs(row.thread_id, row.incarnation, row.blobs ?? []);",
    replace: "",
    test: "tests/saver/requests_test.ts",
    title: "put() by a saver that read the thread sends no large value again",
  },
  {
    guards: "P8",
    fault: "reads the incarnation anew for each write",
    file: "src/saver.ts",
    find: "return this.#incarnations.forRow(address.threadId, address.run, hangsOn) ??",
    replace: "return undefined ??",
    test: "tests/saver/requests_test.ts",
    title: "put() is one read and one append for a thread never seen, then one append",
  },
];
