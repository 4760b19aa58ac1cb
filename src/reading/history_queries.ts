/**
 * The query texts of a channel's history; see `queries.ts`.
 *
 * @module
 */
import { guarded, newestIncarnation, referencedBlobs, WRITE_COLUMNS } from "./queries.ts";
import type { TableNames } from "../schema.ts";

/** Ids, parents and channels of a namespace, newest first from one id on. */
export function ancestryQuery(names: TableNames): string {
  return `declare query_parameters(thread:string, namespace:string, from_id:string, wanted:dynamic, size:long, own_incarnation:string);
${newestIncarnation(names)}
print newest = newest;
${names.checkpoints}
| where thread_id == thread and checkpoint_ns == namespace and incarnation == newest
| where strcmp(checkpoint_id, from_id) <= 0
| summarize arg_max(revision, parent_checkpoint_id, channels) by checkpoint_id
| top size by checkpoint_id desc
| project checkpoint_id, parent_checkpoint_id, revision, stored = set_intersect(channels, wanted)`;
}

/**
 * The writes and stored values of some channels at some checkpoints, or the values `alone`.
 *
 * Writes of other channels come without their values: they may count in place of one that is wanted.
 */
export function historyQuery(names: TableNames): string {
  return `declare query_parameters(thread:string, namespace:string, mark:string, ids:dynamic, revisions:dynamic, wanted:dynamic, own_blobs:dynamic, alone:bool);
let head = materialize(${names.checkpoints}
  | where thread_id == thread and checkpoint_ns == namespace and incarnation == mark and revision in (${
    guarded("revisions")
  })
  | project checkpoint_id, revision, channel_values, blobs
  | mv-expand entry = channel_values
  | where tostring(entry.channel) in (wanted) or tostring(entry.type) == "pack"
  | extend blob = blobs[toint(entry.value)]
  | project checkpoint_id, revision, entry, blobs = iff(isnull(blob), dynamic([]), pack_array(blob)));
let writes = materialize(${names.writes}
  | where not(alone) and thread_id == thread and checkpoint_ns == namespace and incarnation == mark and checkpoint_id in (${
    guarded("ids")
  })
  | extend other = channel !in (${guarded("wanted")})
  | extend value_json = iff(other, tostring(dynamic(null)), value_json), blobs = iff(other, dynamic([]), blobs)
  | project ${WRITE_COLUMNS});
head;
writes;
${referencedBlobs(names, "thread_id == thread and incarnation == mark")}`;
}
