/**
 * When to try again, and how long to wait first.
 *
 * @module
 */

/** Waits grow no further than this, in milliseconds, unless the first is longer already. */
const LONGEST_WAIT_MS = 30_000;
/** Pauses of all requests of a saver grow no further: one probe in ten seconds bothers nobody. */
const LONGEST_PAUSE_MS = 10_000;
/** Any wait has reached the longest by then, and powers that overflow spoil the product. */
const MOST_DOUBLINGS = 30;

/** Statuses that no waiting changes, whatever the service says of permanence. */
const HOPELESS_STATUSES = new Set([401, 403, 413]);
/** A result that is too large says that it is not permanent, and yet fails again each time. */
const HOPELESS_TEXT = /LimitsExceeded|E_QUERY_RESULT_SET_TOO_LARGE|E_RUNAWAY_QUERY|80DA0003/;

/** What is known of a failed attempt. */
export interface FailedAttempt {
  /** HTTP status; `undefined` where no answer came. */
  readonly status?: number | undefined;
  /** The service's word on whether the same request would fail again. */
  readonly permanent?: boolean | undefined;
  /** The service's texts on the failure. */
  readonly text?: string;
}

/** Whether the same request may succeed later. */
export function isTransient({ status, permanent, text = "" }: FailedAttempt): boolean {
  if (status === undefined || status === 429) return true;
  if (HOPELESS_STATUSES.has(status) || HOPELESS_TEXT.test(text)) return false;
  return permanent === undefined ? status === 408 || status >= 500 : !permanent;
}

/**
 * How long to wait before an attempt, in milliseconds: exponential with full jitter, so that many
 * callers that failed together do not come back together
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), but never less than
 * the service asked for.
 *
 * @param retry 1 for the first attempt after the one that failed.
 */
export function backoffMs(
  retry: number,
  options: {
    readonly baseMs: number;
    readonly random: () => number;
    readonly retryAfterMs?: number;
  },
): number {
  const ceiling = doubled(options.baseMs, retry, LONGEST_WAIT_MS);
  return Math.max(options.random() * ceiling, options.retryAfterMs ?? 0);
}

/**
 * How long all requests to a cluster in trouble pause before one probes it, in milliseconds:
 * exponential too, but never less than half of the most, so that the number of probes is bounded
 * whatever chance gives.
 *
 * @param pause 1 for the first pause since the cluster last answered.
 */
export function pauseMs(
  pause: number,
  { baseMs, random }: { readonly baseMs: number; readonly random: () => number },
): number {
  return doubled(baseMs, pause, LONGEST_PAUSE_MS) * (1 + random()) / 2;
}

function doubled(baseMs: number, count: number, longestMs: number): number {
  return Math.min(
    baseMs * 2 ** Math.min(count - 1, MOST_DOUBLINGS),
    Math.max(baseMs, longestMs),
  );
}

/** Reads a `Retry-After` header, seconds or a date, as milliseconds from now. */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d+(\.\d+)?\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
