/**
 * The writes that rebuild a delta channel: back along the parents to the nearest stored value.
 *
 * Two requests whatever the length of the chain: a skeleton of the namespace (ids, parents, names of
 * stored channels), walked here, then the writes and values along the path; one more for each jump
 * out of the skeleton's page. Checkpoints that were hidden by pruning still count as ancestors.
 *
 * @module
 */
import { BlobChunks, pendingWrites, readEntries } from "./assembly.ts";
import { compareText, type Revision, type Stamp } from "./clock.ts";
import { guardText, type TypedBytes } from "./codec.ts";
import { KustoStateError } from "./errors.ts";
import { rowsOf } from "./frames.ts";
import type { BlobReference, BlobRow, ChannelEntry, CheckpointRow, WriteRow } from "./schema.ts";
import { type OwnRows, referencesOf, type Store } from "./store.ts";

const SKELETON_PAGE = 5_000;
const PATH_PAGE = 2_000;
/** Stands for "more channels than a cell can name": only the values themselves tell. */
const UNNAMED = "*";

/** What one channel is rebuilt from. */
export interface ChannelHistory {
  /** Oldest first. */
  readonly writes: readonly WriteRow[];
  readonly seed: TypedBytes | undefined;
  readonly blobs: BlobChunks;
}

interface Ancestor {
  readonly checkpoint_id: string;
  readonly parent_checkpoint_id: string;
  readonly revision: Revision;
  /** The wanted channels that it stores, guarded; or {@link UNNAMED}. */
  readonly stored: readonly string[];
}

interface ValueRow {
  readonly checkpoint_id: string;
  readonly revision: Revision;
  readonly entry: ChannelEntry;
  readonly blobs: readonly BlobReference[];
}

/**
 * Reads the history of channels at a checkpoint, that checkpoint's own writes left out.
 *
 * @param checkpointId The target, or `undefined` for the latest of the namespace.
 * @throws {KustoStateError} If the chain of parents breaks off before a stored value or the first
 * checkpoint: a part of the history is gone, and a short state would be a wrong one.
 */
