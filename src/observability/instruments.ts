/**
 * What a saver measures, on an OpenTelemetry-shaped meter.
 *
 * No attribute is an id or anything else of which there are many values: each would be a time series.
 *
 * @module
 */
import type { RequestReport } from "../service/attempt.ts";
import type { Attributes, InstrumentOptions, Meter } from "./observers.ts";
import { quietly } from "./quietly.ts";

/** From a fast query to the default of `deadlineMs`; the default buckets of SDKs are for milliseconds. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const DURATION: InstrumentOptions = {
  unit: "s",
  description: "How long a call took",
  advice: { explicitBucketBoundaries: SECONDS },
};

/** Where the rows are counted that a saver holds. */
export interface Holder {
  /** Rows that the service has not acknowledged yet. */
  readonly unacknowledged: number;
  /** What all rows take that are kept in memory, as they are sent. */
  readonly bytes: number;
}

type Counter = ReturnType<Meter["createCounter"]>;
type Histogram = ReturnType<Meter["createHistogram"]>;

/** The instruments of each meter: savers that share a meter are measured together. */
const byMeter = new WeakMap<Meter, Instruments>();

/** The instruments of one meter. What the meter throws is ignored. */
export class Instruments {
  readonly #meter: Meter;
  readonly #counters = new Map<string, Counter>();
  readonly #histograms = new Map<string, Histogram>();
  /** Weak, as a meter outlives savers that nobody closes. */
  readonly #holders = new Set<WeakRef<Holder>>();
  #gone: FinalizationRegistry<WeakRef<Holder>> | undefined;

  /** The instruments of a meter, which are made once. */
  static of(meter: Meter): Instruments {
    let instruments = byMeter.get(meter);
    if (!instruments) byMeter.set(meter, instruments = new Instruments(meter));
    return instruments;
  }

  private constructor(meter: Meter) {
    this.#meter = meter;
    // Old releases of workerd have none.
    if (typeof FinalizationRegistry === "undefined") return;
    this.#gone = new FinalizationRegistry((holder) => this.#holders.delete(holder));
    this.#observe("checkpoint.batch_queue_size", "unacknowledged", {
      unit: "{row}",
      description: "Rows that the service has not acknowledged yet",
    });
    this.#observe("checkpoint.recent_rows_bytes", "bytes", {
      unit: "By",
      description: "Rows in memory: not acknowledged, or not known to be visible to queries",
    });
  }

  /** Measures what a saver holds from now on, as long as the saver is there. */
  watch(holder: Holder): void {
    if (!this.#gone) return;
    const weak = new WeakRef(holder);
    this.#holders.add(weak);
    this.#gone.register(holder, weak);
  }

  /** Measures a call that has ended. */
  call(operation: string, seconds: number, attributes: Attributes): void {
    this.#record(`checkpoint.${operation}.duration_seconds`, DURATION, seconds, attributes);
  }

  /** Measures a request. */
  request({ kind, table, rows, status, attempt, bytesSent, isThrottled }: RequestReport): void {
    const attributes = { "checkpoint.request_kind": kind };
    this.#add("checkpoint.requests", "{request}", 1, {
      ...attributes,
      ...(status !== undefined && { "http.response.status_code": status }),
    });
    if (attempt > 1) this.#add("checkpoint.retries", "{request}", 1, attributes);
    if (isThrottled) this.#add("checkpoint.throttles", "{request}", 1, attributes);
    this.#add("checkpoint.bytes_sent", "By", bytesSent, attributes);
    if (table !== undefined && rows !== undefined) {
      const options = { unit: "{row}", description: "Rows that share a request" };
      this.#record("checkpoint.rows_per_request", options, rows, { "checkpoint.table": table });
    }
  }

  #observe(name: string, field: keyof Holder, options: InstrumentOptions): void {
    quietly(() =>
      this.#meter.createObservableGauge(name, options).addCallback((result) => {
        let sum = 0;
        for (const holder of this.#holders) sum += holder.deref()?.[field] ?? 0;
        result.observe(sum);
      })
    );
  }

  #add(name: string, unit: string, value: number, attributes: Attributes): void {
    quietly(() => {
      let counter = this.#counters.get(name);
      if (!counter) this.#counters.set(name, counter = this.#meter.createCounter(name, { unit }));
      return counter.add(value, attributes);
    });
  }

  #record(
    name: string,
    options: InstrumentOptions,
    value: number,
    attributes: Attributes,
  ): void {
    quietly(() => {
      let histogram = this.#histograms.get(name);
      if (!histogram) {
        this.#histograms.set(name, histogram = this.#meter.createHistogram(name, options));
      }
      return histogram.record(value, attributes);
    });
  }
}
