/**
 * Deleting a thread: one row that starts a new incarnation, and waiting until every reader sees it.
 *
 * @module
 */
import type { Calls } from "../calls.ts";
import { KustoUnavailableError } from "../errors.ts";
import { rowsOf } from "../service/frames.ts";
import type { ThreadDeletionRow } from "../schema.ts";
import type { Store, StoreParts } from "../reading/store.ts";
import { longerWait } from "../waits.ts";

const FIRST_WAIT_MS = 50;

/** What {@link deleteThread} works with. */
export interface ThreadDeletionParts extends StoreParts {
  readonly calls: Calls;
  readonly store: Store;
}

/**
 * Starts a new incarnation of a thread, which hides all rows of older ones; resolves when every
 * reader sees it. Never buffered: who deletes wants to know that it is done.
 *
 * @throws {KustoUnavailableError} If the deletion is stored but still not visible after `deleteTimeoutMs`.
 */
export async function deleteThread(parts: ThreadDeletionParts, threadId: string): Promise<void> {
  const { calls, client, clock, names, settings, incarnations, recent, store, writer } = parts;
  const matches = (of: string | undefined) => of === threadId;
  await calls.settled(matches);
  // What fails here would be hidden anyway.
  await writer.flush(matches).catch(() => {});
  // The clock has then seen the newest incarnation, so that what it mints is greater, however late it is.
  await store.readIncarnation(threadId);
  const row: ThreadDeletionRow = { thread_id: threadId, incarnation: clock.next() };
  const created = new Date(settings.now()).toISOString();
  const line = JSON.stringify({ ...row, created_at: created });
  await client.ingest(names.threadDeletions, [new TextEncoder().encode(line)]);
  incarnations.observe(threadId, row.incarnation);
  // Whoever read the deletion before its answer came has begun to write to the new life.
  recent.forget(row);
  await untilVisible(parts, row);
}

async function untilVisible(
  { settings, store }: ThreadDeletionParts,
  row: ThreadDeletionRow,
): Promise<void> {
  const deadline = settings.now() + settings.deleteTimeoutMs;
  for (let wait = FIRST_WAIT_MS;; wait = longerWait(wait)) {
    const [table] = await store.query(store.queries.deletion, {
      thread: row.thread_id,
      mark: row.incarnation,
    });
    if ((rowsOf<{ Count: number }>(table)[0]?.Count ?? 0) > 0) return;
    if (settings.now() >= deadline) {
      throw new KustoUnavailableError(
        `Cannot confirm the deletion of a thread: it is stored, but was not visible to queries after ${settings.deleteTimeoutMs} ms, delete the thread again`,
      );
    }
    await settings.sleep(wait, {});
  }
}
