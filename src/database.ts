/**
 * The parts of a saver that talk to its database, put together; they load with its first call.
 *
 * @module
 */
import type { StampClock } from "./clock.ts";
import type { Settings } from "./config.ts";
import type { Incarnations } from "./incarnations.ts";
import type { Watch } from "./observability/watch.ts";
import { Store } from "./reading/store.ts";
import { TupleReader } from "./reading/tuple_reader.ts";
import type { TableNames } from "./schema.ts";
import { KustoClient } from "./service/client.ts";
import type { RecentRows } from "./writing/recent_rows.ts";
import { RowWriter } from "./writing/writer.ts";

/** What the parts are made with: what a saver has before they load. */
export interface DatabaseContext {
  readonly clock: StampClock;
  readonly incarnations: Incarnations;
  readonly names: TableNames;
  readonly recent: RecentRows;
  readonly settings: Settings;
  /** Absent where nobody watches. */
  readonly watch: Watch | undefined;
}

/** What talks to the database of one saver. */
export interface Database {
  readonly client: KustoClient;
  readonly store: Store;
  readonly tuples: TupleReader;
  readonly writer: RowWriter;
}

/** Makes the parts; nothing is sent. */
export function openDatabase(context: DatabaseContext): Database {
  const { incarnations, names, recent, settings, watch } = context;
  const client = new KustoClient(settings, { onRequest: watch?.request });
  const writer = new RowWriter(client, settings, names, recent, { onUnstored: watch?.unstored });
  const store = new Store({ ...context, client, writer });
  return { client, store, tuples: new TupleReader(incarnations, store), writer };
}
