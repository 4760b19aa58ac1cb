/**
 * Copying a thread: its rows once more, under another id.
 *
 * Rows keep their revisions, so that a copy that was broken off is told from another conversation and
 * goes on where it was, and what comes twice counts once. What hides checkpoints goes first, then the
 * writes, then the checkpoints, oldest first: a copy that is not whole yet shows an earlier state.
 *
 * @module
 */
import { checkCallOptions } from "../call_options.ts";
import type { Stamp } from "../clock.ts";
import { guardText } from "../codec.ts";
import { type CopiedKey, copiedKeys, isShown } from "./copied_keys.ts";
import { copiedCheckpointsQuery, copiedWritesQuery } from "./copy_queries.ts";
import { KustoInputError, KustoStateError } from "../errors.ts";
import { rowsOf } from "../service/frames.ts";
import { Hiding } from "./hiding.ts";
import type { Life } from "../incarnations.ts";
import { type OperationOptions, settle } from "./operation.ts";
import type { OperationParts } from "./operation_parts.ts";
import { PageSize } from "../reading/page_size.ts";
import { RowCopier } from "./row_copier.ts";
import { requireText } from "../run_config.ts";
import type { CheckpointRow, WriteRow } from "../schema.ts";

const ACTION = "copy a thread";
const WRITES_A_PAGE = 1_000;
const CHECKPOINTS_A_PAGE = 100;

/**
 * How {@link KustoSaver.copyThread} works.
 *
 * @example
 * ```ts
 * import { KustoSaver } from "@x/kusto-checkpoint";
 * import { KustoEmulator } from "@x/kusto-checkpoint/emulator";
 *
 * await using emulator = new KustoEmulator();
 * await using saver = KustoSaver.fromConnectionString("http://localhost", {
 *   database: "NetDefaultDB",
 *   fetch: emulator.fetch,
 * });
 * await saver.setup({ provision: true });
 * const { checkpoints } = await saver.copyThread("thread-1", "thread-1 before the upgrade");
 * console.log(checkpoints); // 0
 * ```
 */
export interface ThreadCopyOptions extends OperationOptions<ThreadCopyProgress> {}

/** How far the copy of a thread is. */
export interface ThreadCopyProgress {
  /** Checkpoints that were stored, hidden ones included. */
  readonly checkpoints: number;
  /** Pending writes that were stored. */
  readonly writes: number;
  /** Checkpoints that are still to be stored. */
  readonly left: number;
}

/** What {@link KustoSaver.copyThread} did. */
export interface ThreadCopyReport extends ThreadCopyProgress {
  /** Checkpoints that an earlier copy had stored already. */
  readonly present: number;
}

/** Copies a thread; each request may be repeated. */
export async function copyThread(
  parts: OperationParts,
  from: string,
  to: string,
  options: ThreadCopyOptions,
): Promise<ThreadCopyReport> {
  checkCallOptions(ACTION, options, { signal: true, onProgress: true });
  const [source, target] = [requireText(ACTION, "from", from), requireText(ACTION, "to", to)];
  if (source === target) {
    throw new KustoInputError(
      `Cannot ${ACTION}: "from" and "to" are the same, pass another id as "to"`,
    );
  }
  await settle(parts, ACTION, [source, target], options.signal);
  return await new ThreadCopy(parts, options).run(source, target);
}

class ThreadCopy {
  readonly #parts: OperationParts;
  readonly #signal: AbortSignal | undefined;
  readonly #onProgress: ThreadCopyOptions["onProgress"];
  #progress: ThreadCopyProgress = { checkpoints: 0, writes: 0, left: 0 };

  constructor(parts: OperationParts, { signal, onProgress }: ThreadCopyOptions) {
    this.#parts = parts;
    this.#signal = signal;
    this.#onProgress = onProgress;
  }

