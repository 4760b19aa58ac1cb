/**
 * What a saver is made of, put together.
 *
 * What takes a call in is there from the start: calls are counted, values serialised and stamps taken
 * in the tick of the call. What talks to the database loads with the first call, so that whoever only
 * imports the library, or makes a saver and does not use it, does without.
 *
 * @module
 */
import { Calls } from "./calls.ts";
import { StampClock } from "./clock.ts";
import type { Settings } from "./config.ts";
import type { Database, DatabaseContext } from "./database.ts";
import { Incarnations } from "./incarnations.ts";
import { Lazy } from "./lazy.ts";
import { RecentRows } from "./writing/recent_rows.ts";
import { Recorder } from "./writing/recorder.ts";
import { tableNames } from "./schema.ts";
import { Watch } from "./observability/watch.ts";

/** The parts of one saver. */
export interface SaverParts extends DatabaseContext {
  readonly calls: Calls;
  readonly database: Lazy<Database>;
  readonly recorder: Recorder;
}

/** Makes the parts of a saver; nothing is sent. */
export function makeParts(settings: Settings): SaverParts {
  const recent = new RecentRows({
    now: settings.now,
    readableOnce: settings.durability === "buffered" ? "accepted" : "acknowledged",
  });
  const isWatched = settings.logger || settings.meter || settings.tracer;
  const context = {
    clock: new StampClock(settings.now, writerName(settings.random)),
    incarnations: new Incarnations(),
    names: tableNames(settings.tablePrefix),
    recent,
    settings,
    watch: isWatched ? new Watch(settings, recent) : undefined,
  };
  const database = new Lazy(async () => (await import("./database.ts")).openDatabase(context));
  const recorder = new Recorder({ ...context, database });
  return { ...context, calls: new Calls(), database, recorder };
}

function writerName(random: () => number): string {
  return Array.from({ length: 12 }, () => Math.floor(random() * 16).toString(16)).join("");
}
