/**
 * One attempt of a request: what is sent, and what the answer is worth.
 *
 * @module
 */
import type { TokenSource } from "./auth.ts";
import { isTransient, retryAfterMs } from "./backoff.ts";
import type { Settings } from "../config.ts";
import { type CutOff, cutOff } from "./cut_off.ts";
import {
  KustoError,
  type KustoErrorDetails,
  KustoProtocolError,
  KustoUnavailableError,
} from "../errors.ts";
import { type Answer, readFailure, type ResultTable, type ServiceFailure } from "./frames.ts";
import { VERSION } from "../version.ts";

const TOO_MANY_REQUESTS = 429;

/** What kind of request it is; part of its id. */
export type RequestKind = "query" | "command" | "ingest";

/** A request to the cluster; safe to repeat, as all of this library's are. */
export interface TransportRequest {
  readonly kind: RequestKind;
  /** What the request does, for errors: `append 3 rows to table "Checkpoints"`. */
  readonly action: string;
  /** The table that the request is about. */
  readonly table?: string | undefined;
  /** How many rows it appends. */
  readonly rows?: number | undefined;
  /** Path and query, from the first slash on. */
  readonly path: string;
  readonly body: Uint8Array;
  /** Reads the body of an answer with status 200. */
  readonly read: (body: string) => Answer;
  /** How long one attempt may take, in milliseconds. */
  readonly timeoutMs: number;
  /** When all attempts must have ended at the latest, in milliseconds since 1970. */
  readonly deadline?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told after each attempt. */
  readonly onRequest?: RequestListener | undefined;
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
  /** The table that rows are appended to, and how many. */
  readonly table: string | undefined;
  readonly rows: number | undefined;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** HTTP status; `undefined` where no answer came. */
  readonly status: number | undefined;
  /** Whether the cluster refused it because there is too much to do. */
  readonly isThrottled: boolean;
  readonly durationMs: number;
  /** Of the body, as sent. */
  readonly bytesSent: number;
  /** Of the body, unpacked. */
  readonly bytesReceived: number;
  readonly clientRequestId: string;
  readonly activityId: string | undefined;
}

/** Is told of requests; must not throw. */
export type RequestListener = (report: RequestReport) => void;

/** A body as it is sent. */
export interface EncodedBody {
  readonly bytes: Uint8Array;
  readonly encoding: string | undefined;
}

/** How one attempt went. */
export interface Attempt {
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

/** What an attempt is made with. */
export interface AttemptContext {
  readonly settings: Settings;
  readonly tokens: TokenSource;
  /** 1 for the first attempt. */
  readonly number: number;
  /** When the attempt must have ended, in milliseconds since 1970. */
  readonly deadline: number;
  /** Called once the request has been sent and has ended. */
  readonly report: RequestListener | undefined;
}

/**
 * Makes one attempt.
 *
 * @throws {KustoError} What no further attempt can mend: no token is to be had, or the answer cannot
 * be read or leads elsewhere.
 * @throws The reason of the request's signal, once that is aborted.
 */
export async function makeAttempt(
  request: TransportRequest,
  body: EncodedBody,
  { settings, tokens, number, deadline, report }: AttemptContext,
): Promise<Attempt> {
  const { now } = settings;
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
    token = await cut.wait(tokens.token());
    isSent = true;
    response = await post(request, body, { settings, clientRequestId, token, cut });
    text = await cut.wait(response.text());
  } catch (error) {
    request.signal?.throwIfAborted();
    if (error instanceof KustoError && !(error instanceof KustoUnavailableError)) throw error;
    return { error, retryAfterMs: error instanceof KustoError ? error.retryAfterMs : undefined };
  } finally {
    cut.release();
    if (isSent) {
      report?.({
        kind: request.kind,
        table: request.table,
        rows: request.rows,
        attempt: number,
        status: response?.status,
        isThrottled: response?.status === TOO_MANY_REQUESTS,
        // Clocks are set back.
        durationMs: Math.max(0, now() - started),
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
    ...judge(request, response, text, { attempts: number, clientRequestId }),
  };
}

function post(
  request: TransportRequest,
  body: EncodedBody,
  { settings: { origin, fetch }, clientRequestId, token, cut }: {
    readonly settings: Settings;
    readonly clientRequestId: string;
    readonly token: string | undefined;
    readonly cut: CutOff;
  },
): Promise<Response> {
  return cut.wait(fetch(origin + request.path, {
    method: "POST",
    headers: {
      Accept: "application/json",
      "Content-Type": "application/json; charset=utf-8",
      "x-ms-app": "kusto-checkpoint",
      "x-ms-client-version": `Kusto.Checkpoint:${VERSION}`,
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

/** Whether a further attempt may succeed. */
export function mayPass({ reply, isCutOff }: Attempt): boolean {
  if (!reply || isCutOff) return true;
  if (reply.tables) return false;
  const { status, failure } = reply;
  return isTransient({
    status,
    permanent: failure?.permanent,
    text: failure ? `${failure.kinds} ${failure.message}` : "",
  });
}

/** Whether the cluster asks to be left alone: how long, in milliseconds, 0 where it names no time. */
export function leaveAloneMs({ reply, retryAfterMs }: Attempt): number | undefined {
  return retryAfterMs ?? (reply?.status === TOO_MANY_REQUESTS ? 0 : undefined);
}

/** Why an attempt failed, as the beginning of a sentence that ends in the attempt. */
export function describe({ reply, isCutOff, error }: Attempt): string {
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
