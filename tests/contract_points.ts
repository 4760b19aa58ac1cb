/**
 * What LangGraph asks of a saver, point by point, and the tests of each.
 *
 * @module
 */

/** One point of the contract. */
export interface ContractPoint {
  readonly point: string;
  /** Test files from the repository's root, and titles in them or parts of titles. */
  readonly tests: readonly (readonly [test: string, title: string])[];
}

const contract = "tests/saver/contract_test.ts";
const deletion = "tests/saver/deletion_test.ts";
const differential = "tests/saver/differential_test.ts";
const graphs = "tests/saver/graph_test.ts";
const prune = "tests/saver/prune_test.ts";
const recent = "tests/saver/recent_test.ts";
const requests = "tests/saver/requests_test.ts";
const runDeletion = "tests/saver/run_deletion_test.ts";
const runs = "tests/saver/runs_test.ts";
const threadCopy = "tests/saver/thread_copy_test.ts";

/** The contract. */
export const CONTRACT: readonly ContractPoint[] = [
  {
    point:
      "`getTuple` of what does not exist is `undefined`; the latest is the greatest id; configurations have three keys",
    tests: [
      [contract, "getTuple() of what does not exist is undefined"],
      [contract, "The latest checkpoint is the one with the greatest id, whatever came last"],
      [differential, "Random programs of two processes give what memory gives"],
    ],
  },
  {
    point: "Arguments may change after the call",
    tests: [[contract, "What the graph changes after the call is not stored"]],
  },
  {
    point: "`putWrites` come before the `put` they belong to, which may never come",
    tests: [
      [contract, "Writes without their checkpoint are no checkpoint, and are there once it comes"],
    ],
  },
  {
    point: "Of regular writes the first counts, of special ones the last, across processes too",
    tests: [
      [contract, "Of regular writes the first counts, of errors, interrupts and answers the last"],
      ["tests/assembly_test.ts", "pending writes are the same for rows doubled and in any order"],
      [
        differential,
        "A write that gave way to one of another channel is no part of a delta history",
      ],
    ],
  },
  {
    point: "Pending writes come in LangGraph's order",
    tests: [
      [
        contract,
        "Writes come back by task path, task id and position, characters in code point order",
      ],
    ],
  },
  {
    point: "Branches of a fork keep their own values; runs may meet on one thread",
    tests: [
      [contract, "Branches of a fork keep their own values, with numbers as versions too"],
      [contract, "A fork copies everything over, though it names no new versions"],
      [runs, "Two runs on one thread at the same time both succeed; the greatest id is the latest"],
    ],
  },
  {
    point: "Absent, `undefined`, `null` and bytes stay apart",
    tests: [[contract, "Absent, undefined, null and bytes stay what they are"]],
  },
  {
    point: "Channels may be removed and come back",
    tests: [[runs, "A channel that was removed does not come back from older rows"]],
  },
  {
    point: "Delta channels are rebuilt from all their writes, or not at all",
    tests: [
      [graphs, "A graph gives what it gives in memory: "],
      [
        differential,
        "Channels of one delta history that end at different ancestors each end at their own",
      ],
      [runs, "A delta history whose parent is gone is an error, never a short state"],
      [requests, "getDeltaChannelHistory() is two requests for a chain of a thousand"],
    ],
  },
  {
    point: "Checkpoints of older versions take their sends from their parent's writes",
    tests: [[differential, "Random programs of two processes give what memory gives"]],
  },
  {
    point:
      "`list` with thread, namespace, id, `before`, `limit` and `filter`; lazily, page by page",
    tests: [
      [differential, "Random programs of two processes give what memory gives"],
      [contract, "list() filters on metadata, deeply, and on what is not narrowed by the service"],
      [requests, "list() of a long history reads no further than its consumer"],
    ],
  },
  {
    point: "Metadata come back as they were put; no text is too odd",
    tests: [
      [contract, "Metadata come back as they were put, nothing of the configuration with them"],
      [contract, "Ids, task ids and channel names of any text come back equal"],
    ],
  },
  {
    point: "`deleteThread` hides at once, late calls stay hidden, the thread can be used anew",
    tests: [
      [deletion, "Deleting hides all namespaces at once, here, elsewhere and for who comes later"],
      [deletion, "A thread can be used anew, again and again, and holds nothing of its past"],
    ],
  },
  {
    point: "Requests may be resent, doubled and lost",
    tests: [
      [recent, "A resent, doubled or lost answer changes nothing that is read"],
      [
        differential,
        "Random programs give what memory gives while a third of all requests are disturbed",
      ],
      [graphs, "A graph does not notice a service in trouble: "],
    ],
  },
  {
    point:
      "A saver reads its own writes whatever the service shows; another process waits for an id where that is wished",
    tests: [
      [graphs, "A graph reads its own writes before they are visible: "],
      [differential, "Random programs give what memory gives before their rows are visible"],
      [recent, "A checkpoint asked for by id is waited for where that is wished"],
    ],
  },
  {
    point: "A `put` that fails fails its run, and the thread can be taken up where it was",
    tests: [
      [
        runs,
        "A run whose put fails fails with the saver's error, stores nothing after it, and can be taken up",
      ],
      ["tests/saver/crash_test.ts", "A process that is killed again and again loses nothing"],
    ],
  },
  {
    point: "Parallel tasks, with subgraphs, call at the same time",
    tests: [
      [runs, "Ten parallel tasks with a subgraph each read back what they wrote"],
      [requests, "putWrites() of concurrent tasks share requests"],
    ],
  },
  {
    point:
      "`prune` (Python's, not in JavaScript's base class) keeps what is asked for, and delta chains whole",
    tests: [
      [prune, "prune() keeps the latest checkpoint of each namespace, with its writes and parent"],
      [prune, "prune() leaves other threads as they are, and what is not there"],
      [prune, "prune() can delete whole threads"],
      [prune, "prune() of no threads is no request"],
      [prune, "Histories of delta channels lead through what prune() hid"],
      [prune, "A graph on a thread that is pruned all the time gives what it gives in memory: "],
      [differential, "Random programs of two processes give what memory gives"],
    ],
  },
  {
    point: "`deleteForRuns` (Python's) hides what runs made, and keeps delta chains whole",
    tests: [
      [
        runDeletion,
        "deleteForRuns() hides the checkpoints of a run with their writes, and of no other",
      ],
      [runDeletion, "deleteForRuns() hides several runs, across threads and namespaces"],
      [runDeletion, "deleteForRuns() of no runs is no request"],
      [runDeletion, "Histories of delta channels lead through a run that was deleted"],
      [differential, "Random programs of two processes give what memory gives"],
    ],
  },
  {
    point: "`copyThread` (Python's) copies all there is, and delta chains whole",
    tests: [
      [
        threadCopy,
        "copyThread() copies checkpoints, metadata, writes and namespaces, and leaves the source",
      ],
      [threadCopy, "copyThread() of a thread that is not there, or is deleted, copies nothing"],
      [threadCopy, "Histories of delta channels are whole in a copy, of a pruned thread too"],
      [
        threadCopy,
        "Graphs go on, travel in time and fork on a copy as in memory; their source stays",
      ],
      [differential, "Random programs of two processes give what memory gives"],
    ],
  },
  {
    point: "The clocks of writers differ",
    tests: [
      [runs, "An answer counts that was given after another was read, by a writer an hour "],
      [
        deletion,
        "Deleters whose clocks differ by hours, both ways: the later deletion and life count",
      ],
    ],
  },
];
