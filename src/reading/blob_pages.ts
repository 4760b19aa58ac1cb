/**
 * Blobs page by page: those that rows refer to and that the rows' own answer did not hold.
 *
 * @module
 */
import { BlobChunks } from "./assembly.ts";
import { CHUNK_BYTES, utf8Length } from "../codec.ts";
import { rowsOf } from "../service/frames.ts";
import type { Life } from "../incarnations.ts";
import type { BlobReference, BlobRow } from "../schema.ts";
import type { Store } from "./store.ts";
import { longerWait } from "../waits.ts";

/** How long a chunk of a blob may take to be visible after the row that refers to it. */
const BLOB_PATIENCE_MS = 5_000;
const FIRST_WAIT_MS = 50;
/** What the chunks of one page may take: less than half of an answer, as JSON may double them. */
const PAGE_BYTES = 24 * 1024 * 1024;
/** What a chunk takes beside its data and the id of its thread. */
const ROW_OVERHEAD = 1024;
/** A query is asked for so many blobs by name at most; more are read in pages of their own. */
const MOST_ASKED_FOR = 1_000;
const LAST_CHUNK = 2 ** 31 - 1;

/** The blobs that rows refer to, each once. */
export function referencesOf(
  rows: readonly { readonly blobs: readonly BlobReference[] }[],
): BlobReference[] {
  const byId = new Map<string, BlobReference>();
  for (const row of rows) for (const blob of row.blobs ?? []) byId.set(blob.id, blob);
  return [...byId.values()];
}

/** The blobs that rows refer to and that are not whole in the chunks at hand; a query is asked for these. */
export function referencesBeside(
  chunks: readonly BlobRow[],
  rows: readonly { readonly blobs: readonly BlobReference[] }[],
): BlobReference[] {
  const atHand = new BlobChunks();
  atHand.add(chunks);
  return referencesOf(rows).filter((blob) => !atHand.has(blob)).slice(0, MOST_ASKED_FOR);
}

/** Reads chunks until all blobs are whole; gives up quietly when they stay away for too long. */
export async function completeBlobs(
  store: Store,
  { threadId, incarnation }: Life,
  references: readonly BlobReference[],
  blobs: BlobChunks,
  signal?: AbortSignal,
): Promise<void> {
  const { now, sleep, visibilityTimeoutMs } = store.settings;
  const deadline = now() + Math.max(BLOB_PATIENCE_MS, visibilityTimeoutMs);
  for (let wait = FIRST_WAIT_MS;; wait = longerWait(wait)) {
    const missing = references.filter((reference) => !blobs.has(reference));
    if (missing.length === 0) return;
    for (const page of blobPages(missing, utf8Length(threadId) + ROW_OVERHEAD)) {
      const [table] = await store.query(store.queries.blobs, {
        thread: threadId,
        mark: incarnation,
        ids: page.ids,
        first_chunk: page.first,
        last_chunk: page.last,
      }, signal);
      const rows = rowsOf<BlobRow>(table);
      store.learn({ blobs: rows });
      blobs.add(rows);
    }
    if (missing.every((reference) => blobs.has(reference)) || now() >= deadline) return;
    await sleep(wait, signal ? { signal } : {});
  }
}

/** Blobs and the chunks of them that are read in one request. */
export interface BlobPage {
  readonly ids: readonly string[];
  readonly first: number;
  readonly last: number;
}

/**
 * Groups blobs so that each answer stays small enough; one that is larger is read in ranges of chunks.
 *
 * @param overhead What each chunk's row takes beside its data, in bytes.
 */
export function* blobPages(
  references: readonly BlobReference[],
  overhead: number,
): Generator<BlobPage> {
  const chunksAPage = Math.floor(PAGE_BYTES / (CHUNK_BYTES + overhead));
  let ids: string[] = [];
  let bytes = 0;
  for (const reference of references) {
    // Base64 leaves a chunk three quarters of its length.
    const chunks = Math.ceil(reference.bytes / (CHUNK_BYTES * 3 / 4));
    const size = reference.bytes * 4 / 3 + Math.max(1, chunks) * overhead;
    if (size > PAGE_BYTES) {
      for (let first = 0; first < chunks; first += chunksAPage) {
        yield { ids: [reference.id], first, last: first + chunksAPage - 1 };
      }
      continue;
    }
    if (bytes + size > PAGE_BYTES) {
      yield { ids, first: 0, last: LAST_CHUNK };
      ids = [];
      bytes = 0;
    }
    ids.push(reference.id);
    bytes += size;
  }
  if (ids.length > 0) yield { ids, first: 0, last: LAST_CHUNK };
}
