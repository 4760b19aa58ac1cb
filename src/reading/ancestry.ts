/**
 * The ancestors of a checkpoint, back to the nearest stored value of each channel that is asked for.
 *
 * A skeleton of the namespace (ids, parents, names of stored channels) is read newest first and walked
 * here: one request, and one more for each jump out of what was read. Checkpoints that were hidden one
 * by one still count, as ancestors and as the one that is asked for: whoever asks may have read it a
 * moment before it was hidden, and a short history would be a wrong state.
 *
 * @module
 */
import { compareText, type Revision, type Stamp } from "../clock.ts";
import { guardText } from "../codec.ts";
import { KustoStateError } from "../errors.ts";
import { rowsOf } from "../service/frames.ts";
import { ancestryQuery } from "./history_queries.ts";
import { PageSize } from "./page_size.ts";
import type { OwnRows, Store } from "./store.ts";

const PAGE = 5_000;
/** Stands for "more channels than a cell can name": only the values themselves tell. */
const UNNAMED = "*";

/** Which checkpoint's history to read. */
export interface HistoryRequest {
  readonly threadId: string;
  readonly namespace: string;
  readonly checkpointId: string;
  readonly channels: readonly string[];
}

/** A checkpoint on the way back. */
export interface Ancestor {
  readonly checkpoint_id: string;
  readonly parent_checkpoint_id: string;
  readonly revision: Revision;
  /** The wanted channels that it stores and none nearer does, guarded; or {@link UNNAMED}. */
  readonly stored: readonly string[];
}

/** Whether an ancestor may store the nearest value of a channel. */
export function mayStore({ stored }: Ancestor, channel: string): boolean {
  return stored.includes(guardText(channel)) || stored.includes(UNNAMED);
}

/** The ids, parents and stored channels of a namespace, as far as they were read. */
export class Ancestry {
  readonly #store: Store;
  readonly #request: HistoryRequest;
  readonly #wanted: readonly string[];
  readonly #own: OwnRows;
  readonly #signal: AbortSignal | undefined;
  readonly #pageSize = new PageSize(PAGE, PAGE);
  readonly #ancestors = new Map<string, Ancestor>();
  #incarnation: Stamp = "";

  constructor(
    store: Store,
    request: HistoryRequest,
    own: OwnRows,
    signal: AbortSignal | undefined,
  ) {
    this.#store = store;
    this.#request = request;
    this.#wanted = [...request.channels.map(guardText), UNNAMED];
    this.#own = own;
    this.#signal = signal;
  }

  /** The incarnation of the thread, as of the last read. */
  get incarnation(): Stamp {
    return this.#incarnation;
  }

  /** The ancestors of the target, nearest first, as far back as some channel needs them. */
  async path(): Promise<Ancestor[]> {
    const { checkpointId, channels } = this.#request;
    await this.#read(checkpointId);
    const path: Ancestor[] = [];
    const open = new Set(channels.map(guardText));
    let next = this.#ancestors.get(checkpointId)?.parent_checkpoint_id ?? "";
    while (next !== "" && open.size > 0) {
      if (!this.#ancestors.has(next)) await this.#read(next);
      const ancestor = this.#ancestors.get(next);
      if (!ancestor) {
        throw new KustoStateError(
          "Cannot rebuild a delta channel: a checkpoint that its history needs is gone, so rows have outlived the retention of their parents or were removed one by one",
        );
      }
      const stored = ancestor.stored.filter((name) => open.has(name) || name === UNNAMED);
      path.push({ ...ancestor, stored });
      for (const channel of stored) open.delete(channel);
      next = ancestor.parent_checkpoint_id;
    }
    return path;
  }

  async #read(from: string): Promise<void> {
    const { threadId, namespace } = this.#request;
    const ask = (size: number) =>
      this.#store.query(ancestryQuery(this.#store.names), {
        thread: threadId,
        namespace,
        from_id: from,
        wanted: this.#wanted,
        size,
        own_incarnation: this.#own.incarnation,
      }, this.#signal);
    const tables = await this.#pageSize.read(ask);
    this.#incarnation = rowsOf<{ newest: Stamp | null }>(tables[0])[0]?.newest ?? "";
    const own = this.#own.checkpoints
      .filter((row) => row.checkpoint_ns === namespace && row.incarnation === this.#incarnation)
      .map((row): Ancestor => ({
        checkpoint_id: row.checkpoint_id,
        parent_checkpoint_id: row.parent_checkpoint_id,
        revision: row.revision,
        stored: row.channels.filter((channel) => this.#wanted.includes(channel)),
      }));
    for (const ancestor of [...rowsOf<Ancestor>(tables[1]), ...own]) {
      const known = this.#ancestors.get(ancestor.checkpoint_id);
      if (!known || compareText(ancestor.revision, known.revision) > 0) {
        this.#ancestors.set(ancestor.checkpoint_id, ancestor);
      }
    }
  }
}
