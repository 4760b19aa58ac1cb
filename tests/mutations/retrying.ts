/**
 * Faults in trying again: what is tried again, how often, and who may wait.
 *
 * @module
 */
import type { Mutation } from "./mutation.ts";

const GATE = { file: "src/service/gate.ts", test: "tests/gate_test.ts" } as const;

/** The faults. */
export const retrying: readonly Mutation[] = [
  {
    guards: "P8",
    fault: "lets every request through at once while the cluster is up",
    ...GATE,
    find: "const WIDEST = 32;",
    replace: "const WIDEST = 1_000;",
    title: "lets 32 requests through at a time",
  },
  {
    guards: "P8",
    fault: "lets what appends the rows of many callers wait behind reads",
    ...GATE,
    find: "isUrgent ? this.#urgent : this.#others",
    replace: "this.#others",
    title: "pass() lets urgent requests go before those that wait, however long they have",
  },
  {
    guards: "P8",
    fault: "never shuts the gate before a cluster that is down",
    ...GATE,
    find: "const FAILURES_IN_A_ROW = 5;",
    replace: "const FAILURES_IN_A_ROW = Infinity;",
    title: "lets one probe through after each pause",
  },
  {
    guards: "P8",
    fault: "lets requests that were sent before the gate shut open it",
    ...GATE,
    find: "if (turn !== this.#shuts) return;",
    replace: "",
    title: "takes no heed of requests that were sent before it shut",
  },
  {
    guards: "P8",
    fault: "opens the gate for all at the first answer",
    ...GATE,
    find: "Math.min(this.#width + 1, WIDEST)",
    replace: "WIDEST",
    title: "opens by one request more for each answer",
  },
  {
    guards: "P8",
    fault: "heeds no throttling before the fifth",
    ...GATE,
    find: "asked !== undefined || ",
    replace: "",
    title: "shuts at once when the cluster throttles",
  },
  {
    guards: "P8",
    fault: "shuts the gate for as long as one header says",
    ...GATE,
    find: "Math.min(leaveAloneMs, LONGEST_ASKED_MS)",
    replace: "leaveAloneMs",
    title: "pauses no longer than a minute",
  },
  {
    guards: "P8",
    fault: "lets a call wait for a turn that would come after its deadline",
    ...GATE,
    find: "waiting.deadline <= earliest",
    replace: "waiting.deadline <= now",
    title: "sends those away at once who would wait in vain",
  },
  {
    guards: "P8",
    fault: "lets the next probe through at once when one is given up",
    ...GATE,
    find: "if (this.isShut || asked",
    replace: "if (verdict && this.isShut || asked",
    title: "counts a probe that was given up like one that failed",
  },
  {
    guards: "P8",
    fault: "leaves a listener on the signal of each caller that has passed the gate",
    ...GATE,
    find: 'signal?.removeEventListener("abort", giveUp);',
    replace: "",
    title: "lets go of its signal",
  },
  {
    guards: "P8",
    fault: "tries a result that is too large again, since that says that it may pass",
    file: "src/service/backoff.ts",
    find: "|| HOPELESS_TEXT.test(text)",
    replace: "",
    test: "tests/transport_test.ts",
    title: "send() gives back ",
  },
  {
    guards: "P1",
    fault: "gives no read up when its run is given up",
    file: "src/run_config.ts",
    find: "signal: config.signal,",
    replace: "signal: undefined,",
    test: "tests/saver/signal_test.ts",
    title: "Reads end with the reason of the run's signal",
  },
];
