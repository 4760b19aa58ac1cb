/**
 * Threads, those that were active last first, page by page.
 *
 * @module
 */
import { checkCallOptions } from "../call_options.ts";
import { guardText } from "../codec.ts";
import { rowsOf } from "../service/frames.ts";
import { limitFrom } from "../reading/listing.ts";
import { dateOf, FIRST_MOMENT, LAST_MOMENT, type Moment } from "./moments.ts";
import { settle } from "./operation.ts";
import { type OperationParts, watched } from "./operation_parts.ts";
import { PageSize } from "../reading/page_size.ts";
import { threadsQuery } from "./thread_queries.ts";

const ACTION = "list threads";
const PAGE = 1_000;
/** A query is told of so many own rows at most. */
const MOST_OWN_ROWS = 1_000;

/**
 * Which threads {@link KustoSaver.listThreads} gives; an absent field does not narrow.
 *
 * @example What was active during the last day, and what was not during the last month
 * ```ts
 * import { KustoSaver } from "@x/kusto-checkpoint";
 * import { KustoEmulator } from "@x/kusto-checkpoint/emulator";
 *
 * await using emulator = new KustoEmulator();
 * await using saver = KustoSaver.fromConnectionString("http://localhost", {
 *   database: "NetDefaultDB",
 *   fetch: emulator.fetch,
 * });
 * await saver.setup({ provision: true });
 * const DAY_MS = 24 * 60 * 60_000;
 * for await (const { threadId, checkpoints } of saver.listThreads({ activeSince: DAY_MS })) {
 *   console.log(threadId, checkpoints);
 * }
 * const idle = await Array.fromAsync(saver.listThreads({ idleSince: 30 * DAY_MS }));
 * console.log(idle.length); // 0
 * ```
 */
export interface ThreadListOptions {
  /** Only threads with a checkpoint that was stored at this moment or after it. */
  readonly activeSince?: Moment;
  /** Only threads whose last checkpoint was stored before this moment. */
  readonly idleSince?: Moment;
  /** At most so many; 0 and less give none, the default is all. */
  readonly limit?: number;
  /** Gives the list up, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const OPTIONS = { activeSince: true, idleSince: true, limit: true, signal: true } as const;

/** A thread, as {@link KustoSaver.listThreads} gives it. */
export interface ThreadSummary {
  /** The thread's id. */
  readonly threadId: string;
  /** How many namespaces have checkpoints: one, and one for each subgraph that stored any. */
  readonly namespaces: number;
  /** How many checkpoints there are, those that were hidden not counted. */
  readonly checkpoints: number;
  /** The latest checkpoint of the thread itself; absent where only subgraphs have any. */
  readonly latestCheckpointId?: string;
  /** When the oldest of its checkpoints that still have rows was stored, hidden ones included. */
  readonly createdAt: Date;
  /** When its last checkpoint was stored, by the clock of the process that stored it. */
  readonly lastActiveAt: Date;
}

/** A thread, as a query gives it. */
interface ThreadRow {
  readonly thread_id: string;
  readonly namespaces: number;
  readonly checkpoints: number;
  readonly began: string;
  readonly ended: string;
  readonly known: string;
  readonly head: string;
}

/** Lists threads; each page is a call of its own, and none is asked for that the consumer does not take. */
export async function* listThreads(
  parts: OperationParts,
  options: ThreadListOptions,
): AsyncGenerator<ThreadSummary> {
  checkCallOptions(ACTION, options, OPTIONS);
  const { activeSince, idleSince, limit, signal } = options ?? {};
  const now = parts.settings.now();
  const since = activeSince === undefined
    ? FIRST_MOMENT
    : dateOf(ACTION, "activeSince", activeSince, now);
  const idle = idleSince === undefined ? LAST_MOMENT : dateOf(ACTION, "idleSince", idleSince, now);
  let left = limitFrom(ACTION, limit);
  const pageSize = new PageSize(Math.max(1, Math.min(left, PAGE)), PAGE);
  const text = threadsQuery(parts.names, activeSince === undefined ? "all" : "active");
  let place = { as_of: LAST_MOMENT, after_time: LAST_MOMENT, after_thread: "" };
  for (let isLast = left <= 0; !isLast;) {
    const page = await parts.calls.run(
      ACTION,
      undefined,
      () =>
        watched(parts, "list_threads", { signal }, (parts) =>
          pageSize.read(async (size) => {
            const own_rows = await ownRows(parts, signal);
            const parameters = { own_rows, since, idle, ...place, size };
            const [table] = await parts.store.query(text, parameters, signal);
            const rows = rowsOf<ThreadRow>(table);
            return { rows, isLast: rows.length < size };
          })),
    );
    for (const row of page.rows) {
      yield summaryOf(row);
      if (--left <= 0) return;
    }
    const [first, last] = [page.rows[0], page.rows.at(-1)];
    if (!first || !last) return;
    place = {
      as_of: place.as_of === LAST_MOMENT ? dateFrom(first.known) : place.as_of,
      after_time: dateFrom(last.known),
      after_thread: last.thread_id,
    };
    isLast = page.isLast;
  }
}

/** This saver's rows that no query has shown yet; none where they are so many that they are waited for. */
async function ownRows(parts: OperationParts, signal: AbortSignal | undefined) {
  const { recent, settings, store } = parts;
  const rows = () => store.ownThreadIds().flatMap((id) => store.ownRows(id).checkpoints);
  if (rows().length > MOST_OWN_ROWS) await settle(parts, ACTION, undefined, signal);
  const now = settings.now();
  return rows().map((row) => ({
    thread: guardText(row.thread_id),
    namespace: guardText(row.checkpoint_ns),
    incarnation: guardText(row.incarnation),
    checkpoint: guardText(row.checkpoint_id),
    revision: guardText(row.revision),
    at: Math.trunc(recent.createdAt("checkpoints", row) ?? now),
  }));
}

function summaryOf(row: ThreadRow): ThreadSummary {
  return {
    threadId: row.thread_id,
    namespaces: row.namespaces,
    checkpoints: row.checkpoints,
    ...(row.head !== "" && { latestCheckpointId: row.head }),
    createdAt: dateFrom(row.began),
    lastActiveAt: dateFrom(row.ended),
  };
}

/** The service writes seven digits of a second's fraction, JavaScript promises to read three. */
function dateFrom(text: string): Date {
  return new Date(text.replace(/(\.\d{3})\d*/, "$1"));
}
