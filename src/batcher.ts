/**
 * Group commit: rows of concurrent callers share requests, and each caller learns its own outcome.
 *
 * A request starts as soon as a slot is free, so a lone row goes out at once and what arrives
 * meanwhile goes out together: no timer, low latency, high throughput (the way databases commit
 * their logs; DeWitt et al., "Implementation Techniques for Main Memory Database Systems", 1984).
 * A batcher that may linger gathers rows until there are enough or until they have waited.
 *
 * @module
 */

/** How a {@link Batcher} works. */
export interface BatcherOptions {
  /** Sends lines in one request; resolves when they are durable. */
  readonly send: (lines: readonly Uint8Array[]) => Promise<void>;
  /** The most lines of one request. */
  readonly batchSize: number;
  /** The most bytes of one request, line ends included. */
  readonly batchBytes: number;
  /** The most requests at a time. */
  readonly concurrency: number;
  /** Whether the fault lies with some line, so that sending fewer at a time finds the culprit. */
  readonly divisible: (error: unknown) => boolean;
  /** How long lines may wait for others, in milliseconds; 0 sends at once. */
  readonly lingerMs: number;
  /** Waits without keeping a process alive. */
  readonly sleep: (ms: number, options: { signal: AbortSignal }) => Promise<void>;
}

interface Call {
  open: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Line {
  readonly bytes: Uint8Array;
  readonly call: Call;
}

/** A queue of lines on their way to one table. */
export class Batcher {
  readonly #options: BatcherOptions;
  readonly #queue: Line[] = [];
  #queuedBytes = 0;
  #inFlight = 0;
  #draining = 0;
  /** How many lines at the head of the queue must not wait for others. */
  #due = 0;
  #scheduled = false;
  #linger: AbortController | undefined;

  constructor(options: BatcherOptions) {
    this.#options = options;
  }

  /** How many lines wait to be sent. */
  get size(): number {
    return this.#queue.length;
  }

  /** Sends lines; resolves when all are durable, rejects with the reason of the first that is not. */
  append(lines: readonly Uint8Array[]): Promise<void> {
    if (lines.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const call: Call = { open: lines.length, resolve, reject };
      for (const bytes of lines) {
        this.#queue.push({ bytes, call });
        this.#queuedBytes += bytes.length + 1;
      }
      this.#schedule();
    });
  }

  /** Lets nothing linger until `work` has settled. */
  async drainWhile(work: Promise<unknown>): Promise<void> {
    this.#draining++;
    this.#schedule();
    try {
      await work;
    } finally {
      this.#draining--;
    }
  }

  /** Starts sending once the code that is running now has had its say, so that its rows go together. */
  #schedule(): void {
    const { lingerMs, batchSize, batchBytes } = this.#options;
    const full = this.#queue.length >= batchSize || this.#queuedBytes >= batchBytes;
    if (lingerMs === 0 || this.#draining > 0 || full) this.#due = this.#queue.length;
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
      const size = line.bytes.length + 1;
      if (count > 0 && (count >= batchSize || bytes + size > batchBytes)) break;
      count++;
      bytes += size;
    }
    this.#queuedBytes -= bytes;
    return this.#queue.splice(0, count);
  }

  async #sendBatch(batch: readonly Line[]): Promise<void> {
    try {
      await this.#options.send(batch.map((line) => line.bytes));
    } catch (error) {
      if (batch.length > 1 && this.#options.divisible(error)) {
        const half = batch.length >> 1;
        await this.#sendBatch(batch.slice(0, half));
        await this.#sendBatch(batch.slice(half));
        return;
      }
      for (const { call } of batch) call.reject(error);
      return;
    }
    for (const { call } of batch) if (--call.open === 0) call.resolve();
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
