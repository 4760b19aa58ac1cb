/**
 * The query texts of hiding single checkpoints; see `queries.ts`.
 *
 * @module
 */
import { guarded } from "./queries.ts";
import type { TableNames } from "./schema.ts";
import { livesAndHidden, SHOWN } from "./shown_rows.ts";

const KEY = "thread_id, checkpoint_ns, incarnation, checkpoint_id";

/** Which markers can be seen, of those of some threads and revisions. */
export function markersQuery(names: TableNames): string {
  return `declare query_parameters(threads:dynamic, revisions:dynamic);
${names.checkpointDeletions}
| where thread_id in (${guarded("threads")}) and revision in (${guarded("revisions")})
| distinct ${KEY}, revision`;
}

/** The checkpoints of some threads that are not the latest of their namespace, one page by place. */
export function supersededQuery(names: TableNames): string {
  return `declare query_parameters(threads:dynamic, after_thread:string, after_namespace:string, after_id:string, size:long);
let chosen = materialize${guarded("threads")};
${livesAndHidden(names, "| where thread_id in (chosen)")}
let shown = materialize(${names.checkpoints}
  | where thread_id in (chosen)
  | summarize revision = max(revision) by ${KEY}
  ${SHOWN}
  | project ${KEY}, revision);
shown
| join kind=inner (shown | summarize head = max(checkpoint_id) by thread_id, checkpoint_ns) on thread_id, checkpoint_ns
| where checkpoint_id != head
| where strcmp(thread_id, after_thread) > 0 or (thread_id == after_thread
  and (strcmp(checkpoint_ns, after_namespace) > 0 or (checkpoint_ns == after_namespace and strcmp(checkpoint_id, after_id) > 0)))
| order by thread_id asc, checkpoint_ns asc, checkpoint_id asc
| take size
| project ${KEY}, revision`;
}
