/**
 * A clock for tests: it stands still while code runs, and jumps to the next wait when all code waits.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";

interface Timer {
  readonly at: number;
  readonly ring: () => void;
}

/** Time that only {@link SimulatedTime.run} moves. */
export class SimulatedTime {
  /** Milliseconds since 1970. */
  current = Date.UTC(2026, 0, 1);
  readonly #timers = new Set<Timer>();

  /** The waits that have not ended. */
  get timers(): number {
    return this.#timers.size;
  }

  /** The option `now`. */
  readonly now = (): number => this.current;

  /** The option `sleep`. */
  readonly sleep = (ms: number, { signal }: { readonly signal?: AbortSignal } = {}) =>
    new Promise<void>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = () => {
        this.#timers.delete(timer);
        reject(signal?.reason);
      };
      const timer = {
        at: this.current + ms,
        ring: () => {
          signal?.removeEventListener("abort", abort);
          resolve();
        },
      };
      this.#timers.add(timer);
      signal?.addEventListener("abort", abort, { once: true });
    });

  /** Lets time pass until work has settled; fails when it waits for what no clock brings. */
  async run<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const mark = () => {
      settled = true;
    };
    work.then(mark, mark);
    using hashes = new Hashes();
    for (let idle = 0; !settled;) {
      await turns(3);
      if (hashes.underWay > 0) continue;
      const next = this.#next();
      if (!next) {
        if (++idle > 1000) throw new Error("All code waits, and for no clock");
        continue;
      }
      idle = 0;
      this.#timers.delete(next);
      this.current = Math.max(this.current, next.at);
      next.ring();
    }
    return await work;
  }

  /** Of the timers that ring first the one that was set first; there may be many thousands. */
  #next(): Timer | undefined {
    let found: Timer | undefined;
    for (const timer of this.#timers) if (!found || timer.at < found.at) found = timer;
    return found;
  }
}

/** Counts the hashes under way: they are made on other threads, however busy those are, and take no time here. */
class Hashes implements Disposable {
  underWay = 0;
  readonly #digest = crypto.subtle.digest;

  constructor() {
    crypto.subtle.digest = async (...args) => {
      this.underWay++;
      try {
        return await this.#digest.apply(crypto.subtle, args);
      } finally {
        this.underWay--;
      }
    };
  }

  [Symbol.dispose](): void {
    crypto.subtle.digest = this.#digest;
  }
}

/** Lets the code that can run do so. */
async function turns(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await setImmediate();
}
