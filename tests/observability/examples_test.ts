import { assert, assertEquals } from "@std/assert";
import { KustoEmulator } from "../../src/emulator/mod.ts";
import { run } from "../demo/kit.ts";
import { assertPrinted } from "./node_example.ts";

const FOLDER = new URL("../../examples/observability/", import.meta.url);
/** What the agent of the examples keeps. */
const STATE = /Dear customer|hunter2|better not|Send it/;

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

/** What a collector of OpenTelemetry is sent, as far as it matters here. */
interface Sent {
  readonly resourceSpans?: {
    scopeSpans: {
      scope: { name: string };
      spans: { name: string; spanId: string; parentSpanId: string; attributes: Attribute[] }[];
    }[];
  }[];
  readonly resourceMetrics?: {
    scopeMetrics: { scope: { name: string }; metrics: { name: string; unit: string }[] }[];
  }[];
  readonly resourceLogs?: {
    scopeLogs: { logRecords: { severityText: string; body: { stringValue: string } }[] }[];
  }[];
}

/** A collector that remembers what it is sent. */
function collector() {
  const sent: Sent[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    sent.push(await request.json());
    return Response.json({});
  });
  const { port } = server.addr as Deno.NetAddr;
  return { sent, url: `http://127.0.0.1:${port}`, close: () => server.shutdown() };
}

Deno.test("Deno's own OpenTelemetry sends the spans, metrics and logs of the example to a collector", async () => {
  await using kusto = new KustoEmulator();
  const { sent, url, close } = collector();
  const { code, output, errors } = await run(new URL("deno.ts", FOLDER), [], {
    environment: {
      KUSTO_CLUSTER_URI: `${(await kusto.listen()).url}/${kusto.database}`,
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
    },
  });
  await close();
  assertEquals(code, 0, errors);
  assert(output.startsWith("the agent was told: better not\nstep 2\nstep 1\n"), output);

  const scopes = sent.flatMap(({ resourceSpans = [] }) => resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans);
  const spans = (scope: string) =>
    scopes.filter(({ scope: { name } }) => name === scope).flatMap(({ spans }) => spans);
  const [letter] = spans("letters");
  const calls = spans("kusto-checkpoint");
  assertEquals([...new Set(calls.map(({ name }) => name))].sort(), [
    "checkpoint.delete_thread",
    "checkpoint.flush",
    "checkpoint.get_tuple",
    "checkpoint.list",
    "checkpoint.put",
    "checkpoint.put_writes",
  ]);
  for (const { name, parentSpanId } of calls) {
    if (name !== "checkpoint.flush") assertEquals(parentSpanId, letter!.spanId, name);
  }
  // Deno's fetch makes spans of its own: they lie within the call that made the request.
  const requests = scopes.filter(({ scope: { name } }) => /^deno/.test(name))
    .flatMap(({ spans }) => spans);
  for (const { name, spanId } of calls.filter(({ name }) => /get_tuple|list|delete/.test(name))) {
    assert(requests.some(({ parentSpanId }) => parentSpanId === spanId), name);
  }

  const metrics = sent.flatMap(({ resourceMetrics = [] }) => resourceMetrics)
    .flatMap(({ scopeMetrics }) => scopeMetrics)
    .filter(({ scope: { name } }) => name === "kusto-checkpoint")
    .flatMap(({ metrics }) => metrics)
    .map(({ name, unit }) => `${name} ${unit}`);
  for (
    const name of [
      "checkpoint.put.duration_seconds s",
      "checkpoint.get_tuple.duration_seconds s",
      "checkpoint.list.duration_seconds s",
      "checkpoint.requests {request}",
      "checkpoint.bytes_sent By",
      "checkpoint.rows_per_request {row}",
    ]
  ) assert(metrics.includes(name), `${name} of ${metrics}`);

  const logged = sent.flatMap(({ resourceLogs = [] }) => resourceLogs)
    .flatMap(({ scopeLogs }) => scopeLogs)
    .flatMap(({ logRecords }) => logRecords)
    .filter(({ body }) => body.stringValue.startsWith("{"));
  assertEquals(
    logged.map(({ severityText, body }) => [
      severityText,
      JSON.parse(body.stringValue).message,
    ]),
    [["INFO", "checkpoint.delete_thread"]],
  );
  // The example itself prints what its agent was told, and that is a log too.
  const told = sent.filter(({ resourceLogs }) => !resourceLogs);
  assert(!STATE.test(JSON.stringify([told, logged])));
});

Deno.test("the OpenTelemetry SDK prints the spans and metrics of the example", async () => {
  const { code, output, errors } = await run(new URL("node.ts", FOLDER), []);
  assertEquals([code, errors], [0, ""]);
  assertPrinted(output);
});
