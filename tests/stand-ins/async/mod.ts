/**
 * A small stand-in for `@std/async`, so that a checkout can be run where JSR cannot be reached.
 *
 * @module
 */

/** Options of {@link delay}. */
export interface DelayOptions {
  /** Ends the wait early, with a rejection. */
  signal?: AbortSignal;
  /**
   * Whether the wait keeps a process alive.
   *
   * @default {true}
   */
  persistent?: boolean;
}

/** Timers count no further. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Resolves after some milliseconds; rejects with the signal's reason if that aborts first. */
export function delay(ms: number, options: DelayOptions = {}): Promise<void> {
  const { signal, persistent = true } = options;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout>;
    const wait = (left: number) => {
      timer = setTimeout(
        () => left > LONGEST_TIMER_MS ? wait(left - LONGEST_TIMER_MS) : end(),
        Math.min(left, LONGEST_TIMER_MS),
      );
      if (!persistent) unref(timer);
    };
    const end = () => {
      signal?.removeEventListener("abort", abort);
      resolve();
    };
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    wait(Math.max(ms, 0) || 0);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** Timers are objects in some runtimes and numbers in others. */
function unref(timer: unknown): void {
  if (typeof timer === "object" && timer !== null && "unref" in timer) {
    (timer as { unref(): void }).unref();
  } else if (typeof timer === "number") {
    (globalThis as Partial<typeof globalThis>).Deno?.unrefTimer(timer);
  }
}
