/**
 * Rows → what `getTuple` and `list` give back: which row wins, in which order, and what it holds.
 *
 * Used for the rows of a query and for a saver's own recent rows alike, so that both give the same
 * answer. Rows may come twice, in any order: nothing here depends on either.
 *
 * @module
 */
import { compareWritesSortKeys, writesSortKey } from "@langchain/langgraph-checkpoint";
import { compareText, type Stamp } from "../clock.ts";
import {
  blobId,
  decodeBytes,
  joinBytes,
  type TypedBytes,
  TypedText,
  unguardText,
} from "../codec.ts";
import { KustoStateError } from "../errors.ts";
import type {
  BlobReference,
  BlobRow,
  ChannelEntry,
  CheckpointDeletionRow,
  CheckpointRow,
  WriteRow,
} from "../schema.ts";

const UNKNOWN_FORM =
  "Cannot read a stored value: it is in a form that this version of the library does not know, so it was not written by it or was changed since";

/** The greatest of some stamps or revisions; `""` of none. */
export function greatest(stamps: Iterable<Stamp>): Stamp {
  let found = "";
  for (const stamp of stamps) if (compareText(stamp, found) > 0) found = stamp;
  return found;
}

/** The row of each checkpoint that counts: of the incarnation given, of the greatest revision, not hidden. */
export function visibleCheckpoints(
  rows: Iterable<CheckpointRow>,
  incarnation: Stamp,
  deletions: Iterable<CheckpointDeletionRow>,
): CheckpointRow[] {
  const winners = new Map<string, CheckpointRow>();
  for (const row of rows) {
    if (row.incarnation !== incarnation) continue;
    const key = JSON.stringify([row.checkpoint_ns, row.checkpoint_id]);
    const winner = winners.get(key);
    if (!winner || compareText(row.revision, winner.revision) > 0) winners.set(key, row);
  }
  for (const hidden of deletions) {
    const key = JSON.stringify([hidden.checkpoint_ns, hidden.checkpoint_id]);
    const winner = winners.get(key);
    if (
      winner && winner.incarnation === hidden.incarnation &&
      compareText(winner.revision, hidden.revision) <= 0
    ) winners.delete(key);
  }
  return [...winners.values()];
}

/**
 * The writes that hang on one checkpoint, each once, in the order in which LangGraph applies them.
 *
 * Of rows for the same task and index the first made counts, of special writes (index below zero:
 * errors, interrupts, answers) the last: what a resend repeats or another process says again changes
 * nothing, what a person answers anew does.
 */
export function pendingWrites(
  rows: Iterable<WriteRow>,
  of: Pick<WriteRow, "thread_id" | "checkpoint_ns" | "incarnation" | "checkpoint_id">,
): WriteRow[] {
  const winners = new Map<string, WriteRow>();
  for (const row of rows) {
    if (
      row.checkpoint_id !== of.checkpoint_id || row.checkpoint_ns !== of.checkpoint_ns ||
      row.incarnation !== of.incarnation || row.thread_id !== of.thread_id
    ) continue;
    const key = `${row.idx} ${row.task_id}`;
    const winner = winners.get(key);
    const later = winner ? compareText(row.revision, winner.revision) > 0 : true;
    if (!winner || later === row.idx < 0) winners.set(key, row);
  }
  return [...winners.values()].sort((a, b) =>
    compareWritesSortKeys(
      writesSortKey(a.task_path, a.task_id, a.idx),
      writesSortKey(b.task_path, b.task_id, b.idx),
    )
  );
}

/** The chunks of blobs that were read, from which blobs are put together. */
export class BlobChunks {
  /** By blob id and by how many chunks it was cut into: cuts of another size fit no other. */
  readonly #cuts = new Map<string, Map<number, Map<number, BlobRow>>>();

  /** Takes chunks in; one that comes twice counts once. */
  add(rows: Iterable<BlobRow>): void {
    for (const row of rows) {
      let cuts = this.#cuts.get(row.blob_id);
      if (!cuts) this.#cuts.set(row.blob_id, cuts = new Map());
      let chunks = cuts.get(row.chunks);
      if (!chunks) cuts.set(row.chunks, chunks = new Map());
      chunks.set(row.chunk, row);
    }
  }

  /** Whether all chunks of a blob are here. */
  has(reference: BlobReference): boolean {
    return this.#whole(reference) !== undefined;
  }

  #whole(reference: BlobReference): BlobRow[] | undefined {
    for (const [count, chunks] of this.#cuts.get(reference.id) ?? []) {
      if (chunks.size === count) return [...chunks.values()].sort((a, b) => a.chunk - b.chunk);
    }
    return undefined;
  }

  /**
   * The bytes of a blob.
   *
   * @throws {KustoStateError} If a chunk is missing or the bytes are not those that were stored.
   */
  async read(reference: BlobReference): Promise<Uint8Array> {
    const rows = this.#whole(reference);
    if (!rows) {
      throw new KustoStateError(
        "Cannot read a stored value: a part of it is missing from the blob table, which must keep its rows longer than the checkpoints that refer to them",
      );
    }
    let cause: unknown;
    try {
      const bytes = joinBytes(rows[0]!.encoding, rows.map((row) => row.data));
      if (bytes.length === reference.bytes && await blobId(bytes) === reference.id) return bytes;
    } catch (error) {
      cause = error;
    }
    throw new KustoStateError(
      "Cannot read a stored value: its bytes in the blob table differ from those that were stored",
      { cause },
    );
  }

  /** The bytes of a blob under a serializer's name for their form; throws as {@link read} does. */
  async readTyped(type: string, reference: BlobReference): Promise<TypedBytes> {
    const bytes = await this.read(reference);
    const rows = this.#whole(reference)!;
    if (rows[0]!.encoding !== "text") return { type, bytes };
    return { type, bytes, text: rows.map((row) => row.data).join("") };
  }
}