export async function readDeltaHistory(
  store: Store,
  target: { threadId: string; namespace: string; checkpointId: string | undefined },
  channels: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, ChannelHistory>> {
  const own = store.ownRows(target.threadId);
  const skeleton = new Skeleton(store, target, channels, own, signal);
  const path = await skeleton.pathFor(channels);
  const blobs = new BlobChunks();
  blobs.add(own.blobs);
  const writes: WriteRow[] = [...own.writes];
  const values: ValueRow[] = [];
  for (let start = 0; start < path.length; start += PATH_PAGE) {
    const page = path.slice(start, start + PATH_PAGE);
    const read = await readPathPage(
      store,
      target,
      skeleton.incarnation,
      page,
      channels,
      own,
      signal,
    );
    writes.push(...read.writes);
    values.push(...read.values);
    blobs.add(read.blobs);
  }
  values.push(...ownValues(own, path, channels));
  const references = [...referencesOf(values), ...referencesOf(writes)];
  await store.completeBlobs(target.threadId, skeleton.incarnation, references, blobs, signal);
  const entries = await readValues(values, blobs);
  const pending = writesByCheckpoint(writes, {
    thread_id: target.threadId,
    checkpoint_ns: target.namespace,
    incarnation: skeleton.incarnation,
  });
  return new Map(
    channels.map((channel) => [channel, channelHistory(channel, path, pending, entries, blobs)]),
  );
}

/** The ids, parents and stored channels of a namespace, as far as they were read. */
class Skeleton {
  incarnation: Stamp = "";
  readonly #store: Store;
  readonly #target: { threadId: string; namespace: string; checkpointId: string | undefined };
  readonly #wanted: readonly string[];
  readonly #own: OwnRows;
  readonly #signal: AbortSignal | undefined;
  readonly #ancestors = new Map<string, Ancestor>();

  constructor(
    store: Store,
    target: { threadId: string; namespace: string; checkpointId: string | undefined },
    channels: readonly string[],
    own: OwnRows,
    signal: AbortSignal | undefined,
  ) {
    this.#store = store;
    this.#target = target;
    this.#wanted = [...channels.map(guardText), UNNAMED];
    this.#own = own;
    this.#signal = signal;
  }

  /** The ancestors of the target, nearest first, as far back as some channel needs them. */
  async pathFor(channels: readonly string[]): Promise<Ancestor[]> {
    await this.#read(this.#target.checkpointId ?? "");
    const start = this.#target.checkpointId === undefined
      ? [...this.#ancestors.values()].reduce<Ancestor | undefined>(
        (latest, a) =>
          !latest || compareText(a.checkpoint_id, latest.checkpoint_id) > 0 ? a : latest,
        undefined,
      )
      : this.#ancestors.get(this.#target.checkpointId);
    const path: Ancestor[] = [];
    const open = new Set(channels.map(guardText));
    let next = start?.parent_checkpoint_id ?? "";
    while (next !== "" && open.size > 0) {
      if (!this.#ancestors.has(next)) await this.#read(next);
      const ancestor = this.#ancestors.get(next);
      if (!ancestor) {
        throw new KustoStateError(
          "Cannot rebuild a delta channel: a checkpoint that its history needs is gone, so rows have outlived the retention of their parents or were removed one by one",
        );
      }
      path.push(ancestor);
      for (const channel of ancestor.stored) open.delete(channel);
      next = ancestor.parent_checkpoint_id;
    }
    return path;
  }

  async #read(from: string): Promise<void> {
    const tables = await this.#store.query(this.#store.queries.ancestry, {
      thread: this.#target.threadId,
      namespace: this.#target.namespace,
      from_id: from,
      wanted: this.#wanted,
      size: SKELETON_PAGE,
      own_incarnation: this.#own.incarnation,
    }, this.#signal);
    this.incarnation = rowsOf<{ newest: Stamp | null }>(tables[0])[0]?.newest ?? "";
    const own = this.#own.checkpoints
      .filter((row) =>
        row.checkpoint_ns === this.#target.namespace && row.incarnation === this.incarnation
      )
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

async function readPathPage(
  store: Store,
  target: { threadId: string; namespace: string },
  incarnation: Stamp,
  path: readonly Ancestor[],
  channels: readonly string[],
  own: OwnRows,
  signal: AbortSignal | undefined,
): Promise<{ values: ValueRow[]; writes: WriteRow[]; blobs: BlobRow[] }> {
  const seeds = path.filter((ancestor) => ancestor.stored.length > 0);
  const tables = await store.query(store.queries.history, {
    thread: target.threadId,
    namespace: target.namespace,
    mark: incarnation,
    ids: path.map((ancestor) => guardText(ancestor.checkpoint_id)),
    revisions: seeds.map((ancestor) => guardText(ancestor.revision)),
    wanted: channels.map(guardText),
    own_blobs: referencesOf(own.writes),
  }, signal);
  const writes = rowsOf<WriteRow>(tables[1]);
  const blobs = rowsOf<BlobRow>(tables[2]);
  store.learn({ checkpoints: [], writes, blobs });
  return { values: rowsOf<ValueRow>(tables[0]), writes, blobs };
}

function ownValues(
  own: OwnRows,
  path: readonly Ancestor[],
  channels: readonly string[],
): ValueRow[] {
  const revisions = new Set(path.map((ancestor) => ancestor.revision));
  const wanted = new Set<string | undefined>(channels.map(guardText));
  return own.checkpoints
    .filter((row) => revisions.has(row.revision))
    .flatMap((row: CheckpointRow) =>
      row.channel_values
        .filter((entry) => entry.type === "pack" || wanted.has(entry.channel))
        .map((entry) => ({
          checkpoint_id: row.checkpoint_id,
          revision: row.revision,
          entry,
          blobs: row.blobs,
        }))
    );
}

/** The stored values by checkpoint id and channel. */
async function readValues(
  rows: readonly ValueRow[],
  blobs: BlobChunks,
): Promise<Map<string, Map<string, TypedBytes>>> {
  const byCheckpoint = new Map<string, Map<string, TypedBytes>>();
  for (const row of rows) {
    const values = byCheckpoint.get(row.checkpoint_id) ?? new Map<string, TypedBytes>();
    byCheckpoint.set(row.checkpoint_id, values);
    for (const [channel, value] of await readEntries([row.entry], row.blobs, blobs)) {
      values.set(channel, value);
    }
  }
  return byCheckpoint;
}

/** The writes that count, in LangGraph's order, by the id of the checkpoint that they hang on. */
function writesByCheckpoint(
  rows: readonly WriteRow[],
  place: Pick<WriteRow, "thread_id" | "checkpoint_ns" | "incarnation">,
): Map<string, WriteRow[]> {
  const byCheckpoint = new Map<string, WriteRow[]>();
  for (const row of rows) {
    const same = byCheckpoint.get(row.checkpoint_id);
    if (same) same.push(row);
    else byCheckpoint.set(row.checkpoint_id, [row]);
  }
  for (const [checkpoint_id, same] of byCheckpoint) {
    byCheckpoint.set(checkpoint_id, pendingWrites(same, { ...place, checkpoint_id }));
  }
  return byCheckpoint;
}

function channelHistory(
  channel: string,
  path: readonly Ancestor[],
  writes: ReadonlyMap<string, readonly WriteRow[]>,
  values: ReadonlyMap<string, ReadonlyMap<string, TypedBytes>>,
  blobs: BlobChunks,
): ChannelHistory {
  const newestFirst: WriteRow[] = [];
  let seed: TypedBytes | undefined;
  for (const ancestor of path) {
    const ofAncestor = writes.get(ancestor.checkpoint_id) ?? [];
    newestFirst.push(...ofAncestor.filter((write) => write.channel === channel).reverse());
    // A channel whose value is `undefined` is not named in `stored`, and is no start.
    const named = ancestor.stored.includes(guardText(channel)) || ancestor.stored.includes(UNNAMED);
    seed = named ? values.get(ancestor.checkpoint_id)?.get(channel) : undefined;
    if (seed) break;
  }
  return { writes: newestFirst.reverse(), seed, blobs };
}
