/**
 * A checkpoint's row put together with its writes and blobs.
 *
 * @module
 */
import { BlobChunks, pendingWrites } from "./assembly.ts";
import { completeBlobs, referencesOf } from "./blob_pages.ts";
import type { BlobRow, CheckpointRow, WriteRow } from "../schema.ts";
import type { Store } from "./store.ts";
import { readWrites } from "./write_pages.ts";

/** A checkpoint's row with all that is needed to read it. */
export interface StoredCheckpoint {
  readonly row: CheckpointRow;
  readonly writes: readonly WriteRow[];
  /** The writes of the parent: checkpoints before LangGraph's version 4 take their sends from there. */
  readonly parentWrites: readonly WriteRow[];
  readonly blobs: BlobChunks;
}

/** What is at hand for a row, and for others. */
export interface Parts {
  /** What a query showed; `undefined` where it was too much for one answer. */
  readonly writes: readonly WriteRow[] | undefined;
  readonly ownWrites: readonly WriteRow[];
  readonly blobs: readonly BlobRow[];
}

/** Puts a row together with its writes and blobs; reads those that are not at hand. */
export async function completeCheckpoint(
  store: Store,
  row: CheckpointRow,
  parts: Parts,
  signal?: AbortSignal,
): Promise<StoredCheckpoint> {
  const { thread_id: threadId, incarnation, checkpoint_id, parent_checkpoint_id } = row;
  const hasSends = row.v < 4 && parent_checkpoint_id !== "";
  const shown = parts.writes ?? await readWrites(store, {
    threadId,
    namespace: row.checkpoint_ns,
    incarnation,
    checkpointIds: hasSends ? [checkpoint_id, parent_checkpoint_id] : [checkpoint_id],
  }, signal);
  const candidates = [...shown, ...parts.ownWrites];
  const writes = pendingWrites(candidates, row);
  const parentWrites = hasSends
    ? pendingWrites(candidates, { ...row, checkpoint_id: parent_checkpoint_id })
    : [];
  const blobs = new BlobChunks();
  blobs.add(parts.blobs.filter((blob) => blob.incarnation === incarnation));
  const references = referencesOf([row, ...writes, ...parentWrites]);
  await completeBlobs(store, { threadId, incarnation }, references, blobs, signal);
  return { row, writes, parentWrites, blobs };
}
