/**
 * The query text of lists of threads; see `queries.ts`.
 *
 * @module
 */
import type { TableNames } from "../schema.ts";
import { livesAndHidden } from "../reading/shown_rows.ts";

const KEY = "thread_id, checkpoint_ns, incarnation, checkpoint_id";

/**
 * One page of threads, those that were active last first.
 *
 * `known` is when a thread was active last as of the moment at which the list began: a place that does
 * not move while the pages are read.
 *
 * @param scope Whether threads without a checkpoint from `since` on need not be looked at.
 */
export function threadsQuery(names: TableNames, scope: "all" | "active"): string {
  const rows = `(${names.checkpoints} | project ${KEY}, revision, created_at), own`;
  const none = "tostring(dynamic(null))";
  return `declare query_parameters(own_rows:dynamic, since:datetime, idle:datetime, as_of:datetime, after_time:datetime, after_thread:string, size:long);
let own = materialize(print own = own_rows | mv-expand own
  | project thread_id = substring(tostring(own.thread), 1), checkpoint_ns = substring(tostring(own.namespace), 1), incarnation = substring(tostring(own.incarnation), 1), checkpoint_id = substring(tostring(own.checkpoint), 1), revision = substring(tostring(own.revision), 1), created_at = unixtime_milliseconds_todatetime(tolong(own.at)));
${livesAndHidden(names, "", "(own | project thread_id, incarnation)")}
union ${rows}
${
    scope === "active"
      ? `| join kind=leftsemi (union ${rows} | where created_at >= since | distinct thread_id) on thread_id`
      : ""
  }
| summarize revision = max(revision), began = min(created_at), ended = max(created_at), known = max(iff(bin(created_at, 1ms) <= as_of, bin(created_at, 1ms), datetime(null))) by ${KEY}
| join kind=inner lives on thread_id | where incarnation == newest
| join kind=leftouter hidden on ${KEY} | extend shown = strcmp(until, revision) < 0
| extend ended = iff(shown, bin(ended, 1ms), datetime(null)), known = iff(shown, known, datetime(null)), checkpoint_id = iff(shown, checkpoint_id, ${none})
| summarize checkpoints = countif(shown), began = min(began), ended = max(ended), known = max(known), head = max(checkpoint_id) by thread_id, checkpoint_ns
| summarize namespaces = countif(checkpoints > 0), checkpoints = sum(checkpoints), began = min(began), ended = max(ended), known = max(known), head = max(iff(isempty(checkpoint_ns), head, ${none})) by thread_id
| where checkpoints > 0 and ended >= since and ended < idle
| where known < after_time or (known == after_time and strcmp(thread_id, after_thread) > 0)
| order by known desc, thread_id asc
| take size
| project thread_id, namespaces, checkpoints, began, ended, known, head`;
}
