/**
 * The tables that `provision.kql` creates, and their rows as they travel in JSON.
 *
 * Every fact is one row that is only ever appended. A row that can be written twice carries a
 * {@link Revision}, so that every reader picks the same winner without the server's help.
 *
 * @module
 */
import type { Revision, Stamp } from "./clock.ts";

/** The ingestion mapping that each table has under the same name. */
export const MAPPING_NAME = "kusto_checkpoint";

/** The names of the tables and the view, with the prefix of one installation. */
export interface TableNames {
  readonly checkpoints: string;
  readonly writes: string;
  readonly blobs: string;
  readonly threadDeletions: string;
  readonly checkpointDeletions: string;
  /** The materialized view that points at the newest checkpoint of each namespace. */
  readonly latest: string;
}

/** The names without a prefix, as they stand in `provision.kql`. */
export const TABLE_NAMES: TableNames = {
  checkpoints: "Checkpoints",
  writes: "CheckpointWrites",
  blobs: "CheckpointBlobs",
  threadDeletions: "ThreadDeletions",
  checkpointDeletions: "CheckpointDeletions",
  latest: "LatestCheckpoints",
};

/** The names of one installation: `tableNames("dev_").writes` is `dev_CheckpointWrites`. */
export function tableNames(prefix: string): TableNames {
  return {
    checkpoints: prefix + TABLE_NAMES.checkpoints,
    writes: prefix + TABLE_NAMES.writes,
    blobs: prefix + TABLE_NAMES.blobs,
    threadDeletions: prefix + TABLE_NAMES.threadDeletions,
    checkpointDeletions: prefix + TABLE_NAMES.checkpointDeletions,
    latest: prefix + TABLE_NAMES.latest,
  };
}

/** Where one blob that a row refers to lies, and when it was sent. */
export interface BlobReference {
  /** `sha256-` and the hash of the bytes in hexadecimal: no engine takes it for a number. */
  readonly id: string;
  /** Its length before encoding. */
  readonly bytes: number;
  /** Milliseconds since 1970 at which it was sent; decides when a reference must send it anew. */
  readonly sent: number;
}

/**
 * One channel value in `channel_values`, or a pack of several.
 *
 * `type` is `text:`, `base64:` or `blob:` and the serializer's type; a pack has the type `pack`.
 * `value` is guarded text, or the index of a {@link BlobReference} in the row's `blobs`.
 */
export interface ChannelEntry {
  readonly channel?: string;
  readonly type: string;
  readonly value: string | number;
}

/** A row of the table `Checkpoints`. */
export interface CheckpointRow {
  readonly thread_id: string;
  readonly checkpoint_ns: string;
  readonly incarnation: Stamp;
  readonly checkpoint_id: string;
  /** Empty for a checkpoint without a parent. */
  readonly parent_checkpoint_id: string;
  readonly revision: Revision;
  /** LangGraph's version of the checkpoint format. */
  readonly v: number;
  readonly checkpoint_type: string;
  readonly checkpoint_json: string;
  readonly metadata_type: string;
  readonly metadata_json: string;
  /** For analytics only: what is read back is `metadata_json`. */
  readonly metadata: unknown;
  /** The scalars that `list` may filter on; see `search_text.ts`. */
  readonly search_text: string;
  /** Guarded names of the channels that hold a value, or `["*"]` where they are too many to name. */
  readonly channels: readonly string[];
  readonly channel_values: readonly ChannelEntry[];
  readonly blobs: readonly BlobReference[];
}

/** A row of the table `CheckpointWrites`. */
export interface WriteRow {
  readonly thread_id: string;
  readonly checkpoint_ns: string;
  readonly incarnation: Stamp;
  readonly checkpoint_id: string;
  readonly task_id: string;
  readonly task_path: string;
  readonly idx: number;
  readonly channel: string;
  readonly type: string;
  readonly value_json: string;
  readonly blobs: readonly BlobReference[];
  readonly revision: Stamp;
}

/** A row of the table `CheckpointBlobs`: one chunk of one blob. */
export interface BlobRow {
  readonly thread_id: string;
  readonly incarnation: Stamp;
  readonly blob_id: string;
  readonly chunk: number;
  /** How many chunks the blob has. */
  readonly chunks: number;
  readonly encoding: "text" | "base64";
  readonly data: string;
}

/** A row of the table `ThreadDeletions`. */
export interface ThreadDeletionRow {
  readonly thread_id: string;
  /** What the thread is from now on: rows of a smaller incarnation are gone for readers. */
  readonly incarnation: Stamp;
}

/** A row of the table `CheckpointDeletions`: one checkpoint hidden from `getTuple` and `list`. */
export interface CheckpointDeletionRow {
  readonly thread_id: string;
  readonly checkpoint_ns: string;
  readonly incarnation: Stamp;
  readonly checkpoint_id: string;
  /** Hides the revisions of the checkpoint that are not greater. */
  readonly revision: Revision;
}
