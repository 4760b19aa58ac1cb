/**
 * One checkpoint with all that belongs to it, as `getTuple` gives it.
 *
 * @module
 */
import type { CheckpointTuple, SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { awaitHead } from "./heads.ts";
import type { Incarnations } from "../incarnations.ts";
import type { RunAddress } from "../run_config.ts";
import type { RequestListener } from "../service/attempt.ts";
import type { Store } from "./store.ts";
import { loadTuple } from "./tuples.ts";

/** How a saver's tuples are made of bytes. */
export interface TupleForm {
  readonly serde: SerializerProtocol;
  /** The first version of a channel, for checkpoints of old releases that name none. */
  readonly firstVersion: () => number;
}

/** Reads tuples, and remembers which life of its thread a run has read. */
export class TupleReader {
  readonly #incarnations: Incarnations;
  readonly #store: Store;

  constructor(incarnations: Incarnations, store: Store) {
    this.#incarnations = incarnations;
    this.#store = store;
  }

  /** Reads a checkpoint, the latest where none is named; `undefined` if there is none. */
  async read(
    { threadId, namespace, checkpointId, run, byNode, signal }: RunAddress,
    { serde, firstVersion }: TupleForm,
    onRequest: RequestListener | undefined,
  ): Promise<CheckpointTuple | undefined> {
    const request = { threadId, namespace, checkpointId };
    const head = await awaitHead(this.#store.heardBy(onRequest), request, signal);
    this.#incarnations.beginRun(run, threadId, head.incarnation, byNode);
    if (head.found) return await loadTuple(serde, head.found, firstVersion);
    // Rows that will name this id belong to the life of the thread that was just read.
    if (checkpointId !== undefined) {
      this.#incarnations.bindMissing(threadId, { namespace, checkpointId }, head.incarnation);
    }
    return undefined;
  }
}
