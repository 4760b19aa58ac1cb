/**
 * Faults in operations on whole threads: what is hidden shows, or more is hidden than was meant.
 *
 * @module
 */
import type { Mutation } from "./mutation.ts";

const PRUNE = "tests/saver/prune_test.ts";
const THREADS = "tests/saver/thread_list_test.ts";
const COPY = "tests/saver/thread_copy_test.ts";
const MIGRATION = "tests/saver/migration_test.ts";
const RUNS = "tests/saver/run_deletion_test.ts";

/** The faults. */
export const operations: readonly Mutation[] = [
  {
    guards: "P8",
    fault: "answers for its own latest checkpoint though others hid it",
    file: "src/reading/queries.ts",
    find: " and not(own_hidden);",
    replace: ";",
    test: PRUNE,
    title: "getTuple() of a thread whose latest checkpoints were hidden by others is one request",
  },
  {
    guards: "P3",
    fault: "takes the writes of another checkpoint for those of the one that it then gives",
    file: "src/reading/heads.ts",
    find: "if (hidden.length > 0 && row && row === ownHead) continue;",
    replace: "",
    test: PRUNE,
    title: "A latest checkpoint that others hid gives way to one that only its own saver sees",
  },
  {
    guards: "P7",
    fault: "lists and prunes what is hidden",
    file: "src/reading/shown_rows.ts",
    find: " | where strcmp(until, revision) < 0`;",
    replace: "`;",
    test: PRUNE,
    title: "prune() again hides nothing more, and a checkpoint that is put again shows again",
  },
  {
    guards: "P7",
    fault: "lets no history lead through what was hidden",
    file: "src/reading/history_queries.ts",
    find: "| summarize arg_max(revision, parent_checkpoint_id, channels) by checkpoint_id\n",
    replace:
      "| summarize arg_max(revision, parent_checkpoint_id, channels) by checkpoint_id\n| join kind=leftanti ${names.checkpointDeletions} on checkpoint_id\n",
    test: PRUNE,
    title: "Histories of delta channels lead through what prune() hid",
  },
  {
    guards: "P7",
    fault: "hides all checkpoints of a namespace but one of the thread",
    file: "src/operations/hiding_queries.ts",
    find: "by thread_id, checkpoint_ns) on thread_id, checkpoint_ns",
    replace: "by thread_id) on thread_id",
    test: PRUNE,
    title: "prune() keeps the latest checkpoint of each namespace, with its writes and parent",
  },
  {
    guards: "P7",
    fault: "hides nothing that its own saver does not see yet",
    file: "src/operations/prune.ts",
    find: "await settle(this.#parts, ACTION, threadIds, signal);",
    replace: "",
    test: PRUNE,
    title:
      "prune() hides what its own saver cannot see yet, and resolves when every reader sees it",
  },
  {
    guards: "P7",
    fault: "calls checkpoints hidden before readers can see it",
    file: "src/operations/hiding.ts",
    find: "const left = await this.#unseenOf(first);",
    replace: "const left = await this.#unseenOf(first).then(() => []);",
    test: PRUNE,
    title:
      "prune() hides what its own saver cannot see yet, and resolves when every reader sees it",
  },
  {
    guards: "P7",
    fault: "prunes no further than the first page",
    file: "src/operations/hiding.ts",
    find: "isLast: found.length < size };",
    replace: "isLast: true };",
    test: PRUNE,
    title: "prune() reads page by page what does not fit an answer",
  },
  {
    guards: "P7",
    fault: "takes the head that the view points at for the latest though it is hidden",
    file: "src/reading/queries.ts",
    find: "  | ${visible} | summarize max(revision));\nlet pointed_at",
    replace: "  | summarize max(revision));\nlet pointed_at",
    test: RUNS,
    title:
      "deleteForRuns() hides what its own saver cannot see yet; the latest that is left is the latest",
  },
  {
    guards: "P7",
    fault: "finds no run whose id is too long for the service to search for",
    file: "src/operations/run_deletion.ts",
    find: "any: terms.length < runs.length,",
    replace: "any: false,",
    test: RUNS,
    title: "deleteForRuns() compares ids exactly, whatever they hold and wherever metadata lie",
  },
  {
    guards: "P7",
    fault: "deletes all runs whose metadata the service cannot read",
    file: "src/operations/run_deletion.ts",
    find: "row.certain || ofRow && await isOfRun(parts, runs, row, ofRow, signal)",
    replace: "row.certain || ofRow",
    test: RUNS,
    title: "deleteForRuns() finds runs in metadata that only the serializer can read, ",
  },
  {
    guards: "P8",
    fault: "reads metadata though the row's own text tells its run",
    file: "src/operations/hiding_queries.ts",
    find: " and not(search_text contains_cs key))",
    replace: ")",
    test: RUNS,
    title: "deleteForRuns() finds runs in metadata that only the serializer can read, ",
  },
  {
    guards: "P3",
    fault: "takes a row of a copy that was deleted for the one of the copy that came after",
    file: "src/writing/recent_rows.ts",
    find: "return `${table} ${row.incarnation} ${key}",
    replace: "return `${table} ${key}",
    test: COPY,
    title:
      "A saver sees the second copy to an id at once, though queries show those that it deleted",
  },
  {
    guards: "P7",
    fault: "removes markers of a thread whose copy's checkpoints have aged out",
    file: "src/operations/purge_text.ts",
    find:
      "where created_at < ${time} and thread_id in ${threads} and strcat(incarnation, ${separator}, revision, ${separator}, thread_id) in ${marks}",
    replace:
      "where created_at < ${time} and thread_id in ${threads} and revision in ${inList(markers.map((marker) => marker.revision))}",
    test: "tests/saver/purge_test.ts",
    title:
      "purgeDeletedThreads() removes markers of single checkpoints once their rows have aged out",
  },
  {
    guards: "P8",
    fault: "lets threads move while they are listed",
    file: "src/operations/thread_queries.ts",
    find: "iff(bin(created_at, 1ms) <= as_of, bin(created_at, 1ms), datetime(null))",
    replace: "bin(created_at, 1ms)",
    test: THREADS,
    title:
      "listThreads() reads page by page; a thread that becomes active meanwhile keeps its place",
  },
  {
    guards: "P3",
    fault: "lists no thread that only its own saver sees",
    file: "src/operations/thread_list.ts",
    find: "return rows().map((row) => ({",
    replace: "return rows().slice(0, 0).map((row) => ({",
    test: THREADS,
    title:
      "listThreads() counts each of its saver's own rows once, whether queries show them or not",
  },
  {
    guards: "P7",
    fault: "counts hidden checkpoints of a thread",
    file: "src/operations/thread_queries.ts",
    find: "checkpoints = countif(shown)",
    replace: "checkpoints = count()",
    test: THREADS,
    title: "listThreads() shows nothing of what was deleted, pruned or made by deleted runs",
  },
  {
    guards: "P7",
    fault: "lists hidden checkpoints of a copy with those of its source",
    file: "src/reading/pages.ts",
    find: ".filter((row) => onPage.has(nameOf(row)))",
    replace: "",
    test: COPY,
    title:
      "What is hidden in a copy is not listed beside its source, which shows it, nor the other way",
  },
  {
    guards: "P1",
    fault: "copies no more than what is shown of a thread",
    file: "src/operations/thread_copy.ts",
    find: "const missing = keys.filter(({ revision }) => !present.has(revision));",
    replace: "const missing = keys.filter((key) => !present.has(key.revision) && isShown(key));",
    test: COPY,
    title: "Histories of delta channels are whole in a copy, of a pruned thread too",
  },
  {
    guards: "P1",
    fault: "copies checkpoints before the writes that hang on them",
    file: "src/operations/thread_copy.ts",
    find:
      "    await this.#writes(source, copier);\n    await this.#checkpoints(missing, source, copier);\n",
    replace:
      "    await this.#checkpoints(missing, source, copier);\n    await this.#writes(source, copier);\n",
    test: COPY,
    title:
      "copyThread() can be broken off after any step, shows an earlier state and goes on where it was",
  },
  {
    guards: "P1",
    fault: "copies checkpoints that came after their writes were read",
    file: "src/operations/thread_copy.ts",
    find: "await this.#checkpoints(missing, source, copier);",
    replace:
      "await this.#checkpoints(await copiedKeys(this.#parts, source, this.#signal), source, copier);",
    test: COPY,
    title:
      "copyThread() copies no checkpoint without the writes that led to it, while a run writes",
  },
  {
    guards: "P1",
    fault: "copies onto what was hidden in the target, where it stays hidden",
    file: "src/operations/thread_copy.ts",
    find: "return copied !== undefined && (isShown(key) || !isShown(copied));",
    replace: "return copied !== undefined || !isShown(key);",
    test: COPY,
    title:
      "copyThread() refuses a target with checkpoints of its own, and takes it once it is deleted",
  },
  {
    guards: "P1",
    fault: "stores a copy's metadata as a dynamic column gave them",
    file: "src/operations/row_copier.ts",
    find: "metadata: metadataColumn(readableMetadata(await readMetadata(row, blobs))),",
    replace: "metadata: row.metadata,",
    test: COPY,
    title: "A copy's rows are those of its source, but for its id, its life and their time",
  },
  {
    guards: "P7",
    fault: "lets a migration bring back a thread that was deleted meanwhile",
    file: "src/operations/migration.ts",
    find: "incarnations.beginRun(run, threadId, incarnation, false);",
    replace: "void incarnations;",
    test: MIGRATION,
    title: "A deletion wins over a migration that began before it",
  },
  {
    guards: "P1",
    fault: "takes what another saver lists by itself for all that it has",
    file: "src/operations/foreign_thread.ts",
    find: "this.#saver.list(config, { limit: ALL })",
    replace: "this.#saver.list(config)",
    test: MIGRATION,
    title: "copyFrom() takes savers that differ: ",
  },
  {
    guards: "P1",
    fault: "leaves the order of another saver's writes to the ids of their tasks",
    file: "src/operations/foreign_thread.ts",
    find: 'isInOrder ? "" : String(n)',
    replace: 'isInOrder ? "" : String(0)',
    test: MIGRATION,
    title: "copyFrom() takes savers that differ: ",
  },
  {
    guards: "P4",
    fault: "gives a write another position when an interrupt has come since",
    file: "src/operations/foreign_thread.ts",
    find: "return [ofTask.filter(isSpecial), ofTask.filter((write) => !isSpecial(write))]",
    replace: "return [ofTask, ofTask.filter((write) => isSpecial(write) && false)]",
    test: MIGRATION,
    title: "copyFrom() again stores nothing twice, and what has come since",
  },
  {
    guards: "P1",
    fault: "leaves out what delta channels go on from where that was hidden",
    file: "src/operations/migration.ts",
    find: "for (const one of missing) await this.#standIn(source, target, one);",
    replace: "",
    test: MIGRATION,
    title:
      "Threads move from one installation to another, delta channels whole though pruned before",
  },
  {
    guards: "P7",
    fault: "shows what stands in for hidden checkpoints",
    file: "src/operations/migration.ts",
    find: "await hiding.add([{",
    replace: "await hiding.add([]); void ([{",
    test: MIGRATION,
    title:
      "Threads move from one installation to another, delta channels whole though pruned before",
  },
  {
    guards: "P7",
    fault: "shows what was hidden here when it is copied again",
    file: "src/operations/migration.ts",
    find: "found.filter(({ address }) => !target.present.has(nameOf(address)));",
    replace: "found;",
    test: MIGRATION,
    title: "copyFrom() again stores nothing twice, and what has come since",
  },
];
