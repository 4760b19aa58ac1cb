/**
 * Metrics, spans and logs by what Deno has built in: `deno task example:observability`.
 *
 * With `OTEL_DENO=true` Deno sends to a collector what the API of OpenTelemetry hears: by default to
 * `http://localhost:4318`, as `OTEL_EXPORTER_OTLP_ENDPOINT` says otherwise; the task has it printed. The
 * requests of a saver, which Deno traces by itself, lie within the spans of its calls.
 *
 * @module
 */
import { metrics, trace } from "@opentelemetry/api";
import type { Logger } from "../../mod.ts";
import { Kusto } from "../kusto.ts";
import { converse } from "./agent.ts";

// Deno sends what is written to the console as logs, with its level.
const write = (level: "info" | "warn" | "error") => (message: string, fields: object) =>
  console[level](JSON.stringify({ message, ...fields }));
const logger: Logger = {
  debug: () => {},
  info: write("info"),
  warn: write("warn"),
  error: write("error"),
};

await using kusto = await Kusto.open();
await using saver = kusto.saver({
  logger,
  meter: metrics.getMeter("kusto-checkpoint"),
  tracer: trace.getTracer("kusto-checkpoint"),
});
await trace.getTracer("letters").startActiveSpan("letter", async (span) => {
  await converse(saver);
  span.end();
});
