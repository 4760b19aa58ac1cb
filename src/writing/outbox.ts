/**
 * What is stored in the background because no caller waits for it: tried again until it is stored.
 *
 * @module
 */
import { backoffMs } from "../service/backoff.ts";
import { KustoError } from "../errors.ts";

/** How an {@link Outbox} works. */
export interface OutboxOptions<T> {
  /** Stores an item; what is tried again must not wait for others to share a request with. */
  readonly store: (item: T, isRetry: boolean) => Promise<void>;
  /** The longest first wait before items that failed are tried again, in milliseconds; doubles. */
  readonly retryBackoffMs: number;
  /** Gives numbers from 0 up to 1, for jitter. */
  readonly random: () => number;
  /** Waits without keeping a process alive. */
  readonly sleep: (ms: number, options: { signal: AbortSignal }) => Promise<void>;
  /** Told why items could not be stored, and in how many milliseconds they are tried again. */
  readonly onFailure?: ((error: unknown, retryInMs: number) => void) | undefined;
}

/** An item that could not be stored yet. */
export interface Undelivered<T> {
  readonly item: T;
  /** Why it failed last. */
  readonly error: unknown;
}

interface Delivery<T> {
  readonly item: T;
  /** Settles with the attempt that began last; never rejects. */
  attempt: Promise<void>;
  hasFailed: boolean;
  error: unknown;
}

/** Items that are not stored yet. An item leaves when it is stored, and in no other way. */
export class Outbox<T> {
  readonly #options: OutboxOptions<T>;
  readonly #deliveries = new Set<Delivery<T>>();
  /** How often in a row items had to be tried again. */
  #retries = 0;
  #retry: AbortController | undefined;

  constructor(options: OutboxOptions<T>) {
    this.#options = options;
  }

  /** Stores an item, again as long as that fails. */
  add(item: T): void {
    const delivery = { item, attempt: Promise.resolve(), hasFailed: false, error: undefined };
    this.#deliveries.add(delivery);
    this.#attempt(delivery, false);
  }

  /**
   * Tries again at once what failed, and waits for what is under way.
   *
   * @param matches Which items it is about; all when absent.
   * @returns Those of the items added so far that are not stored even so.
   */
  async flush(matches: (item: T) => boolean = () => true): Promise<Undelivered<T>[]> {
    const deliveries = [...this.#deliveries].filter(({ item }) => matches(item));
    this.#retryNow(deliveries);
    await Promise.all(deliveries.map(({ attempt }) => attempt));
    return deliveries.filter((delivery) => this.#deliveries.has(delivery));
  }

  #attempt(delivery: Delivery<T>, isRetry: boolean): void {
    delivery.hasFailed = false;
    delivery.attempt = this.#options.store(delivery.item, isRetry).then(
      () => {
        this.#deliveries.delete(delivery);
        if (isRetry) this.#retries = 0;
      },
      (error) => {
        delivery.hasFailed = true;
        delivery.error = error;
        this.#retryLater(error);
      },
    );
  }

  #retryLater(error: unknown): void {
    if (this.#retry) return;
    const { retryBackoffMs, random, sleep } = this.#options;
    const retry = this.#retry = new AbortController();
    const wait = backoffMs(++this.#retries, {
      baseMs: retryBackoffMs,
      random,
      ...(error instanceof KustoError && error.retryAfterMs !== undefined &&
        { retryAfterMs: error.retryAfterMs }),
    });
    this.#options.onFailure?.(error, wait);
    // An aborted wait rejects: what it was for has been tried again.
    sleep(wait, { signal: retry.signal }).then(() => this.#retryNow(this.#deliveries), () => {});
  }

  #retryNow(deliveries: Iterable<Delivery<T>>): void {
    for (const delivery of deliveries) if (delivery.hasFailed) this.#attempt(delivery, true);
    for (const delivery of this.#deliveries) if (delivery.hasFailed) return;
    // Nothing is left that waits for its turn.
    this.#retry?.abort();
    this.#retry = undefined;
  }
}
