/**
 * What a saver does for those who watch it: it times its calls, gathers their requests, and hands both
 * to what tells of them, which loads when it is first needed.
 *
 * Nobody who watches can make a call fail.
 *
 * @module
 */
import type { RequestListener, RequestReport } from "../service/attempt.ts";
import type { Settings } from "../config.ts";
import type { Holder } from "./instruments.ts";
import type { Span } from "./observers.ts";
import { quietly } from "./quietly.ts";
import type { Subject, Telemetry } from "./telemetry.ts";

/** Watches the calls and requests of one saver. */
export class Watch {
  readonly #settings: Settings;
  readonly #holder: Holder;
  #loading: Promise<Telemetry | undefined> | undefined;
  /** The reports of flushes, for all requests that append rows: no call waits for buffered rows. */
  readonly #flushes = new Set<RequestReport[]>();

  constructor(settings: Settings, holder: Holder) {
    this.#settings = settings;
    this.#holder = holder;
  }

  /**
   * Begins a call at once and tells how it ended.
   *
   * @param operation Its name in metrics, logs and spans, such as `put`.
   * @param work Is given who wants to hear of its requests.
   */
  call<T>(
    operation: string,
    subject: Subject,
    work: (onRequest: RequestListener) => Promise<T>,
  ): Promise<T> {
    // Ready by the time that the call ends.
    this.#load();
    const { tracer } = this.#settings;
    let call: Promise<T> | undefined;
    const begin = (span?: Span) => call ??= this.#follow(operation, subject, work, span);
    quietly(() => tracer?.startActiveSpan(`checkpoint.${operation}`, {}, begin));
    return begin();
  }

  /** Tells of a request. */
  readonly request: RequestListener = (report) => {
    if (report.rows !== undefined) {
      for (const reports of this.#flushes) reports.push(report);
    }
    this.#tell((telemetry) => telemetry.request(report));
  };

  /** Tells that buffered rows could not be stored and wait to be tried again: no caller hears of it. */
  readonly unstored = (error: unknown, retryInMs: number): void => {
    this.#tell((telemetry) => telemetry.unstored(error, retryInMs));
  };

  async #follow<T>(
    operation: string,
    subject: Subject,
    work: (onRequest: RequestListener) => Promise<T>,
    span: Span | undefined,
  ): Promise<T> {
    const { now } = this.#settings;
    const started = now();
    const reports: RequestReport[] = [];
    if (operation === "flush") this.#flushes.add(reports);
    let failure: { readonly error: unknown } | undefined;
    try {
      return await work((report) => reports.push(report));
    } catch (error) {
      failure = { error };
      throw error;
    } finally {
      this.#flushes.delete(reports);
      const durationMs = now() - started;
      await this.#tell((telemetry) =>
        telemetry.call({ operation, subject, durationMs, reports, failure, span })
      );
    }
  }

  /** Never rejects. */
  async #tell(what: (telemetry: Telemetry) => void): Promise<void> {
    const telemetry = await this.#load();
    if (telemetry) quietly(() => what(telemetry));
  }

  /** Loads what tells, for who is watched alone; where that fails nothing is told, and no call fails. */
  #load(): Promise<Telemetry | undefined> {
    return this.#loading ??= import("./telemetry.ts").then(
      ({ Telemetry }) => new Telemetry(this.#settings, this.#holder),
    ).catch(() => undefined);
  }
}
