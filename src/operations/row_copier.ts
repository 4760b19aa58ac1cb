/**
 * Rows of one life of a thread as rows of another, with the blobs that they refer to.
 *
 * @module
 */
import { BlobChunks, metadataBlob, readMetadata } from "../reading/assembly.ts";
import { completeBlobs, referencesOf } from "../reading/blob_pages.ts";
import type { Life } from "../incarnations.ts";
import type { OperationParts } from "./operation_parts.ts";
import type { RecentRowTypes } from "../writing/recent_rows.ts";
import { metadataColumn, readableMetadata } from "../records.ts";
import type { BlobReference, CheckpointRow, WriteRow } from "../schema.ts";

/** What the blobs of the rows that are on their way may take. */
const BLOB_BYTES = 16 * 1024 * 1024;

/** Stores rows of one life in another; nothing but the life and the time of storing differs. */
export class RowCopier {
  readonly #parts: OperationParts;
  readonly #source: Life;
  readonly #target: Life;
  readonly #signal: AbortSignal | undefined;

  constructor(
    parts: OperationParts,
    source: Life,
    target: Life,
    signal: AbortSignal | undefined,
  ) {
    this.#parts = parts;
    this.#source = source;
    this.#target = target;
    this.#signal = signal;
  }

  /** Stores checkpoints in their order; a part of them is there when it fails. */
  async checkpoints(rows: readonly CheckpointRow[]): Promise<void> {
    for (const { part, unsent } of this.#partsOf(rows)) {
      const metadata = part.map(metadataBlob).filter((blob) => blob !== undefined);
      const blobs = await this.#read([...unsent, ...metadata]);
      const copies = part.map(async (row) => ({
        ...row,
        // As it came from a dynamic column its texts may have been re-typed.
        metadata: metadataColumn(readableMetadata(await readMetadata(row, blobs))),
      }));
      await this.#write("checkpoints", await Promise.all(copies), unsent, blobs);
    }
  }

  /** Stores pending writes. */
  async writes(rows: readonly WriteRow[]): Promise<void> {
    for (const { part, unsent } of this.#partsOf(rows)) {
      await this.#write("writes", part, unsent, await this.#read(unsent));
    }
  }

  /** Rows in their order, as many at a time as their blobs allow. */
  *#partsOf<T extends CheckpointRow | WriteRow>(rows: readonly T[]) {
    const { threadId, incarnation } = this.#target;
    let part: T[] = [];
    let bytes = 0;
    const unsentOf = (part: readonly T[]) =>
      referencesOf(part).filter(({ id }) =>
        this.#parts.writer.blobSentAt(threadId, incarnation, id) === undefined
      );
    for (const row of rows) {
      const more = unsentOf([row]).reduce((sum, blob) => sum + blob.bytes, 0);
      if (part.length > 0 && bytes + more > BLOB_BYTES) {
        yield { part, unsent: unsentOf(part) };
        [part, bytes] = [[], 0];
      }
      part.push(row);
      bytes += more;
    }
    if (part.length > 0) yield { part, unsent: unsentOf(part) };
  }

  async #read(references: readonly BlobReference[]): Promise<BlobChunks> {
    const blobs = new BlobChunks();
    await completeBlobs(this.#parts.store, this.#source, references, blobs, this.#signal);
    return blobs;
  }

  async #write<T extends "checkpoints" | "writes">(
    table: T,
    rows: readonly RecentRowTypes[T][],
    unsent: readonly BlobReference[],
    blobs: BlobChunks,
  ): Promise<void> {
    this.#signal?.throwIfAborted();
    const { onRequest, settings, writer } = this.#parts;
    const { threadId, incarnation } = this.#target;
    const bytes = await Promise.all(
      unsent.map(async (blob) => [blob.id, await blobs.read(blob)] as const),
    );
    await writer.write({
      threadId,
      incarnation,
      table,
      rows: rows.map((row) => ({ ...row, thread_id: threadId, incarnation })),
      blobs: new Map(bytes),
      deadline: settings.now() + settings.deadlineMs,
      onRequest,
    });
  }
}
