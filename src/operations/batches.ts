/**
 * Lists of any length, a request's worth at a time.
 *
 * @module
 */

/** Ids are as long as users like; a batch stays far below what a request may have. */
const CHARACTERS_A_BATCH = 200_000;

/**
 * Cuts a list into batches; an entry that is very long has one of its own.
 *
 * @param most How many entries a batch may have.
 */
export function* batchesOf<T>(entries: Iterable<T>, most: number): Generator<T[]> {
  let batch: T[] = [];
  let characters = 0;
  for (const entry of entries) {
    const { length } = JSON.stringify(entry);
    const isFull = batch.length === most || characters + length > CHARACTERS_A_BATCH;
    if (isFull && batch.length > 0) {
      yield batch;
      batch = [];
      characters = 0;
    }
    batch.push(entry);
    characters += length;
  }
  if (batch.length > 0) yield batch;
}
