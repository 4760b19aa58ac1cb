/**
 * What `put` and `putWrites` were given → rows.
 *
 * A checkpoint row is self-contained: it holds every channel value, small ones inline and large ones
 * by reference to a blob, so that no older row is needed to read it and no fork can mix values up.
 * Limits of the service are per cell (a `dynamic` over 1 MiB becomes null, a string over 1 MB is
 * cut), so every cell has a budget well below them and what does not fit moves into blobs.
 *
 * @module
 */
import {
  blobId,
  encodeBytes,
  guardText,
  jsonLength,
  requireWellFormed,
  type TypedBytes,
} from "./codec.ts";
import type { BlobReference, ChannelEntry, CheckpointRow, WriteRow } from "./schema.ts";
import { searchText } from "./search_text.ts";

/** A value of at most this many bytes lies in its row, a larger one in a blob. */
export const INLINE_LIMIT = 32 * 1024;
/** What the inline values of one cell may add up to; escaping at most doubles it. */
export const CELL_BUDGET = 256 * 1024;
const METADATA_LIMIT = 64 * 1024;
const ENTRY_OVERHEAD = 64;

const decoder = new TextDecoder();

/** Gathers the blobs that one row refers to, and those of them that must be sent first. */
export class RowBlobs {
  readonly references: BlobReference[] = [];
  /** The bytes to send, by blob id. */
  readonly unsent: Map<string, Uint8Array> = new Map();
  readonly #indexes = new Map<string, number>();
  readonly #sentAt: (id: string) => number | undefined;
  readonly #now: number;

  /**
   * @param sentAt When a blob was sent, if it may be referred to without sending it again.
   * @param now Milliseconds since 1970.
   */
  constructor(sentAt: (id: string) => number | undefined, now: number) {
    this.#sentAt = sentAt;
    this.#now = now;
  }