  async run(from: string, to: string): Promise<ThreadCopyReport> {
    const [source, target] = await Promise.all([this.#life(from), this.#life(to)]);
    // Which checkpoints there are is read before the writes: those that lead to them were there then.
    const [keys, known] = await Promise.all([
      copiedKeys(this.#parts, source, this.#signal),
      copiedKeys(this.#parts, target, this.#signal),
    ]);
    if (!keys.some(isShown)) return { ...this.#progress, present: 0 };
    const byRevision = new Map(keys.map((key) => [key.revision, key]));
    const isCopy = (key: CopiedKey) => {
      const copied = byRevision.get(key.revision);
      return copied !== undefined && (isShown(key) || !isShown(copied));
    };
    if (!known.every(isCopy)) {
      throw new KustoInputError(
        `Cannot ${ACTION}: the thread to copy to has checkpoints of its own, shown or hidden; delete it before, or pass another id as "to"`,
      );
    }
    const present = new Set(known.map(({ revision }) => revision));
    const missing = keys.filter(({ revision }) => !present.has(revision));
    this.#tell({ left: missing.length });
    await this.#hide(keys, target);
    const copier = new RowCopier(this.#parts, source, target, this.#signal);
    await this.#writes(source, copier);
    await this.#checkpoints(missing, source, copier);
    await this.#parts.writer.flush((threadId) => threadId === to);
    return { ...this.#progress, present: keys.length - missing.length };
  }

  async #life(threadId: string): Promise<Life> {
    return { threadId, incarnation: await this.#parts.store.readIncarnation(threadId) };
  }

  /** Hides what is hidden in the source, before there is anything to hide. */
  async #hide(keys: readonly CopiedKey[], target: Life): Promise<void> {
    const hiding = new Hiding(this.#parts, ACTION, this.#signal);
    const hidden = keys.filter(({ until }) => until !== "");
    await hiding.add(hidden.map(({ checkpoint_ns, checkpoint_id, until }) => ({
      thread_id: target.threadId,
      checkpoint_ns,
      incarnation: target.incarnation,
      checkpoint_id,
      revision: until,
    })));
    await hiding.untilVisible();
  }

  async #writes(source: Life, copier: RowCopier): Promise<void> {
    const { names, store } = this.#parts;
    const pageSize = new PageSize(WRITES_A_PAGE, WRITES_A_PAGE);
    for (let after: Stamp | undefined = ""; after !== undefined;) {
      const page: { rows: WriteRow[]; next: Stamp | undefined } = await pageSize.read(
        async (size) => {
          const tables = await store.query(copiedWritesQuery(names), {
            thread: source.threadId,
            mark: source.incarnation,
            after: after ?? "",
            size,
          }, this.#signal);
          const { found, until } = rowsOf<{ found: number; until: Stamp }>(tables[0])[0]!;
          return { rows: rowsOf<WriteRow>(tables[1]), next: found < size ? undefined : until };
        },
      );
      store.learn({ writes: page.rows });
      await copier.writes(page.rows);
      this.#tell({ writes: this.#progress.writes + page.rows.length });
      after = page.next;
    }
  }

  async #checkpoints(
    missing: readonly CopiedKey[],
    source: Life,
    copier: RowCopier,
  ): Promise<void> {
    const { names, store } = this.#parts;
    const pageSize = new PageSize(CHECKPOINTS_A_PAGE, CHECKPOINTS_A_PAGE);
    for (let start = 0; start < missing.length;) {
      const page = await pageSize.read(async (size) => {
        const keys = missing.slice(start, start + size);
        const [table] = await store.query(copiedCheckpointsQuery(names), {
          thread: source.threadId,
          mark: source.incarnation,
          revisions: keys.map(({ revision }) => guardText(revision)),
        }, this.#signal);
        return { keys, rows: rowsOf<CheckpointRow>(table) };
      });
      store.learn({ checkpoints: page.rows });
      const byRevision = new Map(page.rows.map((row) => [row.revision, row]));
      const rows = page.keys.map(({ revision }) => {
        const row = byRevision.get(revision);
        if (row) return row;
        throw new KustoStateError(
          `Cannot ${ACTION}: checkpoints of it were removed or have aged out meanwhile, copy it again`,
        );
      });
      await copier.checkpoints(rows);
      start += page.keys.length;
      this.#tell({ checkpoints: start, left: missing.length - start });
    }
  }

  #tell(more: Partial<ThreadCopyProgress>): void {
    this.#progress = { ...this.#progress, ...more };
    this.#onProgress?.(this.#progress);
  }
}
