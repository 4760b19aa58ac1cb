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
  type PendingWrite,
} from "@langchain/langgraph-checkpoint";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { RequestListener } from "./service/attempt.ts";
import { requireList, requireObject } from "./call_arguments.ts";
import { nextChannelVersion } from "./channel_version.ts";
import { type KustoSaverOptions, settingsFrom } from "./config.ts";
import type { MigrationOptions, MigrationReport } from "./operations/migration.ts";
import { type OperationParts, operationsHeardBy } from "./operations/operation_parts.ts";
import type { PruneOptions, PruneReport } from "./operations/prune.ts";
import type { PurgeOptions, PurgeReport } from "./operations/purge.ts";
import {
  configOf,
  readAddress,
  requireCheckpoint,
  requireText,
  requireThread,
} from "./run_config.ts";
import type { RunDeletionOptions, RunDeletionReport } from "./operations/run_deletion.ts";
import { makeParts, type SaverParts } from "./saver_parts.ts";
import { searchExtra } from "./search_text.ts";
import type { SetupOptions } from "./setup/setup.ts";
import type { SetupReport } from "./setup/setup_report.ts";
import type { Subject } from "./observability/telemetry.ts";
import type { ThreadCopyOptions, ThreadCopyReport } from "./operations/thread_copy.ts";
import type { ThreadListOptions, ThreadSummary } from "./operations/thread_list.ts";
import type { TupleForm } from "./reading/tuple_reader.ts";

type Operations = typeof import("./operations/operations.ts");

/**
 * Stores LangGraph checkpoints in a Kusto database: Azure Data Explorer, Fabric Eventhouse, a free
 * cluster, or the embedded Kusto of `@x/kusto-checkpoint/emulator`.
 *
 * A write resolves when the service has acknowledged its rows, and this saver sees it from then on,
 * however long the rows take to be visible to others (seconds, as a rule). Concurrent calls share
 * requests. Every call may be repeated: what is stored twice is read once. All errors are
 * {@link KustoError}s; none holds a stored value, a token or the text of a query.
 *
 * @example A graph that remembers
 * ```ts
 * import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
 * import { KustoSaver } from "@x/kusto-checkpoint";
 * import { KustoEmulator } from "@x/kusto-checkpoint/emulator";
 *
 * await using emulator = new KustoEmulator();
 * await using saver = KustoSaver.fromConnectionString("http://localhost", {
 *   database: "NetDefaultDB",
 *   fetch: emulator.fetch,
 * });
 * await saver.setup({ provision: true });
 *
 * const State = Annotation.Root({ count: Annotation<number> });
 * const graph = new StateGraph(State)
 *   .addNode("add", ({ count = 0 }) => ({ count: count + 1 }))
 *   .addEdge(START, "add")
 *   .addEdge("add", END)
 *   .compile({ checkpointer: saver });
 *
 * const thread = { configurable: { thread_id: "thread-1" } };
 * await graph.invoke({}, thread);
 * const { count } = await graph.invoke({}, thread);
 * console.log(count); // 2
 * ```
 */
export class KustoSaver extends BaseCheckpointSaver {
  readonly #parts: SaverParts;
  #closing: Promise<void> | undefined;

  /**
   * Makes a saver; nothing is sent before its first call.
   *
   * @param options Where to connect, and how; see {@link KustoSaverOptions}.
   * @throws {KustoOptionsError} If an option is not acceptable: the message names it.
   */
  constructor(options: KustoSaverOptions) {
    super(options?.serde);
    // Older releases of LangGraph (1.4, say) call it without its receiver when a state is updated by hand.
    this.getNextVersion = this.getNextVersion.bind(this);
    this.#parts = makeParts(settingsFrom(options));
  }

  /**
   * Makes a saver from a cluster's address or a full Kusto connection string.
   *
   * @param connection `https://<cluster>.<region>.kusto.windows.net`, with the database as path if
   * wanted, or `Data Source=...;Initial Catalog=...;...`.
   * @param options All else; see {@link KustoSaverOptions}.
   * @throws {KustoOptionsError} If the text or an option is not acceptable.
   *
   * @example
   * ```ts
   * import { KustoSaver } from "@x/kusto-checkpoint";
   *
   * const saver = KustoSaver.fromConnectionString(
   *   "https://mycluster.westeurope.kusto.windows.net",
   *   { database: "agents" },
   * );
   * await saver.close();
   * ```
   */
  static fromConnectionString(
    connection: string,
    options: Omit<KustoSaverOptions, "connection"> = {},
  ): KustoSaver {
    return new KustoSaver({ ...options, connection });
  }

