/**
 * LangGraph's checkpoint saver contract on a Kusto database.
 *
 * @module
 */
import {
  BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  type DeltaChannelHistory,
  maxChannelVersion,
  type PendingWrite,
  TASKS,
  WRITES_IDX_MAP,
} from "@langchain/langgraph-checkpoint";
import type { RunnableConfig } from "@langchain/core/runnables";
import { readCheckpoint, readWrite } from "./assembly.ts";
import { Calls } from "./calls.ts";
import { nextChannelVersion } from "./channel_version.ts";
import { KustoClient } from "./client.ts";
import { revisionOf, type Stamp, StampClock } from "./clock.ts";
import type { TypedBytes } from "./codec.ts";
import { type KustoSaverOptions, type Settings, settingsFrom } from "./config.ts";
import { readDeltaHistory } from "./delta_history.ts";
import { KustoInputError } from "./errors.ts";
import { type CheckpointAddress, Incarnations } from "./incarnations.ts";
import { listCheckpoints } from "./pages.ts";
import { RecentRows } from "./recent_rows.ts";
import { checkpointRow, RowBlobs, type SerializedCheckpoint, writeRow } from "./records.ts";
import {
  idText,
  readAddress,
  requireCheckpoint,
  requireThread,
  type RunAddress,
} from "./run_config.ts";
import { tableNames, type WriteRow } from "./schema.ts";
import { matchesFilter, searchTerms } from "./search.ts";
import type { SetupOptions, SetupReport } from "./setup.ts";
import { Store, type StoredCheckpoint } from "./store.ts";
import { RowWriter } from "./writer.ts";

/** Stores LangGraph checkpoints in a Kusto database. */
export class KustoSaver extends BaseCheckpointSaver {
  readonly #settings: Settings;
  readonly #client: KustoClient;
  readonly #clock: StampClock;
  readonly #incarnations = new Incarnations();
  readonly #writer: RowWriter;
  readonly #store: Store;
  readonly #calls = new Calls();
  #closing: Promise<void> | undefined;

