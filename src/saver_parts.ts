/**
 * What a saver is made of, put together.
 *
 * @module
 */
import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { Calls } from "./calls.ts";
import { KustoClient } from "./service/client.ts";
import { StampClock } from "./clock.ts";
import type { Settings } from "./config.ts";
import { Incarnations } from "./incarnations.ts";
import type { OperationParts } from "./operations/operation_parts.ts";
import { RecentRows } from "./writing/recent_rows.ts";
import { Recorder } from "./writing/recorder.ts";
import { tableNames } from "./schema.ts";
import { Store } from "./reading/store.ts";
import { Watch } from "./observability/watch.ts";
import { RowWriter } from "./writing/writer.ts";

/** The parts of one saver. */
export interface SaverParts {
  readonly calls: Calls;
  readonly client: KustoClient;
  readonly incarnations: Incarnations;
  readonly recorder: Recorder;
  readonly settings: Settings;
  readonly store: Store;
  /** Absent where nobody watches. */
  readonly watch: Watch | undefined;
  readonly writer: RowWriter;
  /** What operations on whole threads work with. */
  readonly operations: OperationParts;
}

/** Makes the parts of a saver; nothing is sent. */
export function makeParts(settings: Settings, serde: SerializerProtocol): SaverParts {
  const names = tableNames(settings.tablePrefix);
  const recent = new RecentRows({
    now: settings.now,
    readableOnce: settings.durability === "buffered" ? "accepted" : "acknowledged",
  });
  const isWatched = settings.logger || settings.meter || settings.tracer;
  const watch = isWatched ? new Watch(settings, recent) : undefined;
  const client = new KustoClient(settings, { onRequest: watch?.request });
  const writer = new RowWriter(client, settings, names, recent, { onUnstored: watch?.unstored });
  const calls = new Calls();
  const incarnations = new Incarnations();
  const clock = new StampClock(settings.now, writerName(settings.random));
  const shared = { settings, names, recent, incarnations, clock, writer };
  const store = new Store({ ...shared, client });
  const recorder = new Recorder({ ...shared, store });
  const operations = { ...shared, calls, client, recorder, serde, store, watch };
  return { ...shared, calls, client, operations, recorder, store, watch };
}

function writerName(random: () => number): string {
  return Array.from({ length: 12 }, () => Math.floor(random() * 16).toString(16)).join("");
}
