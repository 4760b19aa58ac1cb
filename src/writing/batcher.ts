/**
 * Group commit: rows of concurrent callers share requests, and each row has its own outcome.
 *
 * A request starts as soon as a slot is free, so a lone row goes out at once and what arrives
 * meanwhile goes out together: no timer, low latency, high throughput (the way databases commit
 * their logs; DeWitt et al., "Implementation Techniques for Main Memory Database Systems", 1984).
 * A batcher that may linger gathers rows until there are enough or until they have waited.
 *
 * @module
 */
import type { RequestListener } from "../service/attempt.ts";

/** How a {@link Batcher} works. */
export interface BatcherOptions {
  /**
   * Sends lines in one request, which must have ended by the deadline; resolves when they are durable.
   * Tells those who want to hear of it.
   */
  readonly send: (
    lines: readonly Uint8Array[],
    deadline: number,
    onRequest?: RequestListener,
  ) => Promise<void>;
  /** The most lines of one request. */
  readonly batchSize: number;
  /** The most bytes of one request, line ends included. */
  readonly batchBytes: number;
  /** The most requests at a time. */
  readonly concurrency: number;
  /** Whether the fault lies with some line, so that sending fewer at a time finds the culprit. */
  readonly divisible: (error: unknown) => boolean;
  /** Whether a request failed because its deadline was too close. */
  readonly outOfTime: (error: unknown) => boolean;
  /** How long lines may wait for others, in milliseconds; 0 sends at once. */
  readonly lingerMs: number;
  /** Waits without keeping a process alive. */
  readonly sleep: (ms: number, options: { signal: AbortSignal }) => Promise<void>;
}

interface Line {
  readonly bytes: Uint8Array;
  readonly deadline: number;
  readonly onRequest: RequestListener | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A queue of lines on their way to one table. */
export class Batcher {
  readonly #options: BatcherOptions;
  readonly #queue: Line[] = [];
  #queuedBytes = 0;
  #inFlight = 0;
  /** How many lines at the head of the queue must not wait for others. */
  #due = 0;
  #scheduled = false;
  #linger: AbortController | undefined;

  constructor(options: BatcherOptions) {
    this.#options = options;
  }

  /**
   * Sends a line; resolves when it is durable, rejects with the reason why it is not.
   *
   * @param deadline When its outcome must be known, in milliseconds since 1970.
   * @param onRequest Told of the requests that carry the line.
   */
  append(
    bytes: Uint8Array,
    deadline = Infinity,
    onRequest?: RequestListener,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ bytes, deadline, onRequest, resolve, reject });
      this.#queuedBytes += sizeOf(bytes);
      this.#schedule();
    });
  }

  /** Lets what is queued now linger no longer. */
  flush(): void {
    this.#due = this.#queue.length;
    this.#schedule();
  }

  /** Starts sending once the code that is running now has had its say, so that its rows go together. */
  #schedule(): void {
    const { lingerMs, batchSize, batchBytes } = this.#options;
    const full = this.#queue.length >= batchSize || this.#queuedBytes >= batchBytes;
    if (lingerMs === 0 || full) this.#due = this.#queue.length;
    if (this.#due === 0) return this.#startLinger();
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    this.#linger?.abort();
    this.#linger = undefined;
    while (this.#due > 0 && this.#inFlight < this.#options.concurrency) {
      const batch = this.#takeBatch();
      this.#due = Math.max(0, this.#due - batch.length);
      this.#inFlight++;
      this.#sendBatch(batch).finally(() => {
        this.#inFlight--;
        this.#schedule();
      });
    }
  }

  #takeBatch(): Line[] {
    const { batchSize, batchBytes } = this.#options;
    let count = 0;
    let bytes = 0;
    for (const line of this.#queue) {
      const size = sizeOf(line.bytes);
      if (count > 0 && (count >= batchSize || bytes + size > batchBytes)) break;
      count++;
      bytes += size;
    }
    this.#queuedBytes -= bytes;
    return this.#queue.splice(0, count);
  }

  /**
   * Sends a batch in the time that its most pressing line has; the others have another try. One that is
   * refused for some line's fault is sent again by halves, down to the culprit.
   */
  async #sendBatch(batch: readonly Line[]): Promise<void> {
    const { send, divisible, outOfTime } = this.#options;
    const deadline = Math.min(...batch.map((line) => line.deadline));
    try {
      await send(batch.map((line) => line.bytes), deadline, listenerOf(batch));
    } catch (error) {
      if (batch.length > 1 && divisible(error)) {
        const half = batch.length >> 1;
        await this.#sendBatch(batch.slice(0, half));
        await this.#sendBatch(batch.slice(half));
        return;
      }
      const patient = outOfTime(error) ? batch.filter((line) => line.deadline > deadline) : [];
      this.#putBack(patient);
      for (const line of batch) if (!patient.includes(line)) line.reject(error);
      return;
    }
    for (const line of batch) line.resolve();
  }

  #putBack(lines: readonly Line[]): void {
    this.#queue.unshift(...lines);
    this.#due += lines.length;
    for (const { bytes } of lines) this.#queuedBytes += sizeOf(bytes);
  }

  #startLinger(): void {
    if (this.#linger || this.#queue.length === 0) return;
    const linger = this.#linger = new AbortController();
    const due = () => {
      if (linger.signal.aborted) return;
      this.#due = this.#queue.length;
      this.#pump();
    };
    // An aborted wait rejects: its rows have gone out already.
    this.#options.sleep(this.#options.lingerMs, { signal: linger.signal }).then(due, () => {});
  }
}

/** Who hears of a request for some lines: each of those who want to, once. */
function listenerOf(batch: readonly Line[]): RequestListener | undefined {
  if (batch.every((line) => !line.onRequest)) return undefined;
  const listeners = new Set(batch.map((line) => line.onRequest));
  return (report) => {
    for (const listener of listeners) listener?.(report);
  };
}

/** What a line takes in a request, its end included. */
function sizeOf(bytes: Uint8Array): number {
  return bytes.length + 1;
}
