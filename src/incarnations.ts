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

/** A life of a thread, named by its incarnation. */
export interface Life {
  readonly threadId: string;
  readonly incarnation: Stamp;
}

/** One checkpoint, named as LangGraph names it. */
export interface CheckpointAddress {
  readonly namespace: string;
  readonly checkpointId: string;
}

interface ThreadMemory {
  newest: Stamp;
  /** Whether a caller without a run has read the thread, and no row of unknown origin was made since. */
  read: boolean;
  readonly bound: BoundedMap<string, Stamp>;
}

/** What one saver knows of incarnations, from what it read and wrote. */
export class Incarnations {
  readonly #threads = new BoundedMap<string, ThreadMemory>(THREADS_KEPT);
  /** What a run saw of each thread, by an object that only it has; `undefined` where several share it. */
  readonly #runs = new WeakMap<object, Map<string, Stamp | undefined>>();

  /** The newest incarnation known of a thread; `undefined` for a thread never read. */
  newest(threadId: string): Stamp | undefined {
    return this.#threads.get(threadId)?.newest;
  }

  /** Takes note of an incarnation that a row, a deletion or a query showed. */
  observe(threadId: string, incarnation: Stamp): void {
    this.#remember(threadId, incarnation);
  }

  /**
   * Takes note of what a run saw when it first read the thread; what its nodes read changes nothing.
   *
   * @param run Objects that belong to the run, most telling first. One that is seen with two
   * incarnations of a thread belongs to several runs and says nothing of that thread any more.
   * None stands for a caller of which nothing is known but that it reads before it writes.
   * @param byNode Whether a node of the run reads. Otherwise the run begins.
   */
  beginRun(run: readonly object[], threadId: string, incarnation: Stamp, byNode: boolean): void {
    if (run.length === 0) this.#remember(threadId, incarnation).read = true;
    const seen = byNode ? this.#ofRun(threadId, run) ?? incarnation : incarnation;
    for (const object of run) {
      let threads = this.#runs.get(object);
      if (!threads) this.#runs.set(object, threads = new Map());
      threads.set(
        threadId,
        !threads.has(threadId) || threads.get(threadId) === seen ? seen : undefined,
      );
    }
  }

  /**
   * Ties a checkpoint id to the incarnation in which it was read or written, for what will hang on it;
   * an id that is used again counts where it was seen last.
   */
  bind(threadId: string, address: CheckpointAddress, incarnation: Stamp): void {
    const { bound } = this.#remember(threadId, incarnation);
    const key = keyOf(address);
    const known = bound.get(key);
    if (known === undefined || compareText(incarnation, known) > 0) bound.set(key, incarnation);
  }

  /** Ties an id that was not found to the incarnation that was read, unless more is known of it. */
  bindMissing(threadId: string, address: CheckpointAddress, incarnation: Stamp): void {
    const { bound } = this.#remember(threadId, incarnation);
    const key = keyOf(address);
    if (bound.get(key) === undefined) bound.set(key, incarnation);
  }

  /**
   * The incarnation for a row; `undefined` if the thread must be read first.
   *
   * A row of which nothing is known takes the newest, but only the first such row after a read: what a
   * caller writes that never reads must not be hidden by what others deleted meanwhile.
   *
   * @param run Objects that belong to the caller's run, most telling first.
   * @param addresses The checkpoints that the row hangs on, most telling first.
   */
  forRow(
    threadId: string,
    run: readonly object[],
    addresses: readonly CheckpointAddress[],
  ): Stamp | undefined {
    const ofRun = this.#ofRun(threadId, run);
    if (ofRun !== undefined) return ofRun;
    const memory = this.#threads.get(threadId);
    if (!memory) return undefined;
    for (const address of addresses) {
      const bound = memory.bound.get(keyOf(address));
      if (bound !== undefined) return bound;
    }
    const { read, newest } = memory;
    memory.read = false;
    return read ? newest : undefined;
  }

  #ofRun(threadId: string, run: readonly object[]): Stamp | undefined {
    for (const object of run) {
      const seen = this.#runs.get(object)?.get(threadId);
      if (seen !== undefined) return seen;
    }
    return undefined;
  }

  #remember(threadId: string, incarnation: Stamp): ThreadMemory {
    let memory = this.#threads.get(threadId);
    if (!memory) {
      const bound = new BoundedMap<string, Stamp>(CHECKPOINTS_KEPT);
      memory = { newest: incarnation, read: false, bound };
      this.#threads.set(threadId, memory);
    } else if (compareText(incarnation, memory.newest) > 0) {
      memory.newest = incarnation;
    }
    return memory;
  }
}

function keyOf({ namespace, checkpointId }: CheckpointAddress): string {
  return JSON.stringify([namespace, checkpointId]);
}
