/**
 * The calls that a saver has accepted and not yet answered.
 *
 * @module
 */
import { KustoClosedError } from "./errors.ts";

/** Keeps count of calls, so that `flush`, `close` and `deleteThread` can wait for them. */
export class Calls {
  readonly #open = new Map<Promise<unknown>, string | undefined>();
  /** How many calls there have been. */
  #accepted = 0;
  #closed = false;

  /**
   * Runs a call and counts it until it settles.
   *
   * @param threadId The thread that it writes to; `undefined` for a call that only reads.
   * @throws {KustoClosedError} If the saver is closed.
   */
  run<T>(action: string, threadId: string | undefined, work: () => Promise<T>): Promise<T> {
    if (this.#closed) {
      return Promise.reject(
        new KustoClosedError(`Cannot ${action}: the saver is closed, create a new one`),
      );
    }
    this.#accepted++;
    const call = work();
    const settled = call.then(() => {}, () => {});
    this.#open.set(settled, threadId);
    settled.then(() => this.#open.delete(settled));
    return call;
  }

  /**
   * Resolves when the calls that are open now have settled.
   *
   * @param matches Which calls it is about, by the thread that they write to; all when absent.
   */
  async settled(
    matches: (threadId: string | undefined) => boolean = () => true,
  ): Promise<void> {
    const open = [...this.#open].filter(([, threadId]) => matches(threadId));
    await Promise.all(open.map(([call]) => call));
  }

  /**
   * Waits until no call has been open for one turn of the event loop, then refuses new ones: after an
   * aborted run LangGraph goes on calling for a while.
   */
  async close(turn: () => Promise<void>): Promise<void> {
    let accepted: number;
    do {
      accepted = this.#accepted;
      await this.settled();
      await turn();
    } while (this.#accepted > accepted);
    this.#closed = true;
  }
}
