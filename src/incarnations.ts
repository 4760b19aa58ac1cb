/**
 * Which life of a thread a row belongs to.
 *
 * Deleting a thread starts a new incarnation of it; rows of older ones are gone for readers. A row
 * must therefore bear the incarnation that its run began with, not the newest one, or a run that was
 * under way while its thread was deleted would bring the thread back.
 *
 * @module
 */
import { BoundedMap } from "./bounded_map.ts";
import { compareText, type Stamp } from "./clock.ts";

const THREADS_KEPT = 10_000;
const CHECKPOINTS_KEPT = 1_000;

/** One checkpoint, named as LangGraph names it. */
export interface CheckpointAddress {
  readonly namespace: string;
  readonly checkpointId: string;
}

interface ThreadMemory {
  newest: Stamp;
  readonly bound: BoundedMap<string, Stamp>;
}

/** What one saver knows of incarnations, from what it read and wrote. */
export class Incarnations {
  readonly #threads = new BoundedMap<string, ThreadMemory>(THREADS_KEPT);
  /** LangGraph hands one `control` object to every call of a run, child namespaces included. */
  readonly #runs = new WeakMap<object, Map<string, Stamp>>();

  /** The newest incarnation known of a thread; `undefined` for a thread never read. */
  newest(threadId: string): Stamp | undefined {
    return this.#threads.get(threadId)?.newest;
  }

  /** Takes note of an incarnation that a row, a deletion or a query showed. */
  observe(threadId: string, incarnation: Stamp): void {
    const memory = this.#threads.get(threadId);
    if (!memory) {
      const bound = new BoundedMap<string, Stamp>(CHECKPOINTS_KEPT);
      this.#threads.set(threadId, { newest: incarnation, bound });
    } else if (compareText(incarnation, memory.newest) > 0) {
      memory.newest = incarnation;
    }
  }

  /** Takes note of what a run saw when it first read the thread; later reads change nothing. */
  beginRun(run: object, threadId: string, incarnation: Stamp): void {
    let threads = this.#runs.get(run);
    if (!threads) this.#runs.set(run, threads = new Map());
    if (!threads.has(threadId)) threads.set(threadId, incarnation);
  }

  /** Ties a checkpoint id to an incarnation, for what will hang on it; the first tie stays. */
  bind(threadId: string, address: CheckpointAddress, incarnation: Stamp): void {
    this.observe(threadId, incarnation);
    const bound = this.#threads.get(threadId)!.bound;
    const key = keyOf(address);
    if (bound.get(key) === undefined) bound.set(key, incarnation);
  }

  /**
   * The incarnation for a row, if it is known without reading.
   *
   * @param run The run's `control` object, if the caller has one.
   * @param addresses The checkpoints that the row hangs on, most telling first.
   */
  forRow(
    threadId: string,
    run: object | undefined,
    addresses: readonly CheckpointAddress[],
  ): Stamp | undefined {
    const ofRun = run && this.#runs.get(run)?.get(threadId);
    if (ofRun !== undefined) return ofRun;
    const memory = this.#threads.get(threadId);
    for (const address of addresses) {
      const bound = memory?.bound.get(keyOf(address));
      if (bound !== undefined) return bound;
    }
    return memory?.newest;
  }
}

function keyOf({ namespace, checkpointId }: CheckpointAddress): string {
  return JSON.stringify([namespace, checkpointId]);
}
