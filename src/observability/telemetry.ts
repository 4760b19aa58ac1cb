/**
 * What became of a saver's calls and requests, told to its logger, its meter and the spans of its tracer.
 *
 * Ids may be told, and the messages of this library's own errors, which hold no stored value; of other
 * errors nothing is said but that there was one.
 *
 * @module
 */
import type { RequestReport } from "../service/attempt.ts";
import type { Settings } from "../config.ts";
import { KustoError } from "../errors.ts";
import { type Holder, Instruments } from "./instruments.ts";
import type { Attributes, Logger, Span } from "./observers.ts";
import { quietly } from "./quietly.ts";

/** What OpenTelemetry calls an error. */
const STATUS_ERROR = 2;
/** A purge makes as many requests as it takes; the last ones tell most. */
const MOST_IDS = 20;
/** Calls of which there are few; those of others are for who debugs. */
const RARE = new Set([
  "copy_from",
  "copy_thread",
  "delete_for_runs",
  "delete_thread",
  "prune",
  "purge",
  "setup",
]);

/** What a call is about. */
export interface Subject {
  readonly threadId?: string | undefined;
  readonly namespace?: string | undefined;
  readonly checkpointId?: string | undefined;
  /** Aborted when the caller gives the call up. */
  readonly signal?: AbortSignal | undefined;
}

/** A call that has ended. */
export interface EndedCall {
  /** Its name in metrics, logs and spans, such as `put`. */
  readonly operation: string;
  readonly subject: Subject;
  readonly durationMs: number;
  /** The requests that it made, or shared with other calls. */
  readonly reports: readonly RequestReport[];
  /** Why it failed, if it did. */
  readonly failure: { readonly error: unknown } | undefined;
  readonly span: Span | undefined;
}

/** What may be told of why a call failed. */
interface Reason {
  /** An error's code, `ABORTED` or `OTHER`. */
  readonly code: string;
  readonly name: string;
  readonly message: string;
}

/** Tells of the calls and requests of one saver. */
export class Telemetry {
  readonly #holder: Holder;
  readonly #logger: Logger | undefined;
  readonly #instruments: Instruments | undefined;

  constructor({ logger, meter }: Settings, holder: Holder) {
    this.#holder = holder;
    this.#logger = logger;
    if (!meter) return;
    this.#instruments = Instruments.of(meter);
    this.#instruments.watch(holder);
  }

  /** Tells of a call. */
  call({ operation, subject, reports, failure, span, ...call }: EndedCall): void {
    const reason = failure && reasonOf(failure.error, subject.signal);
    // Clocks are set back.
    const durationMs = Math.max(0, call.durationMs);
    const type: Attributes = reason ? { "error.type": reason.code } : {};
    this.#instruments?.call(operation, durationMs / 1000, type);
    const { threadId, namespace, checkpointId } = subject;
    const told = defined({ threadId, namespace, checkpointId, ...tallyOf(reports) });
    if (span) endSpan(span, { ...attributesOf(told), ...type }, reason);
    this.#log(levelOf(operation, reason), `checkpoint.${operation}`, {
      ...told,
      durationMs,
      batchQueueSize: this.#holder.unacknowledged,
      recentRowsBytes: this.#holder.bytes,
      ...errorFields(reason),
    });
  }

  /** Tells of a request. */
  request(report: RequestReport): void {
    this.#instruments?.request(report);
    this.#log(
      report.status === 200 ? "debug" : "warn",
      "checkpoint.request",
      defined({ ...report }),
    );
  }

  /** Tells that buffered rows could not be stored and wait to be tried again. */
  unstored(error: unknown, retryInMs: number): void {
    this.#log("error", "checkpoint.unstored", {
      retryInMs,
      batchQueueSize: this.#holder.unacknowledged,
      ...errorFields(reasonOf(error)),
    });
  }

  #log(level: keyof Logger, message: string, fields: Record<string, unknown>): void {
    const logger = this.#logger;
    if (logger) quietly(() => logger[level](message, fields));
  }
}

function endSpan(span: Span, attributes: Attributes, reason: Reason | undefined): void {
  quietly(() => span.setAttributes(attributes));
  if (reason) {
    const { name, message } = reason;
    quietly(() => span.recordException({ name, message }));
    quietly(() => span.setStatus({ code: STATUS_ERROR, message }));
  }
  quietly(() => span.end());
}

function reasonOf(error: unknown, signal?: AbortSignal): Reason {
  if (error instanceof KustoError) return error;
  return signal?.aborted
    ? { code: "ABORTED", name: "AbortError", message: "The caller gave the call up" }
    : { code: "OTHER", name: "Error", message: "Not an error of this library, so not shown" };
}

function errorFields(reason: Reason | undefined): Record<string, string> {
  return reason ? { code: reason.code, error: reason.message } : {};
}

function levelOf(operation: string, reason: Reason | undefined): keyof Logger {
  if (reason) return reason.code === "ABORTED" ? "info" : "error";
  return RARE.has(operation) ? "info" : "debug";
}

/** What the requests of a call came to. */
function tallyOf(reports: readonly RequestReport[]): Attributes {
  const sum = (amount: (report: RequestReport) => number) =>
    reports.reduce((sum, report) => sum + amount(report), 0);
  const last = (id: (report: RequestReport) => string | undefined) =>
    reports.map(id).filter((id) => id !== undefined).slice(-MOST_IDS);
  return {
    requests: reports.length,
    retries: sum(({ attempt }) => attempt > 1 ? 1 : 0),
    throttles: sum(({ isThrottled }) => isThrottled ? 1 : 0),
    bytesSent: sum(({ bytesSent }) => bytesSent),
    bytesReceived: sum(({ bytesReceived }) => bytesReceived),
    rowsSent: sum(({ rows }) => rows ?? 0),
    clientRequestIds: last(({ clientRequestId }) => clientRequestId),
    activityIds: last(({ activityId }) => activityId),
  };
}

/** The fields that have a value. */
function defined<T>(fields: Readonly<Record<string, T | undefined>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, T] => entry[1] !== undefined),
  );
}

/** Fields of a log line as attributes of a span: `threadId` is `checkpoint.thread_id` there. */
function attributesOf(fields: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      `checkpoint.${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
      value,
    ]),
  );
}
