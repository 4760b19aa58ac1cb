/**
 * What a saver tells those who watch it, recorded by the OpenTelemetry SDK and a logger.
 *
 * @module
 */
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { Logger, Meter, Tracer } from "../../mod.ts";

/** A log line. */
export interface Line {
  readonly level: keyof Logger;
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

/** Options of a saver that is watched, and all that it told. */
export class Recording implements AsyncDisposable {
  readonly lines: Line[] = [];
  readonly logger: Logger = {
    debug: (message, fields) => this.lines.push({ level: "debug", message, fields }),
    info: (message, fields) => this.lines.push({ level: "info", message, fields }),
    warn: (message, fields) => this.lines.push({ level: "warn", message, fields }),
    error: (message, fields) => this.lines.push({ level: "error", message, fields }),
  };
  readonly meter: Meter;
  readonly tracer: Tracer;
  readonly #spans = new InMemorySpanExporter();
  readonly #exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  readonly #meters = new MeterProvider({
    // Read when the test asks.
    readers: [
      new PeriodicExportingMetricReader({
        exporter: this.#exporter,
        exportIntervalMillis: 2 ** 31 - 1,
      }),
    ],
  });
  readonly #tracers = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter: this.#spans })],
  });

  constructor() {
    this.meter = this.#meters.getMeter("kusto-checkpoint");
    this.tracer = this.#tracers.getTracer("kusto-checkpoint");
  }

  /** Options for a saver. */
  get options(): { logger: Logger; meter: Meter; tracer: Tracer } {
    const { logger, meter, tracer } = this;
    return { logger, meter, tracer };
  }

  /** The log lines of one kind. */
  linesOf(message: string): Line[] {
    return this.lines.filter((line) => line.message === message);
  }

  /** The spans that have ended. */
  spans(name?: string): ReadableSpan[] {
    const spans = this.#spans.getFinishedSpans();
    return name === undefined ? spans : spans.filter((span) => span.name === name);
  }

  /** All instruments with their values, by name. */
  async metrics(): Promise<Map<string, MetricData>> {
    this.#exporter.reset();
    await this.#meters.forceFlush();
    const [collected] = this.#exporter.getMetrics();
    const all = collected?.scopeMetrics.flatMap(({ metrics }) => metrics) ?? [];
    return new Map(all.map((metric) => [metric.descriptor.name, metric]));
  }

  /** The value of an instrument, over all attributes; of a histogram the number of values. */
  async value(name: string): Promise<number> {
    const points = (await this.metrics()).get(name)?.dataPoints ?? [];
    return points.reduce<number>((sum, { value }) => {
      return sum + (typeof value === "number" ? value : value.count);
    }, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#meters.shutdown();
    await this.#tracers.shutdown();
  }
}
