/**
 * Work that must not take longer than its caller will wait.
 *
 * @module
 */

/** The longest time that a timer can count; a longer one would fire at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A limit on some work; {@link release} it when the work is over. */
export interface CutOff {
  /** Aborts with the caller's signal or when the time is over. */
  readonly signal: AbortSignal;
  /** Waits for work no longer than the signal allows, even if the work does not heed it. */
  readonly wait: <T>(work: Promise<T>) => Promise<T>;
  /** Ends the timer. */
  readonly release: () => void;
}

/** Cuts work off with a caller's signal or after a time; not every runtime has `AbortSignal.any`. */
export function cutOff(signal: AbortSignal | undefined, timeoutMs: number): CutOff {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new DOMException(`No answer within ${timeoutMs} ms`, "TimeoutError"));
  }, Math.min(timeoutMs, LONGEST_TIMER_MS));
  const abort = () => controller.abort(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true });
  return {
    signal: controller.signal,
    wait: (work) => waitFor(work, controller.signal),
    release: () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    },
  };
}

function waitFor<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
