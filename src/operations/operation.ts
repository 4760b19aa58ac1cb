/**
 * What operations on whole threads have in common.
 *
 * @module
 */
import { KustoInputError, KustoUnavailableError } from "../errors.ts";
import type { OperationParts } from "./operation_parts.ts";
import { idText } from "../run_config.ts";
import { dropVisible } from "../writing/visibility.ts";
import { longerWait } from "../waits.ts";

const FIRST_WAIT_MS = 50;

/** What ends an operation early, and who is told how far it is. */
export interface OperationOptions<Progress> {
  /**
   * Ends the operation between two requests; what it did until then stays done, and the same call goes
   * on from there.
   */
  readonly signal?: AbortSignal;
  /** Told after each step. */
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * Ids as text, each once.
 *
 * @throws {KustoInputError} If it is no list of ids.
 */
export function idList(action: string, field: string, ids: unknown): string[] {
  const isList = typeof ids === "object" && ids !== null && Symbol.iterator in ids;
  if (!isList) throw new KustoInputError(`Cannot ${action}: "${field}" must be a list of ids`);
  const texts = Array.from(ids as Iterable<unknown>, (id) => idText(field, id));
  if (texts.every((text) => text)) return [...new Set(texts as string[])];
  throw new KustoInputError(`Cannot ${action}: an id in "${field}" is missing or empty`);
}

/**
 * What each of some pieces of work gives, once all have ended.
 *
 * @throws What the first of them failed with.
 */
export async function allDone<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}

/**
 * Waits until queries show what calls of this saver have written so far.
 *
 * @param threadIds The threads it is about; all when absent.
 * @throws {KustoFlushError} If buffered rows could not be stored.
 * @throws {KustoUnavailableError} If rows are still not visible after `deleteTimeoutMs`.
 */
export async function settle(
  parts: OperationParts,
  action: string,
  threadIds: readonly string[] | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { calls, client, names, recent, settings, store, writer } = parts;
  const { deleteTimeoutMs, now, sleep } = settings;
  const ids = threadIds && new Set(threadIds);
  const matches = (threadId: string | undefined) =>
    threadId !== undefined && (ids === undefined || ids.has(threadId));
  await calls.settled(matches);
  await writer.flush(matches);
  const ownRows = (): unknown[] =>
    recent.threadIds().filter(matches).flatMap((threadId) => {
      const { checkpoints, writes, blobs } = store.ownRows(threadId);
      return [...checkpoints, ...writes, ...blobs];
    });
  const waitingFor = new Set(ownRows());
  const deadline = now() + deleteTimeoutMs;
  for (let wait = FIRST_WAIT_MS, left = waitingFor.size; left > 0;) {
    signal?.throwIfAborted();
    await dropVisible(client, names, recent, matches);
    const stillLeft = ownRows().filter((row) => waitingFor.has(row)).length;
    // A query asks for the rows that wait longest, so there may be more to drop at once.
    if (stillLeft === left) {
      if (now() >= deadline) {
        throw new KustoUnavailableError(
          `Cannot ${action}: rows that this saver wrote were not visible to queries after ${deleteTimeoutMs} ms, try again`,
        );
      }
      await sleep(wait, signal ? { signal } : {});
      wait = longerWait(wait);
    }
    left = stillLeft;
  }
}
