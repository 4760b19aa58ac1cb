/**
 * The one way to the cluster: repetitions, deadlines and the token that has ended.
 *
 * @module
 */
import {
  type Attempt,
  describe,
  detailsOf,
  type EncodedBody,
  leaveAloneMs,
  makeAttempt,
  mayPass,
  type RequestListener,
  type TransportReply,
  type TransportRequest,
} from "./attempt.ts";
import { TokenSource } from "./auth.ts";
import { backoffMs } from "./backoff.ts";
import type { Settings } from "../config.ts";
import { KustoSignInError, KustoUnavailableError } from "../errors.ts";
import { Gate, type Verdict } from "./gate.ts";

/** Smaller bodies are not worth the time that compressing them takes. */
const COMPRESS_FROM_BYTES = 1024;

/** What a {@link Transport} tells. */
export interface TransportListeners {
  /** Called after each attempt. */
  readonly onRequest?: RequestListener | undefined;
}

/** How far a request has come. */
interface Progress {
  attempts: number;
  /** The last attempt that failed. */
  last: Attempt | undefined;
  /** In what ways attempts have failed. */
  readonly outcomes: Set<string>;
}

/** Sends requests to one cluster. */
export class Transport {
  readonly #settings: Settings;
  readonly #listeners: TransportListeners;
  readonly #tokens: TokenSource;
  readonly #gate: Gate;
  /** The last failure of any request. */
  #trouble: Attempt | undefined;

  constructor(settings: Settings, listeners: TransportListeners = {}) {
    this.#settings = settings;
    this.#listeners = listeners;
    this.#tokens = new TokenSource(settings);
    this.#gate = new Gate(settings);
  }

