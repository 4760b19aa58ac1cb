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

  /**
   * Takes note of what a run saw when it first read the thread; what its nodes read changes nothing.
   *
   * @param byNode Whether a node of the run reads. Otherwise the run begins: a process may share one
   * `control` among its runs, and what begins after a deletion must not be hidden by it.
   */
  beginRun(run: object, threadId: string, incarnation: Stamp, byNode: boolean): void {
    let threads = this.#runs.get(run);
    if (!threads) this.#runs.set(run, threads = new Map());
    if (!byNode || !threads.has(threadId)) threads.set(threadId, incarnation);
  }

  /**
   * Ties a checkpoint id to the incarnation in which it was read or written, for what will hang on it;
   * an id that is used again counts where it was seen last.
   */
  bind(threadId: string, address: CheckpointAddress, incarnation: Stamp): void {
    const bound = this.#boundOf(threadId, incarnation);
    const key = keyOf(address);
    const known = bound.get(key);
    if (known === undefined || compareText(incarnation, known) > 0) bound.set(key, incarnation);
  }

  /** Ties an id that was not found to the incarnation that was read, unless more is known of it. */
  bindMissing(threadId: string, address: CheckpointAddress, incarnation: Stamp): void {
    const bound = this.#boundOf(threadId, incarnation);
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

  #boundOf(threadId: string, incarnation: Stamp): BoundedMap<string, Stamp> {
    this.observe(threadId, incarnation);
    return this.#threads.get(threadId)!.bound;
  }
}

function keyOf({ namespace, checkpointId }: CheckpointAddress): string {
  return JSON.stringify([namespace, checkpointId]);
}
