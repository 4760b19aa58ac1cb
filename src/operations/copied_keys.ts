/**
 * Which checkpoints there are in one life of a thread, hidden ones included.
 *
 * @module
 */
import { compareText, type Revision } from "../clock.ts";
import { copiedKeysQuery } from "./copy_queries.ts";
import { rowsOf } from "../service/frames.ts";
import type { Life } from "../incarnations.ts";
import type { OperationParts } from "./operation_parts.ts";
import { PageSize } from "../reading/page_size.ts";

const PAGE = 10_000;

/** Which revision of a checkpoint counts, and until which it is hidden. */
export interface CopiedKey {
  readonly checkpoint_ns: string;
  readonly checkpoint_id: string;
  readonly revision: Revision;
  readonly until: Revision;
}

/** Whether readers see the checkpoint. */
export function isShown({ revision, until }: CopiedKey): boolean {
  return compareText(until, revision) < 0;
}

/** Reads the checkpoints of a life, by revision, and so those with smaller ids first. */
export async function copiedKeys(
  { names, store }: OperationParts,
  { threadId, incarnation }: Life,
  signal: AbortSignal | undefined,
): Promise<CopiedKey[]> {
  const keys: CopiedKey[] = [];
  const pageSize = new PageSize(PAGE, PAGE);
  for (let isLast = false; !isLast;) {
    const after = keys.at(-1)?.revision ?? "";
    isLast = await pageSize.read(async (size) => {
      const parameters = { thread: threadId, mark: incarnation, after, size };
      const [table] = await store.query(copiedKeysQuery(names), parameters, signal);
      const page = rowsOf<CopiedKey>(table);
      for (const key of page) keys.push(key);
      return page.length < size;
    });
  }
  return keys;
}
