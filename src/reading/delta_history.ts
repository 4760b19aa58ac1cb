/**
 * The writes that rebuild a delta channel: back along the parents to the nearest stored value.
 *
 * Two requests whatever the length of the chain, as long as its writes fit one answer: the ancestry,
 * then the writes and values along it.
 *
 * @module
 */
import type { DeltaChannelHistory, SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { type Ancestor, Ancestry, type HistoryRequest, mayStore } from "./ancestry.ts";
import { BlobChunks, pendingWrites, readEntry, referenceOf } from "./assembly.ts";
import { completeBlobs, referencesBeside, referencesOf } from "./blob_pages.ts";
import type { Revision, Stamp } from "../clock.ts";
import { guardText, type TypedBytes } from "../codec.ts";
import { KustoLimitError } from "../errors.ts";
import { rowsOf } from "../service/frames.ts";
import { groupBy } from "../group.ts";
import { type HeadRequest, readHead } from "./heads.ts";
import { historyQuery } from "./history_queries.ts";
import { PageSize } from "./page_size.ts";
import type { BlobReference, BlobRow, ChannelEntry, CheckpointRow, WriteRow } from "../schema.ts";
import type { OwnRows, Store } from "./store.ts";
import { load, loadWrite } from "./tuples.ts";
import { readWrites } from "./write_pages.ts";

const PATH_PAGE = 2_000;

/** What one channel is rebuilt from. */
interface ChannelHistory {
  /** Oldest first. */
  readonly writes: readonly WriteRow[];
  readonly seed: TypedBytes | undefined;
  readonly blobs: BlobChunks;
}

interface ValueRow {
  readonly checkpoint_id: string;
  readonly revision: Revision;
  readonly entry: ChannelEntry;
  /** The blob that the entry refers to, if it refers to one. */
  readonly blobs: readonly BlobReference[];
}

/** Reads the history of channels at a checkpoint, the latest where none is named, as LangGraph wants it. */
export async function loadDeltaHistory(
  store: Store,
  serde: SerializerProtocol,
  request: HeadRequest & Pick<HistoryRequest, "channels">,
  signal: AbortSignal | undefined,
): Promise<Record<string, DeltaChannelHistory>> {
  // LangGraph names the checkpoint.
  const checkpointId = request.checkpointId ??
    (await readHead(store, request, signal)).found?.row.checkpoint_id;
  if (checkpointId === undefined) {
    return Object.fromEntries(request.channels.map((channel) => [channel, { writes: [] }]));
  }
  const histories = await readDeltaHistory(store, { ...request, checkpointId }, signal);
  const loaded = Array.from(histories, async ([channel, { writes, seed, blobs }]) => {
    const history: DeltaChannelHistory = {
      writes: await Promise.all(writes.map((write) => loadWrite(serde, write, blobs))),
    };
    if (seed) history.seed = await load(serde, seed);
    return [channel, history] as const;
  });
  return Object.fromEntries(await Promise.all(loaded));
}

/**
 * Reads the history of channels at a checkpoint, that checkpoint's own writes left out.
 *
 * @throws {KustoStateError} If the chain of parents breaks off before a stored value or the first
 * checkpoint: a part of the history is gone, and a short state would be a wrong one.
 */
async function readDeltaHistory(
  store: Store,
  request: HistoryRequest,
  signal: AbortSignal | undefined,
): Promise<Map<string, ChannelHistory>> {
  const { threadId, namespace, channels } = request;
  const own = store.ownRows(threadId);
  const ancestry = new Ancestry(store, request, own, signal);
  const path = await ancestry.path();
  const { incarnation } = ancestry;
  const blobs = new BlobChunks();
  blobs.add(own.blobs);
  const writes = ownWrites(own, path, channels);
  const values = ownValues(own, path, channels);
  for (let start = 0; start < path.length; start += PATH_PAGE) {
    const page = path.slice(start, start + PATH_PAGE);
    const read = await readPath(store, request, incarnation, page, own, signal);
    for (const row of read.writes) writes.push(row);
    for (const row of read.values) values.push(row);
    blobs.add(read.blobs);
  }
  const references = referencesOf([...values, ...writes]);
  await completeBlobs(store, { threadId, incarnation }, references, blobs, signal);
  const entries = await readValues(values, blobs);
  const place = { thread_id: threadId, checkpoint_ns: namespace, incarnation };
  const pending = writesByCheckpoint(writes, place);
  return new Map(
    channels.map((channel) => [channel, channelHistory(channel, path, pending, entries, blobs)]),
  );
}

interface PathRows {
  readonly values: readonly ValueRow[];
  readonly writes: readonly WriteRow[];
  readonly blobs: readonly BlobRow[];
}

/** Reads what a path holds: in one request, or the values and the writes page by page. */
async function readPath(
  store: Store,
  request: HistoryRequest,
  incarnation: Stamp,
  path: readonly Ancestor[],
  own: OwnRows,
  signal: AbortSignal | undefined,
): Promise<PathRows> {
  const { threadId, namespace, channels } = request;
  const ask = async (part: readonly Ancestor[], alone: boolean): Promise<PathRows> => {
    const seeds = part.filter((ancestor) => ancestor.stored.length > 0);
    const tables = await store.query(historyQuery(store.names), {
      thread: threadId,
      namespace,
      mark: incarnation,
      ids: part.map((ancestor) => guardText(ancestor.checkpoint_id)),
      revisions: seeds.map((ancestor) => guardText(ancestor.revision)),
      wanted: channels.map(guardText),
      own_blobs: referencesBeside(own.blobs, ownWrites(own, part, channels)),
      alone,
    }, signal);
    const writes = rowsOf<WriteRow>(tables[1]);
    const blobs = rowsOf<BlobRow>(tables[2]);
    store.learn({ writes, blobs });
    return { values: rowsOf<ValueRow>(tables[0]), writes, blobs };
  };
  try {
    return await ask(path, false);
  } catch (error) {
    if (!(error instanceof KustoLimitError)) throw error;
  }
  const values: ValueRow[] = [];
  const pageSize = new PageSize(path.length, path.length);
  for (let start = 0; start < path.length;) {
    start = await pageSize.read(async (size) => {
      const part = await ask(path.slice(start, start + size), true);
      values.push(...part.values);
      return start + size;
    });
  }
  const checkpointIds = path.map((ancestor) => ancestor.checkpoint_id);
  const wanted = { threadId, namespace, incarnation, checkpointIds, channels };
  return { values, writes: await readWrites(store, wanted, signal), blobs: [] };
}

function ownWrites(
  own: OwnRows,
  path: readonly Ancestor[],
  channels: readonly string[],
): WriteRow[] {
  const ids = new Set(path.map((ancestor) => ancestor.checkpoint_id));
  const wanted = new Set(channels);
  return own.writes.filter((row) => ids.has(row.checkpoint_id) && wanted.has(row.channel));
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
        .map((entry) => {
          const blob = referenceOf(entry, row.blobs);
          const { checkpoint_id, revision } = row;
          return { checkpoint_id, revision, entry, blobs: blob ? [blob] : [] };
        })
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
    for (const [channel, value] of await readEntry(row.entry, row.blobs[0], blobs)) {
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
  const byCheckpoint = groupBy(rows, (row) => row.checkpoint_id);
  return new Map(
    Array.from(byCheckpoint, ([checkpoint_id, same]) => [
      checkpoint_id,
      pendingWrites(same, { ...place, checkpoint_id }),
    ]),
  );
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
    seed = mayStore(ancestor, channel)
      ? values.get(ancestor.checkpoint_id)?.get(channel)
      : undefined;
    if (seed) break;
  }
  return { writes: newestFirst.reverse(), seed, blobs };
}
