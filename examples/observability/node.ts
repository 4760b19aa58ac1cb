/**
 * Metrics and spans by the OpenTelemetry SDK, on Node and wherever else it runs:
 * `deno run -A examples/observability/node.ts`, or bundled, as Node has no TypeScript of npm packages.
 *
 * The exporters keep everything in memory and print a line each; those of
 * `@opentelemetry/exporter-trace-otlp-http` and its like go in their place.
 *
 * @module
 */
import process from "node:process";
import { context, metrics, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { KustoSaver } from "../../mod.ts";
import { KustoEmulator } from "../../src/emulator/mod.ts";
import { converse } from "./agent.ts";

// Once, where the process begins.
const spans = new InMemorySpanExporter();
const measured = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const tracers = new TracerProvider({
  spanProcessors: [new SimpleSpanProcessor({ exporter: spans })],
});
const meters = new MeterProvider({
  readers: [new PeriodicExportingMetricReader({ exporter: measured })],
});
trace.setGlobalTracerProvider(tracers);
metrics.setGlobalMeterProvider(meters);
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

const kusto = new KustoEmulator();
const { KUSTO_CLUSTER_URI: cluster, KUSTO_DATABASE: database } = process.env;
const saver = KustoSaver.fromConnectionString(cluster || "http://localhost", {
  database: database || "NetDefaultDB",
  fetch: cluster ? fetch : kusto.fetch,
  meter: metrics.getMeter("kusto-checkpoint"),
  tracer: trace.getTracer("kusto-checkpoint"),
});
await saver.setup({ provision: true });
await converse(saver);
await meters.forceFlush();

for (const { name, attributes, status } of spans.getFinishedSpans()) {
  const ended = status.code === 2 ? `failed, ${status.message}` : "went well";
  console.log(`span ${name} ${ended}, requests: ${attributes["checkpoint.requests"]}`);
}
for (const { metrics } of measured.getMetrics().at(-1)?.scopeMetrics ?? []) {
  for (const { descriptor, dataPoints } of metrics) {
    const sum = dataPoints.reduce<number>((sum, { value }) => {
      return sum + (typeof value === "number" ? value : value.count);
    }, 0);
    console.log(`metric ${descriptor.name} (${descriptor.unit}): ${sum}`);
  }
}
await saver.close();
await kusto.close();
await meters.shutdown();
await tracers.shutdown();
