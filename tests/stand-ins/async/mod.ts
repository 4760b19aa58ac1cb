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

/** Resolves after some milliseconds; rejects with the signal's reason if that aborts first. */
export function delay(ms: number, options: DelayOptions = {}): Promise<void> {
  const { signal, persistent = true } = options;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
    if (!persistent) unref(timer);
  });
}

/** Node and Bun have timer objects, Deno has numbers. */
function unref(timer: unknown): void {
  if (typeof timer === "object" && timer !== null) (timer as { unref(): void }).unref();
  else Deno.unrefTimer(timer as number);
}