  /**
   * Reads a checkpoint with its pending writes: the one that `checkpoint_id` names, else the latest of
   * the namespace, that is the one with the greatest id. One request while the state fits 32 MB.
   *
   * @param config Names the thread (`thread_id`), and maybe a namespace and a checkpoint; its `signal`
   * gives the call up, which then rejects with the signal's reason.
   * @returns The checkpoint, or `undefined` if there is none or no thread is named.
   * @throws {KustoStateError} If a part of the stored state is gone: never a checkpoint with a hole.
   */
  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const address = readAddress(config);
    const { threadId } = address;
    return await this.#call("get_tuple", "read a checkpoint", address, async (onRequest) => {
      if (threadId === undefined) return undefined;
      const { tuples } = await this.#parts.database.get();
      return await tuples.read({ ...address, threadId }, this.#tupleForm(), onRequest);
    });
  }

  /**
   * Lists checkpoints with their pending writes, those with greater ids first, page by page: what the
   * consumer does not take is not read.
   *
   * @param config What it names narrows: a thread, a namespace, a checkpoint. Without `thread_id` all
   * threads are listed, without `checkpoint_ns` all namespaces. Its `signal` gives the list up.
   * @param options `before`: only checkpoints with a smaller id than the one named. `limit`: at most so
   * many; 0 and less give none, the default is all. `filter`: only checkpoints whose metadata have an
   * equal value under each key, deeply; keys that are `undefined` do not count.
   */
  override async *list(
    config: RunnableConfig,
    options: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    // A run lists nothing, so this is not part of what every start loads.
    const { listTuples } = await import("./reading/listing.ts");
    const { store } = await this.#parts.database.get();
    yield* listTuples({ ...this.#parts, ...this.#tupleForm(), store }, config, options);
  }

  /**
   * Stores a checkpoint. One request, or two in sequence when a value is new and larger than 32 KB; one
   * more to read if the caller has not read the thread before and names no checkpoint of it that this
   * saver knows: somebody may have deleted the thread meanwhile.
   *
   * @param config Names the thread and the namespace; its `checkpoint_id` is the parent's. Its `signal`
   * is not heeded: a request that was cut short could have stored the rows or not.
   * @param checkpoint Its values are serialised in the tick of the call.
   * @param metadata Comes back as it is; its scalars can be filtered on.
   * @param newVersions The channels that changed; decides what a first checkpoint stores.
   * @returns The configuration that addresses the checkpoint.
   * @throws {KustoInputError} If `thread_id` or the checkpoint's id is missing, or an argument is no object.
   */
  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions?: ChannelVersions,
  ): Promise<RunnableConfig> {
    const action = "put a checkpoint";
    const address = requireThread(action, config);
    const { threadId, namespace } = address;
    requireObject(action, "checkpoint", checkpoint);
    requireObject(action, "metadata", metadata);
    if (newVersions !== undefined) requireObject(action, "newVersions", newVersions);
    const checkpointId = requireText(action, "checkpoint.id", checkpoint.id);
    return await this.#call("put", action, address, async (onRequest) => {
      await this.#parts.recorder.checkpoint(address, checkpointId, this.serde, {
        checkpoint,
        metadata,
        newVersions,
        parentId: address.checkpointId,
        searchExtra: searchExtra(config, metadata, this.#parts.settings.searchKeys),
      }, onRequest);
      return configOf(threadId, namespace, checkpointId);
    }, checkpointId);
  }

  /**
   * Stores writes of a task, which hang on a checkpoint that may not be there yet. Of writes for the
   * same task and position the first counts; of errors, interrupts and answers the last. Which is first
   * is the same for all readers: who has read a write is behind it, whatever its clock says, and of two
   * that have not read each other the one with the smaller stamp is.
   *
   * @param config Names the thread, the namespace and the checkpoint; its `signal` is not heeded, as
   * in {@link put}.
   * @param writes Channels and values; none is no request.
   * @param taskId Any text.
   * @param taskPath Decides the order in which writes come back; `""` is first.
   * @throws {KustoInputError} If `thread_id` or `checkpoint_id` is missing, or the writes are no pairs.
   */
  override async putWrites(
    config: RunnableConfig,
    writes: PendingWrite[],
    taskId: string,
    taskPath = "",
  ): Promise<void> {
    const action = "put writes";
    const address = requireCheckpoint(action, config);
    const what = "pairs of a channel and a value";
    requireList(action, "writes", writes, { what, holds: Array.isArray });
    if (writes.length === 0) return;
    const task = { writes, taskId, taskPath };
    await this.#call(
      "put_writes",
      action,
      address,
      (onRequest) => this.#parts.recorder.writes(address, this.serde, task, onRequest),
    );
  }

  /**
   * Deletes a thread with all its namespaces for every reader, for good: calls of runs that began
   * before, here or elsewhere, do not bring it back. A new conversation may use the id.
   *
   * The rows stay until they age out or until {@link purgeDeletedThreads}: readers skip them. Needs no
   * more rights than writing.
   *
   * @param threadId A thread that does not exist is no error.
   * @throws {KustoUnavailableError} If the deletion did not become visible within `deleteTimeoutMs`.
   */
  override async deleteThread(threadId: string): Promise<void> {
    const action = "delete a thread";
    const id = requireText(action, "thread_id", threadId);
    await this.#call("delete_thread", action, { threadId: id }, async (onRequest) => {
      const { deleteThread } = await import("./operations/thread_deletion.ts");
      await deleteThread(await this.#operationParts(onRequest), id);
    });
  }

  /**
   * Lists threads that have checkpoints, those that were active last first, page by page: what the
   * consumer does not take is not read. A thread that becomes active meanwhile keeps its place.
   *
   * Needs the role Viewer. A query over narrow columns of all threads for each thousand.
   *
   * @param options Which threads; all when absent.
   * @throws {KustoInputError} If an option is not acceptable.
   */
  async *listThreads(options: ThreadListOptions = {}): AsyncGenerator<ThreadSummary> {
    const { listThreads } = await import("./operations/operations.ts");
    yield* listThreads(await this.#operationParts(), options);
  }

  /**
   * Copies a thread under another id: all checkpoints with their ids, metadata, parents and writes, in
   * all namespaces, and what is hidden in it, hidden, so that histories of delta channels stay whole.
   * The source stays as it is. This saver sees the copy at once, others once queries show its rows.
   *
   * Needs no more rights than writing. Queries and appends grow with the thread: three for a hundred
   * checkpoints, more where large values do not fit. Can be broken off and repeated: it goes on where
   * it was; until then the copy shows an earlier state. Copy no thread to which a run is writing: the
   * copy may lack what the run writes meanwhile.
   *
   * @param from A thread that does not exist is no error, and copied to nothing.
   * @param to A thread without checkpoints, or with those of an earlier copy that was broken off.
   * @returns How many checkpoints and writes were stored.
   * @throws {KustoInputError} If `to` has checkpoints of its own, hidden ones included, or is `from`.
   * @throws {KustoStateError} If a part of the source is gone: never a copy with a hole.
   * @throws {KustoUnavailableError} If own writes or what hides is not visible within `deleteTimeoutMs`.
   */
  async copyThread(
    from: string,
    to: string,
    options: ThreadCopyOptions = {},
  ): Promise<ThreadCopyReport> {
    const action = "copy a thread";
    const subject = { threadId: requireText(action, "to", to), signal: options?.signal };
    return await this.#operate(
      "copy_thread",
      action,
      subject,
      ({ copyThread }, parts) => copyThread(parts, from, to, options),
    );
  }

  /**
   * Copies threads of another saver, whichever it is, under the same ids: all checkpoints that it lists,
   * oldest first, with their ids, parents, metadata, versions as they are, and pending writes. What is
   * here already stays, so that threads that have gone on there can be copied again. What the other
   * saver does not tell is lost: paths of tasks, but their order is kept, and what it has hidden, but
   * delta channels are kept whole.
   *
   * Needs no more rights than writing. Two queries a thread here, two appends for ten checkpoints, and
   * of the other saver one list and a read for each checkpoint. Can be broken off and repeated. Begin no
   * runs on the threads meanwhile, here or there. This saver sees the copies at once.
   *
   * @param saver Any that keeps to LangGraph's contract, in memory, on Postgres or on another cluster.
   * @param threadIds None is no request.
   * @returns How many threads, checkpoints and writes were stored, and what was not found.
   * @throws {KustoInputError} If something else was passed, or a saver that reads the same tables: its
   * writes would be there twice. What the other saver throws is thrown on.
   */
  async copyFrom(
    saver: BaseCheckpointSaver,
    threadIds: Iterable<string>,
    options: MigrationOptions = {},
  ): Promise<MigrationReport> {
    return await this.#operate(
      "copy_from",
      "copy from a saver",
      { signal: options?.signal },
      ({ copyFrom }, parts) => {
        const source = saver instanceof KustoSaver ? saver.#parts.settings : undefined;
        return copyFrom(parts, saver, threadIds, options, source);
      },
    );
  }

  /**
   * Rids threads of their past, or deletes them. What is hidden is so for every reader when it
   * resolves, this saver's own writes until then included; histories of delta channels still lead
   * through it. A checkpoint that is put anew shows again.
   *
   * Needs no more rights than writing. A query for 200 threads, an append for 1 000 checkpoints, and
   * queries until all readers see it, a few seconds as a rule; deleting is what {@link deleteThread}
   * takes, 8 threads at a time. Can be broken off and repeated: it goes on with what is left. Rows
   * stay until they age out.
   *
   * @param options Which threads, and what to keep of them.
   * @returns How many threads are done, and how many checkpoints were hidden.
   * @throws {KustoInputError} If an option is missing or not acceptable.
   * @throws {KustoUnavailableError} If what was written or hidden is not visible within `deleteTimeoutMs`.
   */
  async prune(options: PruneOptions): Promise<PruneReport> {
    return await this.#operate(
      "prune",
      "prune threads",
      options,
      ({ prune }, parts) => prune(parts, options),
    );
  }

  /**
   * Hides the checkpoints of runs for every reader, in all threads and namespaces: those whose metadata,
   * or whose values for the option `searchKeys`, have the run's id as `run_id`. LangGraph puts it there
   * only where the run's configuration has it. The latest checkpoint is then the latest that is left.
   * What a run wrote onto the checkpoints of others, such as answers to their interrupts, stays.
   *
   * Needs no more rights than writing. A query over narrow columns of all threads for 8 runs, an append
   * for 1 000 checkpoints, and queries until all readers see it. Can be broken off and repeated. Rows
   * stay until they age out; histories of delta channels still lead through them.
   *
   * @param runIds None is no request.
   * @returns How many checkpoints were hidden.
   * @throws {KustoInputError} If an id is not acceptable.
   * @throws {KustoUnavailableError} If what was written or hidden is not visible within `deleteTimeoutMs`.
   */
  async deleteForRuns(
    runIds: Iterable<string>,
    options: RunDeletionOptions = {},
  ): Promise<RunDeletionReport> {
    return await this.#operate(
      "delete_for_runs",
      "delete runs",
      options,
      ({ deleteForRuns }, parts) => deleteForRuns(parts, runIds, options),
    );
  }

  /**
   * Removes the rows of deleted threads from the tables, for storage and for the duty to erase: for
   * readers they are gone anyway. Needs the role Database Admin.
   *
   * Can be repeated and broken off at any time: it reads what is hidden, removes it batch by batch and
   * counts afterwards. It spares checkpoints that were hidden one by one, as the history of others may
   * lead through them. The service marks rows as removed and erases them from its storage later. Do
   * not run two at a time.
   *
   * @param options How old rows must be, a signal to break off, and who is told how far it is.
   * @returns How many rows of each table were removed, and how many were too young.
   * @throws {KustoPermissionError} If the identity lacks the role.
   * @throws {KustoUnavailableError} If rows are still there after they were removed.
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
   * await saver.deleteThread("thread-1");
   * const { removed } = await saver.purgeDeletedThreads();
   * console.log(removed.checkpoints); // 0
   * ```
   */
  async purgeDeletedThreads(options: PurgeOptions = {}): Promise<PurgeReport> {
    return await this.#operate(
      "purge",
      "purge deleted threads",
      options,
      ({ purgeDeletedThreads }, { client, settings }) =>
        purgeDeletedThreads(client, settings, options),
    );
  }

  /**
   * Reads what delta channels are rebuilt from: the writes of all ancestors back to the nearest stored
   * value. Two requests for a chain of thousands, one more where no checkpoint is named.
   *
   * @throws {KustoStateError} If an ancestor that is needed is gone: never a short history.
   */
  override async getDeltaChannelHistory(
    options: { config: RunnableConfig; channels: string[] },
  ): Promise<Record<string, DeltaChannelHistory>> {
    const action = "read a channel's history";
    requireObject(action, "options", options);
    const { channels } = options;
    const isText = (channel: unknown) => typeof channel === "string";
    requireList(action, "channels", channels, { what: "names", holds: isText });
    const address = readAddress(options.config);
    const { threadId, namespace, checkpointId, signal } = address;
    return await this.#call("get_delta_channel_history", action, address, async (onRequest) => {
      if (threadId === undefined || channels.length === 0) {
        return Object.fromEntries(channels.map((channel) => [channel, { writes: [] }]));
      }
      const request = { threadId, namespace, checkpointId, channels };
      // Only graphs with delta channels need it.
      const { loadDeltaHistory } = await import("./reading/delta_history.ts");
      const { store } = await this.#parts.database.get();
      return await loadDeltaHistory(store.heardBy(onRequest), this.serde, request, signal);
    });
  }

  /**
   * The version after `current`: numbers are counted on, so that a thread that another saver began
   * goes on; otherwise text that no other branch of the thread can mint.
   */
  override getNextVersion(current: number | undefined): number {
    // LangGraph takes text as well as numbers here, but its graphs only accept savers typed for numbers.
    return nextChannelVersion(current, this.#parts.settings.random) as number;
  }

  /**
   * Checks that the database has all that the saver needs; with `provision` creates it first. Can be
   * repeated; without `provision` it changes nothing.
   *
   * @returns Whether the saver can work, and what is amiss, each with its mend; the version of the
   * schema, the health of the view and how the tables are set.
   * @throws {KustoSchemaError} If something is missing that the saver cannot do without, or the schema
   * is older than this code; its message and its `problems` name each thing and the command that mends
   * it. With `provision`, if the schema is newer than this code; nothing is changed then.
   * @throws {KustoPermissionError} If `provision` needs a role that the identity has not.
   */
  async setup(options: SetupOptions = {}): Promise<SetupReport> {
    return await this.#call("setup", "set up the database", {}, async (onRequest) => {
      // Needed once in the life of a deployment, so not part of what every start loads.
      const { setUp } = await import("./setup/setup.ts");
      const { client } = await this.#parts.database.get();
      return await setUp(client.heardBy(onRequest), this.#parts.settings, options);
    });
  }

  /**
   * Waits until everything that was accepted so far is durable, calls that have not resolved yet
   * included; buffered rows are sent at once, those that failed before again.
   *
   * With the default `durability` each call reports its own failure and this one none.
   *
   * @throws {KustoFlushError} If buffered rows could not be stored: how many of which tables, and why.
   * They stay queued and are tried again, by themselves and by the next `flush`.
   */
  async flush(): Promise<void> {
    await this.#flushBehind(this.#parts.calls.settled());
  }

  /**
   * Waits for all calls, refuses further ones and makes everything durable. Can be repeated.
   *
   * @throws As {@link flush} does; what is queued then is still tried again while the process runs.
   */
  async close(): Promise<void> {
    this.#closing ??= this.#parts.calls.close(() => this.#parts.settings.sleep(0, {}));
    await this.#flushBehind(this.#closing);
  }

  /** Does what {@link close} does, at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Makes durable what calls leave behind, and at once what they may be waiting for: room, above all. */
  #flushBehind(calls: Promise<void>): Promise<void> {
    const { database, watch } = this.#parts;
    const flushRows = async () => {
      // Where no call has needed the database nothing is left behind; one that cannot load it says so.
      const loaded = await database.current?.catch(() => undefined);
      await loaded?.writer.flush();
    };
    const flush = async () => {
      await Promise.all([calls, flushRows()]);
      await flushRows();
    };
    return watch ? watch.call("flush", {}, flush) : flush();
  }

  /**
   * Runs a call to its end, watched if anybody watches.
   *
   * @param name What it is called in metrics, logs and spans.
   * @param checkpointId The checkpoint that it is about, where its address names another one.
   */
  #call<T>(
    name: string,
    action: string,
    subject: Subject,
    work: (onRequest?: RequestListener) => Promise<T>,
    checkpointId = subject.checkpointId,
  ): Promise<T> {
    const watch = this.#parts.watch;
    const writesTo = name === "put" || name === "put_writes" ? subject.threadId : undefined;
    return this.#parts.calls.run(
      action,
      writesTo,
      watch ? () => watch.call(name, { ...subject, checkpointId }, work) : work,
    );
  }

  /** Does what administrators do with whole threads; that loads when first needed. */
  #operate<T>(
    name: string,
    action: string,
    subject: Subject | undefined,
    work: (operations: Operations, parts: OperationParts) => Promise<T>,
  ): Promise<T> {
    return this.#call(name, action, subject ?? {}, async (onRequest) => {
      const operations = await import("./operations/operations.ts");
      return await work(operations, await this.#operationParts(onRequest));
    });
  }

  async #operationParts(onRequest?: RequestListener): Promise<OperationParts> {
    const database = await this.#parts.database.get();
    return operationsHeardBy({ ...this.#parts, ...database, serde: this.serde }, onRequest);
  }

  #tupleForm(): TupleForm {
    return { serde: this.serde, firstVersion: () => this.getNextVersion(undefined) };
  }
}