  constructor(options: KustoSaverOptions) {
    super(options.serde);
    const settings = this.#settings = settingsFrom(options);
    const names = tableNames(settings.tablePrefix);
    const recent = new RecentRows(settings.now);
    this.#client = new KustoClient(settings);
    this.#clock = new StampClock(settings.now, writerName(settings.random));
    this.#writer = new RowWriter(this.#client, settings, names, recent);
    this.#store = new Store({
      client: this.#client,
      settings,
      names,
      recent,
      incarnations: this.#incarnations,
      clock: this.#clock,
      writer: this.#writer,
    });
  }

  /**
   * Opens a saver.
   *
   * @param connection The cluster's address, or a full Kusto connection string.
   */
  static fromConnectionString(
    connection: string,
    options: Omit<KustoSaverOptions, "connection"> = {},
  ): KustoSaver {
    return new KustoSaver({ ...options, connection });
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const address = readAddress(config);
    const { threadId, namespace, checkpointId, run, signal } = address;
    if (threadId === undefined) return undefined;
    return await this.#calls.run("read a checkpoint", undefined, async () => {
      const stored = await this.#awaitHead(threadId, namespace, checkpointId, signal);
      if (run) this.#incarnations.beginRun(run, threadId, stored.incarnation);
      if (stored.found) return await this.#tuple(stored.found);
      // Rows that will name this id belong to the life of the thread that was just read.
      if (checkpointId !== undefined) {
        this.#incarnations.bind(threadId, { namespace, checkpointId }, stored.incarnation);
      }
      return undefined;
    });
  }

  override async *list(
    config: RunnableConfig,
    options: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    const { threadId, checkpointId } = readAddress(config);
    const namespace = idText("checkpoint_ns", config.configurable?.checkpoint_ns);
    const before = options.before && readAddress(options.before).checkpointId;
    const filter = options.filter ?? {};
    let left = limitFrom(options.limit);
    if (left <= 0) return;
    const found = listCheckpoints(this.#store, {
      ...(threadId !== undefined && { threadId }),
      ...(namespace !== undefined && { namespace }),
      ...(checkpointId !== undefined && { checkpointId }),
      ...(before !== undefined && { before }),
      ...(Number.isFinite(left) && { limit: left }),
      terms: searchTerms(filter),
    });
    for await (const stored of found) {
      const tuple = await this.#tuple(stored);
      if (!matchesFilter(filter, tuple.metadata ?? {}, stored.row.search_text)) continue;
      yield tuple;
      if (--left <= 0) return;
    }
  }

  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions?: ChannelVersions,
  ): Promise<RunnableConfig> {
    const action = "put a checkpoint";
    const address = requireThread(action, config);
    const { threadId, namespace, checkpointId: parentId } = address;
    return await this.#calls.run(action, threadId, async () => {
      const revision = revisionOf(checkpoint.id, this.#clock.next());
      const { channel_values: values = {}, ...rest } = checkpoint;
      const channels = storedChannels(checkpoint, metadata, parentId, newVersions);
      const content: Promise<SerializedCheckpoint> = (async () => {
        const [dumped, dumpedMetadata, channelValues] = await Promise.all([
          this.#dump(rest),
          this.#dump(metadata),
          Promise.all(
            channels.map(async (channel) => [channel, await this.#dump(values[channel])] as const),
          ),
        ]);
        return {
          checkpoint: dumped,
          metadata: dumpedMetadata,
          channelValues,
          undefinedChannels: new Set(channels.filter((channel) => values[channel] === undefined)),
          searchExtra: searchExtra(config, this.#settings.searchKeys),
        };
      })();
      const own = { namespace, checkpointId: checkpoint.id };
      const parents = Object.entries(metadata.parents ?? {})
        .map(([namespace, checkpointId]) => ({ namespace, checkpointId }));
      const [incarnation, serialized] = await Promise.all([
        this.#incarnationFor(address, [
          own,
          ...(parentId === undefined ? [] : [{ namespace, checkpointId: parentId }]),
          ...address.outer,
          ...parents,
        ]),
        content,
      ]);
      this.#incarnations.bind(threadId, own, incarnation);
      const blobs = this.#rowBlobs(threadId, incarnation);
      const row = await checkpointRow(
        {
          thread_id: threadId,
          checkpoint_ns: namespace,
          incarnation,
          checkpoint_id: checkpoint.id,
          parent_checkpoint_id: parentId ?? "",
          revision,
          v: checkpoint.v,
        },
        serialized,
        blobs,
      );
      await this.#writer.write({
        threadId,
        incarnation,
        table: "checkpoints",
        rows: [row],
        blobs: blobs.unsent,
      });
      return configOf(threadId, namespace, checkpoint.id);
    });
  }

  override async putWrites(
    config: RunnableConfig,
    writes: PendingWrite[],
    taskId: string,
    taskPath = "",
  ): Promise<void> {
    const action = "put writes";
    const address = requireCheckpoint(action, config);
    const { threadId, namespace, checkpointId } = address;
    await this.#calls.run(action, threadId, async () => {
      if (writes.length === 0) return;
      const stamped = writes.map(([channel, value], position) => ({
        channel,
        idx: WRITES_IDX_MAP[channel] ?? position,
        revision: this.#clock.next(),
        value: this.#dump(value),
      }));
      const own = { namespace, checkpointId };
      const [incarnation, values] = await Promise.all([
        this.#incarnationFor(address, [own, ...address.outer]),
        Promise.all(stamped.map(({ value }) => value)),
      ]);
      this.#incarnations.bind(threadId, own, incarnation);
      const unsent = new Map<string, Uint8Array>();
      const rows: WriteRow[] = [];
      for (const [position, { channel, idx, revision }] of stamped.entries()) {
        const blobs = this.#rowBlobs(threadId, incarnation);
        rows.push(
          await writeRow(
            {
              thread_id: threadId,
              checkpoint_ns: namespace,
              incarnation,
              checkpoint_id: checkpointId,
              task_id: taskId,
              task_path: taskPath,
              idx,
              channel,
              revision,
            },
            values[position]!,
            blobs,
          ),
        );
        for (const [id, bytes] of blobs.unsent) unsent.set(id, bytes);
      }
      await this.#writer.write({ threadId, incarnation, table: "writes", rows, blobs: unsent });
    });
  }

  override async deleteThread(threadId: string): Promise<void> {
    const id = idText("thread_id", threadId);
    if (id === undefined) {
      throw new KustoInputError("Cannot delete a thread: its id is missing, pass the thread's id");
    }
    await this.#calls.run("delete a thread", undefined, async () => {
      await this.#calls.settled(id);
      await this.#writer.flush();
      await this.#store.deleteThread(id);
    });
  }

  override async getDeltaChannelHistory(
    options: { config: RunnableConfig; channels: string[] },
  ): Promise<Record<string, DeltaChannelHistory>> {
    const { channels } = options;
    const { threadId, namespace, checkpointId, signal } = readAddress(options.config);
    if (channels.length === 0) return {};
    if (threadId === undefined) {
      return Object.fromEntries(channels.map((channel) => [channel, { writes: [] }]));
    }
    return await this.#calls.run("read a channel's history", undefined, async () => {
      const histories = await readDeltaHistory(
        this.#store,
        { threadId, namespace, checkpointId },
        channels,
        signal,
      );
      return Object.fromEntries(
        await Promise.all(Array.from(histories, async ([channel, { writes, seed, blobs }]) => {
          const loaded = await Promise.all(
            writes.map(async (write) => this.#pendingWrite(write, await readWrite(write, blobs))),
          );
          const history: DeltaChannelHistory = { writes: loaded };
          if (seed) history.seed = await this.#load(seed);
          return [channel, history] as const;
        })),
      );
    });
  }

  /**
   * The version after `current`: numbers are counted on, so that a thread that another saver began
   * goes on; otherwise text that no other branch of the thread can mint.
   */
  override getNextVersion(current: number | undefined): number {
    // LangGraph takes text as well as numbers here, but its graphs only accept savers typed for numbers.
    return nextChannelVersion(current, this.#settings.random) as number;
  }

  /**
   * Checks that the database has all that the saver needs; with `provision` creates it first.
   *
   * @throws {KustoSchemaError} If something is missing: its message names each thing and its mend.
   */
  async setup(options: SetupOptions = {}): Promise<SetupReport> {
    // Needed once in the life of a deployment, so not part of what every start loads.
    const { setUp } = await import("./setup.ts");
    return await setUp(this.#client, this.#settings, options);
  }

  /** Waits until everything accepted so far is durable. */
  async flush(): Promise<void> {
    await this.#calls.settled();
    await this.#writer.flush();
  }

  /** Waits for all calls, makes everything durable and refuses further calls. Can be repeated. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#calls.close(() => this.#settings.sleep(0, {}));
      await this.#writer.flush();
    })();
    return this.#closing;
  }

  /** Does what {@link close} does, at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Reads a head; one asked for by id that is not there may be waited for. */
  async #awaitHead(
    threadId: string,
    namespace: string,
    checkpointId: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Awaited<ReturnType<Store["head"]>>> {
    const { now, sleep, visibilityTimeoutMs } = this.#settings;
    const deadline = now() + (checkpointId === undefined ? 0 : visibilityTimeoutMs);
    for (;;) {
      const head = await this.#store.head(threadId, namespace, checkpointId, signal);
      if (head.found || now() >= deadline) return head;
      await sleep(VISIBILITY_POLL_MS, signal ? { signal } : {});
    }
  }

  async #incarnationFor(
    address: RunAddress,
    hangsOn: readonly CheckpointAddress[],
  ): Promise<Stamp> {
    return this.#incarnations.forRow(address.threadId, address.run, hangsOn) ??
      await this.#store.incarnation(address.threadId);
  }

  #rowBlobs(threadId: string, incarnation: Stamp): RowBlobs {
    return new RowBlobs(
      (id) => this.#writer.blobSentAt(threadId, incarnation, id),
      this.#settings.now(),
    );
  }

  async #dump(value: unknown): Promise<TypedBytes> {
    // A serializer may hand out the very bytes it was given, which the graph may go on changing.
    const own = value instanceof Uint8Array ? new Uint8Array(value) : value;
    const [type, bytes] = await this.serde.dumpsTyped(own);
    return { type, bytes };
  }

  #load(value: TypedBytes): Promise<unknown> {
    return this.serde.loadsTyped(value.type, value.bytes);
  }

  async #pendingWrite(
    row: WriteRow,
    value: TypedBytes,
  ): Promise<[taskId: string, channel: string, value: unknown]> {
    return [row.task_id, row.channel, await this.#load(value)];
  }

  async #tuple(stored: StoredCheckpoint): Promise<CheckpointTuple> {
    const { row, blobs } = stored;
    const content = await readCheckpoint(row, blobs);
    const [rest, metadata, values, pendingWrites, sends] = await Promise.all([
      this.#load(content.checkpoint) as Promise<Omit<Checkpoint, "channel_values">>,
      this.#load(content.metadata) as Promise<CheckpointMetadata>,
      Promise.all(
        content.channelValues.map(async ([channel, value]) =>
          [channel, await this.#load(value)] as const
        ),
      ),
      Promise.all(
        stored.writes.map(async (write) =>
          this.#pendingWrite(write, await readWrite(write, blobs))
        ),
      ),
      Promise.all(
        stored.parentWrites.filter((write) => write.channel === TASKS)
          .map(async (write) => this.#load(await readWrite(write, blobs))),
      ),
    ]);
    const checkpoint: Checkpoint = {
      ...rest,
      channel_values: Object.fromEntries(values),
      channel_versions: rest.channel_versions ?? {},
      versions_seen: rest.versions_seen ?? {},
    };
    if (checkpoint.v < 4 && row.parent_checkpoint_id !== "") this.#addSends(checkpoint, sends);
    const { thread_id: threadId, checkpoint_ns: namespace, parent_checkpoint_id: parentId } = row;
    return {
      config: configOf(threadId, namespace, row.checkpoint_id),
      checkpoint,
      metadata,
      pendingWrites,
      ...(parentId !== "" && { parentConfig: configOf(threadId, namespace, parentId) }),
    };
  }

  /** Before version 4 LangGraph kept a step's sends as writes of the parent, now as a channel. */
  #addSends(checkpoint: Checkpoint, sends: unknown[]): void {
    checkpoint.channel_values[TASKS] = sends;
    const versions = Object.values(checkpoint.channel_versions);
    checkpoint.channel_versions[TASKS] = versions.length > 0
      ? maxChannelVersion(...versions)
      : this.getNextVersion(undefined);
  }
}

