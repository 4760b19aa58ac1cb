/**
 * A log of the requests that an emulator answered, for tests that count and for demonstrations.
 *
 * @module
 */
import type { RequestKind } from "./trouble.ts";

/** One request, without its body. */
export interface RequestRecord {
  /** What was asked for. */
  readonly kind: RequestKind;
  /** The path of its address, without the query. */
  readonly path: string;
  /** The status of the answer; 0 where the connection was broken. */
  readonly status: number;
  /** Bytes of the request's body as sent. */
  readonly requestBytes: number;
  /** Bytes of the answer's body, before compression. */
  readonly responseBytes: number;
  /** The id that the client sent, or one made up. */
  readonly clientRequestId: string;
  /** The command's or query's text, cut to 200 characters; the table of an ingestion. */
  readonly subject: string;
  /** Rows that an ingestion brought. */
  readonly rows: number;
}

const kept = 10_000;

/** The newest requests. */
export class RequestLog {
  readonly #listener: ((record: RequestRecord) => void) | undefined;
  #records: RequestRecord[] = [];

  /** Makes an empty log; `listener` is told of each request. */
  constructor(listener: ((record: RequestRecord) => void) | undefined) {
    this.#listener = listener;
  }

  /** The requests since the last {@linkcode clear}, oldest first; at most 10 000. */
  get records(): readonly RequestRecord[] {
    return this.#records;
  }

  /** Notes a request. */
  add(record: RequestRecord): void {
    this.#records.push(record);
    if (this.#records.length > kept * 2) this.#records = this.#records.slice(-kept);
    this.#listener?.(record);
  }

  /** Forgets all requests. */
  clear(): void {
    this.#records = [];
  }
}
