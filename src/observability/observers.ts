/**
 * What an application may pass to watch a saver: a logger, a meter and a tracer, each known by its shape.
 *
 * @module
 */

/** What is said of a measurement or a span, as OpenTelemetry has it. */
export type Attributes = Record<string, string | number | string[]>;

/**
 * Takes log lines. `console` is one; so are the loggers of most libraries, where the message comes first.
 *
 * What it throws, or rejects with, is ignored.
 *
 * @example Errors and warnings as lines of JSON
 * ```ts
 * import type { Logger } from "@x/kusto-checkpoint";
 *
 * const write = (level: string) => (message: string, fields: object) =>
 *   console.error(JSON.stringify({ level, message, ...fields }));
 * const logger: Logger = {
 *   debug: () => {},
 *   info: () => {},
 *   warn: write("warn"),
 *   error: write("error"),
 * };
 * logger.warn("checkpoint.request", { status: 429 });
 * ```
 */
export interface Logger {
  /** What happens all the time: calls and requests that went well. */
  debug(message: string, fields: Record<string, unknown>): unknown;
  /** What happens now and then: a thread deleted, a database set up. */
  info(message: string, fields: Record<string, unknown>): unknown;
  /** What the saver still hopes to mend: a request that failed or was throttled, rows that wait. */
  warn(message: string, fields: Record<string, unknown>): unknown;
  /** A call that failed. */
  error(message: string, fields: Record<string, unknown>): unknown;
}

/** What an instrument measures. */
export interface InstrumentOptions {
  /** In words. */
  description?: string;
  /** As in UCUM: `s`, `By`, `{row}`. */
  unit?: string;
  /** How a histogram should be cut. */
  advice?: {
    /** The upper bounds of its buckets. */
    explicitBucketBoundaries?: number[];
  };
}

/**
 * Makes instruments: the part of OpenTelemetry's `Meter` that a saver uses, such as
 * `metrics.getMeter("kusto-checkpoint")` of `@opentelemetry/api` gives.
 *
 * What it throws is ignored.
 */
export interface Meter {
  /** Makes an instrument for values that are counted by size. */
  createHistogram(name: string, options?: InstrumentOptions): {
    record(value: number, attributes?: Attributes): void;
  };
  /** Makes an instrument for what only grows. */
  createCounter(name: string, options?: InstrumentOptions): {
    add(value: number, attributes?: Attributes): void;
  };
  /** Makes an instrument that asks for its value when it is read. */
  createObservableGauge(name: string, options?: InstrumentOptions): {
    addCallback(callback: (result: { observe(value: number): void }) => void): void;
  };
}

/** The part of OpenTelemetry's `Span` that a saver uses. */
export interface Span {
  /** Says something of the operation. */
  setAttributes(attributes: Attributes): unknown;
  /** Says how it ended; code 2 is an error. */
  setStatus(status: { code: number; message?: string }): unknown;
  /** Says what went wrong. */
  recordException(exception: { name: string; message: string }): void;
  /** Ends it. */
  end(): void;
}

/**
 * Makes spans: the part of OpenTelemetry's `Tracer` that a saver uses, such as
 * `trace.getTracer("kusto-checkpoint")` of `@opentelemetry/api` gives.
 *
 * What it throws is ignored.
 */
export interface Tracer {
  /** Begins a span and makes it the current one while `run` and what it waits for are under way. */
  startActiveSpan<T>(
    name: string,
    options: { attributes?: Attributes },
    run: (span: Span) => T,
  ): T;
}
