// What docs/monitoring.md lists is what is told: no more, no less.
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { DataPointType } from "@opentelemetry/sdk-metrics";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { KustoFlushError, KustoSaver, KustoUnavailableError } from "../../mod.ts";
import { at, checkpointOf, Lab, LOOP } from "../saver/kit.ts";
import { tableAfter } from "../tables.ts";
import { Recording } from "./recording.ts";

const page = await Deno.readTextFile(new URL("../../docs/monitoring.md", import.meta.url));

const soon = () => Promise.resolve();

/** All that can be told, well and badly ended. */
async function recorded(recording: Recording): Promise<void> {
  await using lab = await Lab.open();
  const saver = lab.saver({ ...recording.options, sleep: soon });
  await saver.setup();
  lab.emulator.trouble.add({ kind: "throttle", on: "ingest", times: 1 });
  await saver.put(at("t"), checkpointOf("1", { a: 1 }), LOOP, { a: 1 });
  await saver.putWrites(at("t", "1"), [["a", 1]], "task");
  await saver.getTuple(at("t", "1"));
  await Array.fromAsync(saver.list(at("t", "1")));
  await Array.fromAsync(saver.listThreads());
  await saver.getDeltaChannelHistory({ config: at("t", "1"), channels: ["a"] });
  await saver.copyFrom(new MemorySaver(), ["t"]);
  await saver.copyThread("t", "copy");
  await saver.prune({ threadIds: ["t"], strategy: "keep_latest" });
  await saver.deleteForRuns(["run"]);
  await saver.deleteThread("t");
  await saver.purgeDeletedThreads();
  await saver.flush();
  const buffered = lab.saver({
    ...recording.options,
    durability: "buffered",
    maxRetries: 0,
    sleep: (ms) => ms === 0 ? soon() : new Promise(() => {}),
  });
  await buffered.put(at("u"), checkpointOf("1"), LOOP, {});
  lab.emulator.trouble.add({ kind: "reset", times: 2 });
  await assertRejects(() => buffered.flush(), KustoFlushError);
  await assertRejects(() => buffered.getTuple(at("t")), KustoUnavailableError);
}

const recording = new Recording();
await recorded(recording);
const metrics = await recording.metrics();
const spans = [...recording.spans()];
await recording[Symbol.asyncDispose]();

/** What stands in backquotes. */
function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text!);
}

function namesIn(things: readonly object[]): string[] {
  return [...new Set(things.flatMap((thing) => Object.keys(thing)))].sort();
}

/** All that lines and spans have in common. */
const isCall = (name: string) => !/request|unstored/.test(name);

Deno.test("docs/monitoring.md lists the calls with the level of their lines", () => {
  const methods = ["constructor", "getNextVersion"];
  const rows = tableAfter(page, "Calls").map(([call, histogram, line, level]) => {
    for (const method of quoted(call!)) methods.push(method.replace("()", ""));
    const [name] = quoted(line!);
    assertEquals(quoted(histogram!), [`${name}.duration_seconds`]);
    assert(metrics.has(`${name}.duration_seconds`), name);
    return `${name} ${quoted(level!)}`;
  });
  const told = recording.lines
    .filter(({ message, fields }) => isCall(message) && fields.code === undefined)
    .map(({ message, level }) => `${message} ${level}`);
  assertEquals(methods.sort(), Object.getOwnPropertyNames(KustoSaver.prototype).sort());
  assertEquals(rows.sort(), [...new Set(told)].sort());
  const names = new Set(spans.map(({ name }) => name));
  assertEquals(rows.map((row) => row.split(" ")[0]), [...names].sort());
});

Deno.test("docs/monitoring.md lists the metrics with their kinds, units and attributes", () => {
  const kinds: Record<number, string> = {
    [DataPointType.HISTOGRAM]: "histogram",
    [DataPointType.GAUGE]: "gauge",
    [DataPointType.SUM]: "counter",
  };
  const found = new Map<string, string>();
  for (const [name, { dataPointType, descriptor, dataPoints }] of metrics) {
    const attributes = namesIn(dataPoints.map((point) => point.attributes));
    const general = name.replace(/\.\w+(?=\.duration_seconds$)/, ".<call>");
    const row = [kinds[dataPointType], descriptor.unit].join(" ");
    // Some calls of the run fail, and others do not.
    if (general === name) found.set(name, `${row} ${attributes}`);
    else found.set(general, `${row} error.type`);
  }
  const listed = tableAfter(page, "Metrics").map(([name, kind, unit, attributes]) => {
    return [quoted(name!)[0]!, `${kind} ${quoted(unit!)} ${quoted(attributes!)}`];
  });
  assertEquals([...listed].sort(), [...found].sort());
});

Deno.test("docs/monitoring.md lists the fields of lines and the attributes of spans", () => {
  const rows = new Map(
    tableAfter(page, "Log lines").map(([line, , , fields]) => [quoted(line!)[0]!, quoted(fields!)]),
  );
  for (const name of ["checkpoint.request", "checkpoint.unstored"]) {
    const told = recording.linesOf(name).map(({ fields }) => fields);
    assertEquals(rows.get(name)!.sort(), namesIn(told), name);
  }
  const fields = tableAfter(page, "Fields of calls")
    .map(([names, spans]) => ({ names: quoted(names!), ofSpans: spans === "yes" }));
  const ofCalls = recording.lines.filter(({ message }) => isCall(message));
  assertEquals(
    fields.flatMap(({ names }) => names).sort(),
    namesIn(ofCalls.map(({ fields }) => fields)),
  );
  const attributes = fields.filter(({ ofSpans }) => ofSpans).flatMap(({ names }) => names)
    .map((name) => `checkpoint.${name.replace(/[A-Z]/g, (at) => `_${at.toLowerCase()}`)}`);
  assertEquals(
    [...attributes, "error.type"].sort(),
    namesIn(spans.map((span) => span.attributes)),
  );
});
