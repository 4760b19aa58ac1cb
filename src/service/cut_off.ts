/**
 * Work that must not take longer than its caller will wait.
 *
 * @module
 */
import { LONGEST_TIMER_MS } from "../sleep.ts";

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
  let reject: (reason: unknown) => void;
  const over = new Promise<never>((_, refuse) => reject = refuse);
  // It may happen while nothing is waited for.
  over.catch(() => {});
  const abort = (reason: unknown) => {
    controller.abort(reason);
    reject(controller.signal.reason);
  };
  const timer = setTimeout(() => {
    abort(new DOMException(`No answer within ${timeoutMs} ms`, "TimeoutError"));
  }, Math.min(timeoutMs, LONGEST_TIMER_MS));
  const follow = () => abort(signal?.reason);
  if (signal?.aborted) follow();
  signal?.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    wait: (work) => Promise.race([work, over]),
    release: () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", follow);
    },
  };
}
