/**
 * The query texts of hiding single checkpoints; see `queries.ts`.
 *
 * @module
 */
import { guarded } from "../reading/queries.ts";
import type { TableNames } from "../schema.ts";
import { livesAndHidden, SHOWN } from "../reading/shown_rows.ts";

const KEY = "thread_id, checkpoint_ns, incarnation, checkpoint_id";
const PLACE_PARAMETERS = "after_thread:string, after_namespace:string, after_id:string, size:long";
/** The rows of a page, in the order of their places. */
const PAGE = `| where strcmp(thread_id, after_thread) > 0 or (thread_id == after_thread
  and (strcmp(checkpoint_ns, after_namespace) > 0 or (checkpoint_ns == after_namespace and strcmp(checkpoint_id, after_id) > 0)))
| order by thread_id asc, checkpoint_ns asc, checkpoint_id asc
| take size`;

/** Which markers can be seen, of those of some threads and revisions. */
export function markersQuery(names: TableNames): string {
  return `declare query_parameters(threads:dynamic, revisions:dynamic);
${names.checkpointDeletions}
| where thread_id in (${guarded("threads")}) and revision in (${guarded("revisions")})
| distinct ${KEY}, revision`;
}

/** The checkpoints of some threads that are not the latest of their namespace, one page by place. */
export function supersededQuery(names: TableNames): string {
  return `declare query_parameters(threads:dynamic, ${PLACE_PARAMETERS});
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
${PAGE}
| project ${KEY}, revision`;
}

/** Queries are given so many runs at a time. */
export const RUNS_A_QUERY = 8;
const RUNS = Array.from({ length: RUNS_A_QUERY }, (_, n) => n);

/**
 * The checkpoints that may belong to some runs, one page by place: `certain` by their search text
 * (`search_text.ts`), of the others their metadata, for the client to decide.
 *
 * `any` makes all that are not certain such others, `key` those whose search text says nothing of runs.
 */
export function runsQuery(names: TableNames): string {
  const parameters = RUNS.map((n) => `line${n}:string, `).join("");
  const certain = RUNS.map((n) => `search_text contains_cs line${n}`).join(" or ");
  return `declare query_parameters(${parameters}key:string, any:bool, ${PLACE_PARAMETERS});
${livesAndHidden(names, "")}
let page = materialize(${names.checkpoints}
  | summarize arg_max(revision, search_text) by ${KEY}
  ${SHOWN}
  | extend certain = ${certain}
  | where certain or any or (search_text startswith_cs "*" and not(search_text contains_cs key))
${PAGE}
  | project ${KEY}, revision, search_text, certain);
page;
${names.checkpoints}
| where thread_id in ((page | project thread_id)) and revision in ((page | where not(certain) | project revision))
| project thread_id, revision, metadata_type, metadata_json, blobs`;
}
