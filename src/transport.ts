/**
 * The one caller of `fetch` for the cluster: deadlines, repetitions, ids and the token.
 *
 * @module
 */
import { TokenSource } from "./auth.ts";
import { backoffMs, isTransient, retryAfterMs } from "./backoff.ts";
import type { Settings } from "./config.ts";
import { type CutOff, cutOff } from "./cut_off.ts";
import {
  KustoError,
  type KustoErrorDetails,
  KustoProtocolError,
  KustoSignInError,
  KustoUnavailableError,
} from "./errors.ts";
import { type Answer, readFailure, type ResultTable, type ServiceFailure } from "./frames.ts";

const CLIENT_VERSION = "Kusto.Checkpoint:0.1.0";
/** Smaller bodies are not worth the time that compressing them takes. */
const COMPRESS_FROM_BYTES = 1024;

/** What kind of request it is; part of its id. */
export type RequestKind = "query" | "command" | "ingest";

/** A request to the cluster; safe to repeat, as all of this library's are. */
export interface TransportRequest {
  readonly kind: RequestKind;
  /** What the request does, for errors: `append 3 rows to table "Checkpoints"`. */
  readonly action: string;
  /** The table that the request is about. */
  readonly table?: string | undefined;
  /** Path and query, from the first slash on. */
  readonly path: string;
  readonly body: Uint8Array;
  /** Reads the body of an answer with status 200. */
  readonly read: (body: string) => Answer;
  /** How long one attempt may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** An answer that stands, whatever its status, and what is known of how it came about. */
export interface TransportReply {
  readonly status: number;
  /** The result, where there is one. */
  readonly tables: ResultTable[] | undefined;
  /** The service's reason, where there is no result and it gave one. */
  readonly failure: ServiceFailure | undefined;
  readonly attempts: number;
  readonly clientRequestId: string;
  readonly activityId: string | undefined;
}

/** One attempt of a request, for counting and timing; nothing in it is secret. */
export interface RequestReport {
  readonly kind: RequestKind;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** HTTP status; `undefined` where no answer came. */
  readonly status: number | undefined;
  readonly durationMs: number;
  /** Of the body, as sent. */
  readonly bytesSent: number;
  /** Of the body, unpacked. */
  readonly bytesReceived: number;
  readonly clientRequestId: string;
  readonly activityId: string | undefined;
}

/** What a {@link Transport} tells. */
export interface TransportListeners {
  /** Called after each attempt. */
  readonly onRequest?: (report: RequestReport) => void;
}

interface EncodedBody {
  readonly bytes: Uint8Array;
  readonly encoding: string | undefined;
}

/** How one attempt went. */
interface Attempt {
  /** The token that was used. */
  readonly token?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  /** The answer; `undefined` where none came. */
  readonly reply?: Omit<TransportReply, "attempts">;
  /** Whether the end of the answer is missing. */
  readonly isCutOff?: boolean;
  /** Why no answer came. */
  readonly error?: unknown;
}

/** Sends requests to one cluster. */
export class Transport {
  readonly #settings: Settings;
  readonly #listeners: TransportListeners;
  readonly #tokens: TokenSource;

  constructor(settings: Settings, listeners: TransportListeners = {}) {
    this.#settings = settings;
    this.#listeners = listeners;
    this.#tokens = new TokenSource(settings);
  }

  /**
   * Sends a request, again as long as its failure may pass and time is left.
   *
   * @returns The last answer, a refusal for good included.
   * @throws {KustoUnavailableError} If no answer came or all were passing failures.
   * @throws {KustoSignInError} If the cluster does not accept a fresh token either.
   * @throws {KustoProtocolError} If an answer cannot be read, or leads elsewhere.
   */
  async send(request: TransportRequest): Promise<TransportReply> {
    const { deadlineMs, queryTimeoutMs, maxRetries, retryBackoffMs, now, sleep, random } =
      this.#settings;
    // A call that is given more time than others needs it for one attempt already.
    const patience = request.timeoutMs > queryTimeoutMs
      ? Math.max(deadlineMs, request.timeoutMs)
      : deadlineMs;
    const deadline = now() + patience;
    const body = await this.#encode(request);
    const outcomes = new Set<string>();
    let refused: string | undefined;
    let retries = 0;
    for (let attempts = 1;; attempts++) {
      request.signal?.throwIfAborted();
      const attempt = await this.#try(request, body, refused, deadline, attempts);
      const { reply } = attempt;
      if (reply?.status === 401) {
        if (refused !== undefined || attempt.token === undefined) {
          throw signInError(request, reply, attempts);
        }
        // Not a failure yet: the token may just have ended.
        refused = attempt.token;
        continue;
      }
      if (reply && !mayPass(attempt)) return { ...reply, attempts };
      outcomes.add(describe(attempt));
      const wait = backoffMs(++retries, {
        baseMs: retryBackoffMs,
        random,
        ...(attempt.retryAfterMs !== undefined && { retryAfterMs: attempt.retryAfterMs }),
      });
      if (retries > maxRetries || now() + wait >= deadline) {
        throw unavailable(request, attempt, attempts, outcomes.size === 1);
      }
      await sleep(wait, request.signal ? { signal: request.signal } : {});
    }
  }