const VISIBILITY_POLL_MS = 100;

function configOf(threadId: string, namespace: string, checkpointId: string): RunnableConfig {
  return {
    configurable: {
      thread_id: threadId,
      checkpoint_ns: namespace,
      checkpoint_id: checkpointId,
    },
  };
}

/**
 * The channels whose values a checkpoint's row holds: all that LangGraph hands over. Only a first
 * checkpoint carries nothing over, so of its versioned channels only the new ones are its own; a
 * fork is a first checkpoint too, but a copy that carries everything over.
 */
function storedChannels(
  checkpoint: Checkpoint,
  metadata: CheckpointMetadata,
  parentId: string | undefined,
  newVersions: ChannelVersions | undefined,
): string[] {
  const channels = Object.keys(checkpoint.channel_values ?? {});
  if (parentId !== undefined || newVersions === undefined || metadata.source === "fork") {
    return channels;
  }
  return channels.filter((channel) =>
    !Object.hasOwn(checkpoint.channel_versions ?? {}, channel) ||
    Object.hasOwn(newVersions, channel)
  );
}

function searchExtra(
  config: RunnableConfig,
  keys: readonly string[],
): Record<string, unknown> {
  const bag: Record<string, unknown> = { ...config.configurable, ...config.metadata };
  return Object.fromEntries(
    keys.filter((key) => Object.hasOwn(bag, key)).map((key) => [key, bag[key]]),
  );
}

function limitFrom(limit: number | undefined): number {
  if (limit === undefined) return Infinity;
  if (typeof limit !== "number" || Number.isNaN(limit)) {
    throw new KustoInputError(
      `Cannot list checkpoints: "limit" is of type ${typeof limit}, it must be a number`,
    );
  }
  return Math.floor(limit);
}

function writerName(random: () => number): string {
  return Array.from({ length: 12 }, () => Math.floor(random() * 16).toString(16)).join("");
}
