/**
 * The query texts of the saver: constant but for the table names, every value a query parameter.
 *
 * Each text is one request of several statements, so that what belongs together is read from one
 * state of the database. `newest` is the thread's incarnation: the greatest that any row or deletion
 * bears; rows of older ones are gone for readers.
 *
 * @module
 */
import type { TableNames } from "../schema.ts";

/** More blob bytes than this in one answer could pass the service's 64 MiB: they are paged. */
const ANSWER_BYTES = 32 * 1024 * 1024;

/** The texts of one installation that reading and writing need; those for lists and histories are apart. */
export interface Queries {
  /** Latest checkpoint of a namespace, or the one asked for, with all that belongs to it or `alone`. */
  readonly head: { readonly latest: string; readonly byId: string };
  /** The incarnation of a thread. */
  readonly incarnation: string;
  /** Whether a thread's deletion can be seen. */
  readonly deletion: string;
  /** Chunks of blobs, by blob id and range of chunks. */
  readonly blobs: string;
  /** Writes of some checkpoints, one page by revision. */
  readonly writes: string;
}

/** Builds the texts for one set of table names. */
export function buildQueries(names: TableNames): Queries {
  return {
    head: { latest: headQuery(names, "latest"), byId: headQuery(names, "byId") },
    incarnation: incarnationQuery(names),
    deletion: deletionQuery(names),
    blobs: blobsQuery(names),
    writes: writesQuery(names),
  };
}

/** What a checkpoint is assembled from. */
export const CHECKPOINT_COLUMNS = "thread_id, checkpoint_ns, incarnation, checkpoint_id, " +
  "parent_checkpoint_id, revision, v, checkpoint_type, checkpoint_json, metadata_type, " +
  "metadata_json, search_text, channel_values, blobs";
/** What a write is assembled from. */
export const WRITE_COLUMNS =
  "thread_id, checkpoint_ns, incarnation, checkpoint_id, task_id, task_path, " +
  "idx, channel, type, value_json, blobs, revision";
const BLOB_COLUMNS = "thread_id, incarnation, blob_id, chunk, chunks, encoding, data";

/**
 * The texts of a dynamic parameter that holds guarded texts, as a table: ids in a dynamic may look
 * like guids or dates and be re-typed, and then equal no string.
 */
export function guarded(parameter: string): string {
  return `(print text = ${parameter} | mv-expand text to typeof(string) | project substring(text, 1))`;
}

/** `pointers` and `newest`; needs the parameters `thread` and `own_incarnation`. */
export function newestIncarnation(names: TableNames): string {
  return `let pointers = materialize(${names.latest} | where thread_id == thread
  | project checkpoint_ns, incarnation, revision, checkpoint_id);
let pointed = toscalar(pointers | count);
let newest = toscalar(union
  (${names.threadDeletions} | where thread_id == thread | project incarnation),
  (pointers | project incarnation),
  (${names.checkpoints} | where pointed == 0 and thread_id == thread | project incarnation),
  (print incarnation = own_incarnation)
  | summarize max(incarnation));`;
}

/** Blobs that the rows of `head` and `writes` refer to, as long as they fit one answer; none if `alone`. */
export function referencedBlobs(names: TableNames, threads: string): string {
  return `let refs = materialize(union
  (head | mv-expand b = blobs | project id = tostring(b.id), bytes = tolong(b.bytes)),
  (writes | mv-expand b = blobs | project id = tostring(b.id), bytes = tolong(b.bytes)),
  (print ids = own_blobs | mv-expand b = ids | project id = tostring(b.id), bytes = tolong(b.bytes))
  | summarize bytes = max(bytes) by id);
let fits = toscalar(refs | summarize total = sum(bytes) | project total <= ${ANSWER_BYTES});
${names.blobs}
| where fits and not(alone) and ${threads} and blob_id in ((refs | project id))
| project ${BLOB_COLUMNS};`;
}