  async #try(
    request: TransportRequest,
    body: EncodedBody,
    refused: string | undefined,
    deadline: number,
    attempt: number,
  ): Promise<Attempt> {
    const { now } = this.#settings;
    const started = now();
    const clientRequestId = `KSC.${request.kind};${crypto.randomUUID()}`;
    const cut = cutOff(
      request.signal,
      Math.max(1, Math.min(request.timeoutMs, deadline - started)),
    );
    let response: Response | undefined;
    let text = "";
    let token: string | undefined;
    let isSent = false;
    try {
      token = await cut.wait(this.#tokens.token(refused));
      isSent = true;
      response = await this.#post(request, body, clientRequestId, token, cut);
      text = await cut.wait(response.text());
    } catch (error) {
      request.signal?.throwIfAborted();
      if (error instanceof KustoError && !(error instanceof KustoUnavailableError)) throw error;
      return { error, retryAfterMs: error instanceof KustoError ? error.retryAfterMs : undefined };
    } finally {
      cut.release();
      if (isSent) {
        this.#listeners.onRequest?.({
          kind: request.kind,
          attempt,
          status: response?.status,
          durationMs: now() - started,
          bytesSent: body.bytes.length,
          bytesReceived: new TextEncoder().encode(text).length,
          clientRequestId,
          activityId: response?.headers.get("x-ms-activity-id") ?? undefined,
        });
      }
    }
    return {
      token,
      retryAfterMs: retryAfterMs(response.headers.get("Retry-After"), now()),
      ...judge(request, response, text, { attempts: attempt, clientRequestId }),
    };
  }

  #post(
    request: TransportRequest,
    body: EncodedBody,
    clientRequestId: string,
    token: string | undefined,
    cut: CutOff,
  ): Promise<Response> {
    const { origin, fetch } = this.#settings;
    return cut.wait(fetch(origin + request.path, {
      method: "POST",
      headers: {
        Accept: "application/json",
        "Content-Type": "application/json; charset=utf-8",
        "x-ms-app": "kusto-checkpoint",
        "x-ms-client-version": CLIENT_VERSION,
        "x-ms-client-request-id": clientRequestId,
        ...(body.encoding && { "Content-Encoding": body.encoding }),
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
      body: body.bytes as Uint8Array<ArrayBuffer>,
      // Elsewhere the token has no business.
      redirect: "manual",
      signal: cut.signal,
    }));
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

/**
 * What an answer is worth.
 *
 * @throws {KustoProtocolError} If it cannot be read, or leads elsewhere.
 */
function judge(
  request: TransportRequest,
  response: Response,
  text: string,
  { attempts, clientRequestId }: Pick<TransportReply, "attempts" | "clientRequestId">,
): Pick<Attempt, "reply" | "isCutOff"> {
  const { status } = response;
  const activityId = response.headers.get("x-ms-activity-id") ?? undefined;
  const ids = { status, clientRequestId, activityId };
  // Some runtimes hide the status of a redirect that is not followed.
  if (response.type === "opaqueredirect" || (status >= 300 && status < 400)) {
    throw new KustoProtocolError(
      `Cannot ${request.action}: the cluster redirects to another address (${status}), which is never followed with a token; use that address itself`,
      detailsOf(request, { ...ids, attempts }),
    );
  }
  if (status !== 200) {
    return { reply: { ...ids, tables: undefined, failure: readFailure(text) } };
  }
  const answer = request.read(text);
  switch (answer.outcome) {
    case "tables":
      return { reply: { ...ids, tables: answer.tables, failure: undefined } };
    case "failure":
      return { reply: { ...ids, tables: undefined, failure: answer.failure } };
    case "cut off":
      return { reply: { ...ids, tables: undefined, failure: undefined }, isCutOff: true };
    case "unreadable":
      throw new KustoProtocolError(
        `Cannot ${request.action}: the cluster's answer ${answer.reason} (request ${clientRequestId}), please report it`,
        detailsOf(request, { ...ids, attempts }),
      );
  }
}

function mayPass({ reply, isCutOff }: Attempt): boolean {
  if (!reply || isCutOff) return true;
  if (reply.tables) return false;
  const { status, failure } = reply;
  return isTransient({
    status,
    permanent: failure?.permanent,
    text: failure ? `${failure.kinds} ${failure.message}` : "",
  });
}

function describe({ reply, isCutOff, error }: Attempt): string {
  if (isCutOff) return "the cluster's answer broke off in";
  if (reply?.status === 200) return `the cluster failed with ${reply.failure?.code} in`;
  if (reply) return `the cluster answered ${reply.status} to`;
  if (error instanceof KustoError) return `${error.message.replace(/^[^:]*: /, "")} in`;
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return "the cluster gave no answer in time to";
  }
  return "the cluster could not be reached in";
}

/** What an error can say of a request and its last answer. */
export function detailsOf(
  { action, table }: Pick<TransportRequest, "action" | "table">,
  reply: Partial<TransportReply>,
): KustoErrorDetails {
  const { status, attempts, clientRequestId, activityId, failure } = reply;
  return {
    action,
    ...(table !== undefined && { table }),
    ...(status !== undefined && { status }),
    ...(attempts !== undefined && { attempts }),
    ...(clientRequestId !== undefined && { clientRequestId }),
    ...(activityId !== undefined && { activityId }),
    ...(failure && { serviceCode: failure.code }),
    ...(failure?.permanent !== undefined && { permanent: failure.permanent }),
  };
}

function unavailable(
  request: TransportRequest,
  attempt: Attempt,
  attempts: number,
  alike: boolean,
): KustoUnavailableError {
  const { reply, error, retryAfterMs } = attempt;
  const times = attempts === 1
    ? "the only attempt"
    : alike
    ? `all ${attempts} attempts`
    : `the last of ${attempts} attempts`;
  const mend = reply
    ? ` (request ${reply.clientRequestId}), try again later`
    : ", check its address, the network and that it is running";
  return new KustoUnavailableError(
    `Cannot ${request.action}: ${describe(attempt)} ${times}${mend}`,
    {
      ...detailsOf(request, { ...reply, attempts }),
      ...(error !== undefined && { cause: error }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    },
  );
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