/** A checkpoint row, taken apart; values are still as the serializer made them. */
export interface CheckpointContent {
  readonly checkpoint: TypedBytes;
  readonly metadata: TypedBytes;
  readonly channelValues: readonly ChannelValue[];
}

/** A channel's name and its value, as the serializer made it. */
export type ChannelValue = readonly [channel: string, value: TypedBytes];

/** Takes a checkpoint row apart. */
export async function readCheckpoint(
  row: CheckpointRow,
  blobs: BlobChunks,
): Promise<CheckpointContent> {
  if (!Array.isArray(row.channel_values) || !Array.isArray(row.blobs)) {
    throw new KustoStateError(
      "Cannot read a checkpoint: its channel values are gone from its row, so the row was not written by this library or the table's columns were changed",
    );
  }
  const [checkpoint, metadata, channelValues] = await Promise.all([
    readColumn(row.checkpoint_type, row.checkpoint_json, row.blobs, blobs),
    readMetadata(row, blobs),
    readEntries(row.channel_values, row.blobs, blobs),
  ]);
  return { checkpoint, metadata, channelValues };
}

/** What a row's metadata are read from. */
export type MetadataRow = Pick<CheckpointRow, "metadata_type" | "metadata_json" | "blobs">;

/** The metadata of a checkpoint row, as the serializer made them. */
export function readMetadata(row: MetadataRow, blobs: BlobChunks): Promise<TypedBytes> {
  return readColumn(row.metadata_type, row.metadata_json, row.blobs, blobs);
}

/** The blob that a row's metadata lie in, if they lie in one. */
export function metadataBlob(row: MetadataRow): BlobReference | undefined {
  return row.metadata_type.startsWith("blob:") ? row.blobs[Number(row.metadata_json)] : undefined;
}

/** Reads the values of channel entries, packs opened. */
async function readEntries(
  entries: readonly ChannelEntry[],
  references: readonly BlobReference[],
  blobs: BlobChunks,
): Promise<ChannelValue[]> {
  const read = entries.map((entry) => readEntry(entry, referenceOf(entry, references), blobs));
  return (await Promise.all(read)).flat();
}

/** The blob that an entry refers to, if it refers to one. */
export function referenceOf(
  { value }: ChannelEntry,
  references: readonly BlobReference[],
): BlobReference | undefined {
  return typeof value === "number" ? references[value] : undefined;
}

/**
 * Reads the value of a channel entry, or the values of a pack.
 *
 * @param reference The blob that the entry refers to.
 */
export async function readEntry(
  { channel = "", type, value }: ChannelEntry,
  reference: BlobReference | undefined,
  blobs: BlobChunks,
): Promise<ChannelValue[]> {
  if (type === "pack") {
    const bytes = await blobs.read(required(reference));
    return readEntries(JSON.parse(new TextDecoder().decode(bytes)), [], blobs);
  }
  const text = typeof value === "string" ? unguardText(value) : undefined;
  return [[unguardText(channel), await readCell(type, text, reference, blobs)]];
}

/** The value of a pending write, as the serializer made it. */
export function readWrite(row: WriteRow, blobs: BlobChunks): Promise<TypedBytes> {
  return readColumn(row.type, row.value_json, row.blobs, blobs);
}

function readColumn(
  type: string,
  text: string,
  references: readonly BlobReference[] | null,
  blobs: BlobChunks,
): Promise<TypedBytes> {
  return readCell(type, text, references?.[Number(text)], blobs);
}

async function readCell(
  cellType: string,
  text: string | undefined,
  reference: BlobReference | undefined,
  blobs: BlobChunks,
): Promise<TypedBytes> {
  const colon = cellType.indexOf(":");
  const encoding = cellType.slice(0, colon);
  const type = cellType.slice(colon + 1);
  if (encoding === "blob") return await blobs.readTyped(type, required(reference));
  if (text !== undefined && encoding === "text") return new TypedText(type, text);
  try {
    if (text !== undefined && encoding === "base64") {
      return { type, bytes: decodeBytes({ encoding, text }) };
    }
  } catch (cause) {
    throw new KustoStateError(UNKNOWN_FORM, { cause });
  }
  throw new KustoStateError(UNKNOWN_FORM);
}

function required(reference: BlobReference | undefined): BlobReference {
  if (reference) return reference;
  throw new KustoStateError("Cannot read a stored value: its row does not say which blob holds it");
}