  /** Refers to the bytes from this row; returns the index of the reference. */
  async add(bytes: Uint8Array): Promise<number> {
    const id = await blobId(bytes);
    const known = this.#indexes.get(id);
    if (known !== undefined) return known;
    const sent = this.#sentAt(id);
    if (sent === undefined) this.unsent.set(id, bytes);
    const index = this.references.push({ id, bytes: bytes.length, sent: sent ?? this.#now }) - 1;
    this.#indexes.set(id, index);
    return index;
  }
}

/** A checkpoint as `put` was given it, serialised. */
export interface SerializedCheckpoint {
  /** Everything but the channel values. */
  readonly checkpoint: TypedBytes;
  readonly metadata: TypedBytes;
  readonly channelValues: readonly (readonly [channel: string, value: TypedBytes])[];
  /** Channels whose value is `undefined`: stored, but no start for a replay of deltas. */
  readonly undefinedChannels: ReadonlySet<string>;
  /** Scalars beside the metadata that `list` may filter on. */
  readonly searchExtra: Readonly<Record<string, unknown>>;
}

/** The key columns of a checkpoint row. */
export type CheckpointKey = Pick<
  CheckpointRow,
  | "thread_id"
  | "checkpoint_ns"
  | "incarnation"
  | "checkpoint_id"
  | "parent_checkpoint_id"
  | "revision"
  | "v"
>;

/**
 * The row of one checkpoint.
 *
 * @throws {KustoInputError} If a channel's name is not well-formed Unicode.
 */
export async function checkpointRow(
  key: CheckpointKey,
  content: SerializedCheckpoint,
  blobs: RowBlobs,
): Promise<CheckpointRow> {
  for (const [channel] of content.channelValues) requireWellFormed("channel", channel);
  const checkpoint = await encodeCell(content.checkpoint, blobs);
  const metadata = await encodeCell(content.metadata, blobs);
  const plainMetadata = readableMetadata(content.metadata);
  return {
    ...key,
    checkpoint_type: checkpoint.type,
    checkpoint_json: checkpoint.text,
    metadata_type: metadata.type,
    metadata_json: metadata.text,
    metadata: metadataColumn(plainMetadata),
    search_text: searchText(plainMetadata, content.searchExtra),
    channels: channelNames(content),
    channel_values: await channelEntries(content.channelValues, blobs),
    blobs: blobs.references,
  };
}

/**
 * The row of one pending write.
 *
 * @throws {KustoInputError} If the channel's name, the task's id or its path is not well-formed Unicode.
 */
export async function writeRow(
  key: Omit<WriteRow, "type" | "value_json" | "blobs">,
  value: TypedBytes,
  blobs: RowBlobs,
): Promise<WriteRow> {
  requireWellFormed("channel", key.channel);
  requireWellFormed("task_id", key.task_id);
  requireWellFormed("task_path", key.task_path);
  const cell = await encodeCell(value, blobs);
  return { ...key, type: cell.type, value_json: cell.text, blobs: blobs.references };
}

async function encodeCell(
  value: TypedBytes,
  blobs: RowBlobs,
): Promise<{ type: string; text: string }> {
  if (value.bytes.length > INLINE_LIMIT) {
    return { type: `blob:${value.type}`, text: String(await blobs.add(value.bytes)) };
  }
  const { encoding, text } = encodeBytes(value.bytes);
  return { type: `${encoding}:${value.type}`, text };
}

/** Metadata for analytics; `null` where the service could not hold them. */
export function metadataColumn(plain: Record<string, unknown> | undefined): unknown {
  return plain && isWellFormed(plain) ? plain : null;
}

/** Metadata that anyone may read anyway: an encrypting serializer's stays closed. */
export function readableMetadata({ type, bytes }: TypedBytes): Record<string, unknown> | undefined {
  if (type !== "json" || bytes.length > METADATA_LIMIT) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(decoder.decode(bytes));
  } catch {
    // Another serializer may call something else "json", and that only it can read.
    return undefined;
  }
  return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
    ? parsed as Record<string, unknown>
    : undefined;
}

/** Whether no text in it holds half a surrogate pair, which no Kusto string can hold. */
function isWellFormed(metadata: Record<string, unknown>): boolean {
  // JSON spells halves, and nothing else, so; text that spells one itself has a backslash more.
  return !/(?<!\\)(?:\\\\)*\\ud[89a-f]/.test(JSON.stringify(metadata));
}

function channelNames({ channelValues, undefinedChannels }: SerializedCheckpoint): string[] {
  const names = channelValues
    .map(([channel]) => channel)
    .filter((channel) => !undefinedChannels.has(channel))
    .map(guardText);
  const size = names.reduce((sum, name) => sum + jsonLength(name) + 1, 0);
  return size > CELL_BUDGET ? ["*"] : names;
}

interface Candidate {
  readonly channel: string;
  readonly value: TypedBytes;
  /** What it takes in the cell, inline or as a reference. */
  size: number;
  inline: boolean;
}

async function channelEntries(
  values: SerializedCheckpoint["channelValues"],
  blobs: RowBlobs,
): Promise<ChannelEntry[]> {
  const candidates = values.map(([channel, value]): Candidate => {
    const inline = value.bytes.length <= INLINE_LIMIT;
    const overhead = ENTRY_OVERHEAD + jsonLength(channel) + jsonLength(value.type);
    return { channel, value, inline, size: overhead + (inline ? value.bytes.length * 4 / 3 : 0) };
  });
  const packed = new Set(overflow(candidates));
  const entries: ChannelEntry[] = [];
  for (const candidate of candidates) {
    if (packed.has(candidate)) continue;
    entries.push(candidate.inline ? inlineEntry(candidate) : await blobEntry(candidate, blobs));
  }
  if (packed.size > 0) {
    const pack = JSON.stringify(Array.from(packed, inlineEntry));
    entries.push({ type: "pack", value: await blobs.add(new TextEncoder().encode(pack)) });
  }
  return entries;
}

/**
 * Makes the candidates fit one cell: first the largest inline values become blobs of their own;
 * where so many are left that their references alone are too much, the rest is packed together.
 *
 * @returns The candidates to pack.
 */
function overflow(candidates: Candidate[]): Candidate[] {
  let size = candidates.reduce((sum, candidate) => sum + candidate.size, 0);
  if (size <= CELL_BUDGET) return [];
  const bySize = candidates.toSorted((a, b) => b.size - a.size);
  for (const candidate of bySize) {
    if (size <= CELL_BUDGET) return [];
    const gain = candidate.value.bytes.length * 4 / 3;
    if (!candidate.inline || gain < ENTRY_OVERHEAD * 2) continue;
    candidate.inline = false;
    candidate.size -= gain;
    size -= gain;
  }
  const packed: Candidate[] = [];
  for (const candidate of bySize.toSorted((a, b) => b.size - a.size)) {
    if (size <= CELL_BUDGET) break;
    packed.push(candidate);
    size -= candidate.size;
  }
  return packed;
}

async function blobEntry(
  { channel, value }: Candidate,
  blobs: RowBlobs,
): Promise<ChannelEntry> {
  return {
    channel: guardText(channel),
    type: `blob:${value.type}`,
    value: await blobs.add(value.bytes),
  };
}

function inlineEntry({ channel, value }: Candidate): ChannelEntry {
  const { encoding, text } = encodeBytes(value.bytes);
  return {
    channel: guardText(channel),
    type: `${encoding}:${value.type}`,
    value: guardText(text),
  };
}
