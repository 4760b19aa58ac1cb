/**
 * The query texts of copying a thread; see `queries.ts`.
 *
 * @module
 */
import { CHECKPOINT_COLUMNS, guarded, WRITE_COLUMNS } from "../reading/queries.ts";
import type { TableNames } from "../schema.ts";

/**
 * The checkpoints of one life of a thread, one page by revision: which revision counts, and until which
 * the checkpoint is hidden. Hidden ones are among them, as the histories of others may need them.
 */
export function copiedKeysQuery(names: TableNames): string {
  return `declare query_parameters(thread:string, mark:string, after:string, size:long);
let hidden = ${names.checkpointDeletions}
  | where thread_id == thread and incarnation == mark
  | summarize until = max(revision) by checkpoint_ns, checkpoint_id;
${names.checkpoints}
| where thread_id == thread and incarnation == mark
| summarize revision = max(revision) by checkpoint_ns, checkpoint_id
| where strcmp(revision, after) > 0
| order by revision asc
| take size
| join kind=leftouter hidden on checkpoint_ns, checkpoint_id
| order by revision asc
| project checkpoint_ns, checkpoint_id, revision, until`;
}

/** Whole rows of checkpoints, by revision. */
export function copiedCheckpointsQuery(names: TableNames): string {
  return `declare query_parameters(thread:string, mark:string, revisions:dynamic);
${names.checkpoints}
| where thread_id == thread and incarnation == mark and revision in (${guarded("revisions")})
| project ${CHECKPOINT_COLUMNS}, channels`;
}

/** All writes of one life of a thread, one page by revision. */
export function copiedWritesQuery(names: TableNames): string {
  return `declare query_parameters(thread:string, mark:string, after:string, size:long);
let rows = ${names.writes}
  | where thread_id == thread and incarnation == mark and strcmp(revision, after) > 0;
let page = materialize(rows | distinct revision | top size by revision asc);
page | summarize found = count(), until = max(revision);
rows | where revision in ((page | project revision))
| project ${WRITE_COLUMNS}`;
}