function headQuery(names: TableNames, variant: "latest" | "byId"): string {
  const visible = `join kind=leftouter hidden on checkpoint_id | where strcmp(until, revision) < 0`;
  const found = variant === "byId"
    ? `let found = toscalar(${names.checkpoints}
  | where thread_id == thread and checkpoint_id == checkpoint and checkpoint_ns == namespace and incarnation == newest
  | summarize revision = max(revision) by checkpoint_id
  | ${visible} | summarize max(revision));`
    : `let pointer = toscalar(pointers | where checkpoint_ns == namespace and incarnation == newest
  | ${visible} | summarize max(revision));
let pointed_at = toscalar(${names.checkpoints}
  | where thread_id == thread and revision == pointer | take 1 | project revision);
let found = iff(isnotempty(pointed_at), pointed_at, toscalar(${names.checkpoints}
  | where isempty(pointed_at) and thread_id == thread and checkpoint_ns == namespace and incarnation == newest
  | summarize revision = max(revision) by checkpoint_id
  | ${visible} | summarize max(revision)));`;
  return `declare query_parameters(thread:string, namespace:string, checkpoint:string, own_incarnation:string, own_revision:string, own_checkpoint:string, own_parent:string, own_blobs:dynamic, alone:bool);
${newestIncarnation(names)}
let hidden = materialize(${names.checkpointDeletions}
  | where thread_id == thread and checkpoint_ns == namespace and incarnation == newest
  | summarize until = max(revision) by checkpoint_id);
${found}
let own_hidden = toscalar(hidden | where checkpoint_id == own_checkpoint and strcmp(until, own_revision) >= 0 | count) > 0;
let own = newest == own_incarnation and strcmp(own_revision, found) > 0 and not(own_hidden);
let chosen = iff(own, own_revision, found);
let head = materialize(${names.checkpoints}
  | where thread_id == thread and checkpoint_ns == namespace and incarnation == newest and revision == chosen
  | project ${CHECKPOINT_COLUMNS});
let id = iff(own, own_checkpoint, toscalar(head | take 1 | project checkpoint_id));
let sender = iff(own, own_parent, toscalar(head | where v < 4 | take 1 | project parent_checkpoint_id));
let writes = materialize(${names.writes}
  | where not(alone) and thread_id == thread and checkpoint_id in (id, sender) and checkpoint_ns == namespace and incarnation == newest
  | project ${WRITE_COLUMNS});
print newest = newest;
head;
writes;
${referencedBlobs(names, "thread_id == thread and incarnation == newest")}
hidden | where own_hidden`;
}

function incarnationQuery(names: TableNames): string {
  return `declare query_parameters(thread:string, own_incarnation:string);
${newestIncarnation(names)}
print newest = newest`;
}

function deletionQuery(names: TableNames): string {
  return `declare query_parameters(thread:string, mark:string);
${names.threadDeletions} | where thread_id == thread and incarnation == mark | count`;
}

/** Which of some rows can be seen: the keys of checkpoints, of writes and of blobs. */
export function visibleQuery(names: TableNames): string {
  const keys = "project thread_id, incarnation, revision";
  return `declare query_parameters(threads:dynamic, checkpoint_revisions:dynamic, write_revisions:dynamic, blob_ids:dynamic);
let chosen = materialize${guarded("threads")};
${names.checkpoints} | where thread_id in (chosen) and revision in (${
    guarded("checkpoint_revisions")
  }) | ${keys};
${names.writes} | where thread_id in (chosen) and revision in (${
    guarded("write_revisions")
  }) | ${keys};
${names.blobs} | where thread_id in (chosen) and blob_id in (blob_ids)
| project thread_id, incarnation, blob_id, chunk, chunks`;
}

function blobsQuery(names: TableNames): string {
  return `declare query_parameters(thread:string, mark:string, ids:dynamic, first_chunk:int, last_chunk:int);
${names.blobs}
| where thread_id == thread and blob_id in (ids) and incarnation == mark and chunk between (first_chunk .. last_chunk)
| project ${BLOB_COLUMNS}`;
}

function writesQuery(names: TableNames): string {
  return `declare query_parameters(thread:string, namespace:string, mark:string, ids:dynamic, any_channel:bool, wanted:dynamic, after:string, size:long);
let rows = ${names.writes}
  | where thread_id == thread and checkpoint_ns == namespace and incarnation == mark and checkpoint_id in (${
    guarded("ids")
  })
  | where (any_channel or channel in (${guarded("wanted")})) and strcmp(revision, after) > 0;
let page = materialize(rows | distinct revision | top size by revision asc);
page | summarize found = count(), until = max(revision);
rows | where revision in ((page | project revision))
| project ${WRITE_COLUMNS}`;
}
