/**
 * The one caller of `fetch`: deadlines, repetitions, ids and the token.
 *
 * @module
 */
import { TokenSource } from "./auth.ts";
import { backoffMs, isTransient, retryAfterMs } from "./backoff.ts";
import type { Settings } from "./config.ts";
import { KustoSignInError, KustoUnavailableError } from "./errors.ts";
import { readFailure, type ServiceFailure } from "./frames.ts";

/** Smaller bodies are not worth the time that compressing them takes. */
const COMPRESS_FROM_BYTES = 1024;

/** A request to the cluster; safe to repeat, as all of this library's are. */
export interface TransportRequest {
  /** What the request does, for errors: `append 3 rows to table "Checkpoints"`. */
  readonly action: string;
  /** Path and query, from the first slash on. */
  readonly path: string;
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly signal?: AbortSignal | undefined;
}

/** An answer, whatever its status, and what is known of how it came about. */
export interface TransportReply {
  readonly status: number;
  readonly body: string;
  /** The service's reason where the status is not 200. */
  readonly failure: ServiceFailure | undefined;
  readonly attempts: number;
  readonly clientRequestId: string;
  readonly activityId: string | undefined;
}

interface Attempt {
  readonly reply?: Omit<TransportReply, "attempts">;
  readonly retryAfterMs?: number | undefined;
  readonly error?: unknown;
}

/** Sends requests to one cluster. */
export class Transport {
  readonly #settings: Settings;
  readonly #tokens: TokenSource;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#tokens = new TokenSource(settings);
  }

  /**
   * Sends a request, again as long as its failure may pass and time is left.
   *
   * @returns The last answer, a refusal for good included.
   * @throws {KustoUnavailableError} If no answer came or all were passing failures.
   * @throws {KustoSignInError} If the cluster does not accept a fresh token either.
   */
  async send(request: TransportRequest): Promise<TransportReply> {
    const { deadlineMs, maxRetries, retryBackoffMs, now, sleep, random } = this.#settings;
    const deadline = now() + deadlineMs;
    const body = await this.#encode(request.body);
    let refused: string | undefined;
    for (let attempts = 1;; attempts++) {
      request.signal?.throwIfAborted();
      const token = await this.#tokens.token(refused);
      const attempt = await this.#try(request, body, token, deadline);
      const { reply } = attempt;
      if (reply?.status === 401) {
        if (refused !== undefined || token === undefined) {
          throw signInError(request, reply, attempts);
        }
        refused = token;
        attempts--;
        continue;
      }
      if (reply && (reply.status === 200 || !isTransient(describe(reply)))) {
        return { ...reply, attempts };
      }
      const wait = backoffMs(attempts, {
        baseMs: retryBackoffMs,
        random,
        ...(attempt.retryAfterMs !== undefined && { retryAfterMs: attempt.retryAfterMs }),
      });
      if (attempts > maxRetries || now() + wait >= deadline) {
        throw unavailable(request, attempt, attempts);
      }
      await sleep(wait, request.signal ? { signal: request.signal } : {});
    }
  }

  async #try(
    request: TransportRequest,
    body: { readonly bytes: Uint8Array; readonly encoding: string | undefined },
    token: string | undefined,
    deadline: number,
  ): Promise<Attempt> {
    const { origin, fetch, now, queryTimeoutMs } = this.#settings;
    const clientRequestId = `KSC.${crypto.randomUUID()}`;
    const timeout = Math.max(1, Math.min(queryTimeoutMs, deadline - now()));
    const cut = cutOff(request.signal, timeout);
    try {
      const response = await fetch(origin + request.path, {
        method: "POST",
        headers: {
          Accept: "application/json",
          "Content-Type": request.contentType,
          "x-ms-client-request-id": clientRequestId,
          "x-ms-app": "kusto-checkpoint",
          ...(body.encoding && { "Content-Encoding": body.encoding }),
          ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        },
        body: body.bytes as Uint8Array<ArrayBuffer>,
        // Elsewhere the token has no business.
        redirect: "manual",
        signal: cut.signal,
      });
      const text = await response.text();
      return {
        retryAfterMs: retryAfterMs(response.headers.get("Retry-After"), now()),
        reply: {
          status: response.status,
          body: text,
          failure: response.status === 200 ? undefined : readFailure(text),
          clientRequestId,
          activityId: response.headers.get("x-ms-activity-id") ?? undefined,
        },
      };
    } catch (error) {
      request.signal?.throwIfAborted();
      return { error };
    } finally {
      cut.release();
    }
  }

  async #encode(
    bytes: Uint8Array,
  ): Promise<{ bytes: Uint8Array; encoding: string | undefined }> {
    const compress = this.#settings.compression === "gzip" && bytes.length >= COMPRESS_FROM_BYTES &&
      typeof CompressionStream !== "undefined";
    if (!compress) return { bytes, encoding: undefined };
    const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream()
      .pipeThrough(new CompressionStream("gzip"));
    return { bytes: new Uint8Array(await new Response(stream).arrayBuffer()), encoding: "gzip" };
  }
}

/** A signal that aborts with the caller's or after a time; not every runtime has `AbortSignal.any`. */
function cutOff(
  signal: AbortSignal | undefined,
  timeoutMs: number,
): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new DOMException(`No answer within ${timeoutMs} ms`, "TimeoutError"));
  }, timeoutMs);
  const abort = () => controller.abort(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  return {
    signal: controller.signal,
    release: () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    },
  };
}

function describe({ status, failure }: Omit<TransportReply, "attempts">) {
  return {
    status,
    permanent: failure?.permanent,
    text: failure ? `${failure.code} ${failure.message}` : "",
  };
}

function unavailable(
  { action }: TransportRequest,
  { reply, error }: Attempt,
  attempts: number,
): KustoUnavailableError {
  const times = attempts === 1 ? "the only attempt" : `all ${attempts} attempts`;
  if (!reply) {
    return new KustoUnavailableError(
      `Cannot ${action}: the cluster could not be reached in ${times}, check its address, the network and that it is running`,
      { cause: error, attempts },
    );
  }
  return new KustoUnavailableError(
    `Cannot ${action}: the cluster answered ${reply.status} to ${times} (request ${reply.clientRequestId}), try again later`,
    {
      attempts,
      status: reply.status,
      clientRequestId: reply.clientRequestId,
      ...(reply.failure && { serviceCode: reply.failure.code }),
      ...(reply.failure?.permanent !== undefined && { permanent: reply.failure.permanent }),
      ...(reply.activityId !== undefined && { activityId: reply.activityId }),
    },
  );
}

function signInError(
  { action }: TransportRequest,
  reply: Omit<TransportReply, "attempts">,
  attempts: number,
): KustoSignInError {
  return new KustoSignInError(
    `Cannot ${action}: the cluster does not accept the sign-in (401, request ${reply.clientRequestId}), check the credential and its tenant`,
    {
      status: 401,
      attempts,
      clientRequestId: reply.clientRequestId,
      ...(reply.activityId !== undefined && { activityId: reply.activityId }),
    },
  );
}
