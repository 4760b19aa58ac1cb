/**
 * Faults that show only in time: what is lost when a process dies, what grows while it lives.
 *
 * @module
 */
import type { Mutation } from "./mutation.ts";

const crash = {
  test: "tests/saver/crash_test.ts",
  title:
    "A process that is killed again and again loses nothing that was acknowledged, and goes on",
};
const soak = {
  test: "tests/saver/soak_test.ts",
  title: "A saver that serves many threads for many steps holds no more than it says",
};

/** The faults. */
export const endurance: readonly Mutation[] = [
  {
    ...crash,
    guards: "P2",
    fault: "buffers rows though nobody asked for it",
    file: "src/config.ts",
    find: 'options.durability, ["acknowledged", "buffered"]',
    replace: 'options.durability, ["buffered", "acknowledged"]',
  },
  {
    guards: "P2",
    fault: "forgets all but one of the writes that tasks made to one channel",
    file: "src/reading/assembly.ts",
    find: "const key = `${row.idx} ${row.task_id}`;",
    replace: "const key = `${row.idx} ${row.channel}`;",
    test: crash.test,
    title: "A process may die between any two requests and while any are under way",
  },
  {
    ...soak,
    guards: "P8",
    fault: "leaves a listener on the caller's signal behind at each request",
    file: "src/service/cut_off.ts",
    find: '      signal?.removeEventListener("abort", follow);',
    replace: "",
  },
  {
    ...soak,
    guards: "P8",
    fault: "leaves a timer running after each request",
    file: "src/service/cut_off.ts",
    find: "clearTimeout(timer);",
    replace: "",
  },
  {
    ...soak,
    guards: "P8",
    fault: "keeps its own rows after a query has shown them",
    file: "src/reading/store.ts",
    find: 'recent.shown("checkpoints", checkpoints);',
    replace: "",
  },
];