  /**
   * Sends a request, again as long as its failure may pass and time is left; waits for its turn when
   * many are under way or the cluster is in trouble ({@link Gate}).
   *
   * @returns The last answer, a refusal for good included.
   * @throws {KustoUnavailableError} If no answer came or all were passing failures.
   * @throws {KustoSignInError} If the cluster does not accept a fresh token either.
   * @throws {KustoProtocolError} If an answer cannot be read, or leads elsewhere.
   * @throws The reason of the request's signal, as it is, once that is aborted.
   */
  async send(request: TransportRequest): Promise<TransportReply> {
    const { maxRetries, retryBackoffMs, now, sleep, random } = this.#settings;
    const { signal } = request;
    const deadline = this.#deadlineOf(request);
    let body: Promise<EncodedBody> | undefined;
    const progress: Progress = { attempts: 0, last: undefined, outcomes: new Set() };
    let isRefused = false;
    let retries = 0;
    for (;;) {
      signal?.throwIfAborted();
      const attempt = await this.#gate.pass(
        { deadline, signal, isUrgent: request.rows !== undefined },
        // Compressed when the turn has come: many that wait in vain would take time for nothing.
        async () => {
          body ??= this.#encode(request);
          return this.#attempt(request, await body, progress.attempts + 1, deadline);
        },
        verdictOn,
      );
      if (!attempt) throw this.#unavailable(request, progress, true);
      progress.attempts++;
      const { reply } = attempt;
      if (reply?.status === 401) {
        if (attempt.token !== undefined) this.#tokens.refuse(attempt.token);
        if (isRefused || attempt.token === undefined) {
          throw signInError(request, reply, progress.attempts);
        }
        // Not a failure yet: the token may just have ended.
        isRefused = true;
        continue;
      }
      if (reply && !mayPass(attempt)) return { ...reply, attempts: progress.attempts };
      this.#trouble = progress.last = attempt;
      progress.outcomes.add(describe(attempt));
      if (++retries > maxRetries) throw this.#unavailable(request, progress, now() >= deadline);
      // Else the gate makes all wait together, and knows sooner than any of them that it is over.
      if (!this.#gate.isShut) {
        const wait = backoffMs(retries, {
          baseMs: retryBackoffMs,
          random,
          ...(attempt.retryAfterMs !== undefined && { retryAfterMs: attempt.retryAfterMs }),
        });
        if (now() + wait >= deadline) throw this.#unavailable(request, progress, true);
        await sleep(wait, signal ? { signal } : {});
      }
    }
  }

  /** A call that is given more time than others needs it for one attempt already. */
  #deadlineOf({ timeoutMs, deadline = Infinity }: TransportRequest): number {
    const { deadlineMs, queryTimeoutMs, now } = this.#settings;
    const patience = timeoutMs > queryTimeoutMs ? Math.max(deadlineMs, timeoutMs) : deadlineMs;
    return Math.min(now() + patience, deadline);
  }

  #attempt(
    request: TransportRequest,
    body: EncodedBody,
    number: number,
    deadline: number,
  ): Promise<Attempt> {
    return makeAttempt(request, body, {
      settings: this.#settings,
      tokens: this.#tokens,
      number,
      deadline,
      report: bothOf(this.#listeners.onRequest, request.onRequest),
    });
  }

  /** The error for a request that failed to the last, or that was never made. */
  #unavailable(
    request: TransportRequest,
    progress: Progress,
    outOfTime: boolean,
  ): KustoUnavailableError {
    const { attempts, outcomes } = progress;
    const last = progress.last ?? (this.#gate.isShut ? this.#trouble : undefined);
    if (!last) {
      return new KustoUnavailableError(
        `Cannot ${request.action}: too many other requests were under way all the time, make fewer calls at a time or raise the option "deadlineMs"`,
        { ...detailsOf(request, { attempts }), outOfTime },
      );
    }
    const { reply, error, retryAfterMs } = last;
    const what = !progress.last
      ? "other requests, and there was no time left for this one"
      : attempts === 1
      ? "the only attempt"
      : outcomes.size === 1
      ? `all ${attempts} attempts`
      : `the last of ${attempts} attempts`;
    const mend = reply
      ? ` (request ${reply.clientRequestId}), try again later`
      : ", check its address, the network and that it is running";
    return new KustoUnavailableError(
      `Cannot ${request.action}: ${describe(last)} ${what}${mend}`,
      {
        ...detailsOf(request, { ...reply, attempts }),
        outOfTime,
        ...(error !== undefined && { cause: error }),
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      },
    );
  }

  /** Compresses what is ingested; the other endpoints are not documented to take it. */
  async #encode({ kind, body }: TransportRequest): Promise<EncodedBody> {
    const compress = this.#settings.compression === "gzip" && kind === "ingest" &&
      body.length >= COMPRESS_FROM_BYTES && typeof CompressionStream !== "undefined";
    if (!compress) return { bytes: body, encoding: undefined };
    const stream = new Blob([body as Uint8Array<ArrayBuffer>]).stream()
      .pipeThrough(new CompressionStream("gzip"));
    return { bytes: new Uint8Array(await new Response(stream).arrayBuffer()), encoding: "gzip" };
  }
}

/** Tells both. */
export function bothOf(
  one: RequestListener | undefined,
  other: RequestListener | undefined,
): RequestListener | undefined {
  if (!one || !other) return one ?? other;
  return (report) => {
    one(report);
    other(report);
  };
}

/** What an attempt says of the cluster; a refusal of this one request says that it works. */
function verdictOn(attempt: Attempt): Verdict {
  return mayPass(attempt)
    ? { failed: true, leaveAloneMs: leaveAloneMs(attempt) }
    : { failed: false };
}

function signInError(
  request: TransportRequest,
  reply: Omit<TransportReply, "attempts">,
  attempts: number,
): KustoSignInError {
  return new KustoSignInError(
    `Cannot ${request.action}: the cluster does not accept the sign-in (401, request ${reply.clientRequestId}), check the option "credential" and its tenant`,
    detailsOf(request, { ...reply, attempts }),
  );
}
