/**
 * Waits, also such that do not keep a process alive.
 *
 * @module
 */
import { delay } from "@std/async";

/** The longest time that a timer can count, in milliseconds; a longer one would be over at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How a wait goes. */
export interface SleepOptions {
  /** Ends the wait early, with a rejection. */
  readonly signal?: AbortSignal;
  /**
   * Whether the wait keeps a process alive.
   *
   * @default {true}
   */
  readonly persistent?: boolean;
}

/** Resolves after some milliseconds; rejects with the signal's reason if that aborts first. */
export function sleep(ms: number, options: SleepOptions = {}): Promise<void> {
  const { signal, persistent = true } = options;
  return persistent ? delay(ms, signal ? { signal } : {}) : lightDelay(ms, signal);
}

/**
 * A wait that lets the process end meanwhile. `delay` can be told so too, but unrefs by number: of no
 * effect where timers are objects, as in Node and in Deno 2.9, and an entry in Node's console.
 */
function lightDelay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
    unref(timer);
  });
}

/** Timers are objects in some runtimes and numbers in others, some of which wait for none anyway. */
function unref(timer: unknown): void {
  if (typeof timer === "object" && timer !== null) {
    (timer as { unref?(): void }).unref?.();
    return;
  }
  const { Deno } = globalThis as { Deno?: { unrefTimer?(timer: unknown): void } };
  Deno?.unrefTimer?.(timer);
}
