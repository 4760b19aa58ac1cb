/**
 * Threads of another saver, stored here: what a migration needs.
 *
 * @module
 */
import type {
  BaseCheckpointSaver,
  Checkpoint,
  CheckpointMetadata,
  CheckpointTuple,
  DeltaChannelHistory,
  PendingWrite,
} from "@langchain/langgraph-checkpoint";
import { checkCallOptions } from "../call_options.ts";
import { revisionOf, type Stamp } from "../clock.ts";
import { copiedKeys } from "./copied_keys.ts";
import type { Settings } from "../config.ts";
import { KustoInputError } from "../errors.ts";
import { ForeignThread, tasksOf } from "./foreign_thread.ts";
import { Hiding } from "./hiding.ts";
import type { CheckpointAddress } from "../incarnations.ts";
import { allDone, idList, type OperationOptions } from "./operation.ts";
import type { OperationParts } from "./operation_parts.ts";
import type { TaskWrites } from "../writing/recorder.ts";
import { searchExtra } from "../search_text.ts";

const ACTION = "copy from a saver";
const THREADS_AT_A_TIME = 4;
const CHECKPOINTS_AT_A_TIME = 10;

/**
 * How {@link KustoSaver.copyFrom} works.
 *
 * @example From a saver in memory; one on Postgres is taken as well
 * ```ts
 * import { MemorySaver } from "@langchain/langgraph-checkpoint";
 * import { KustoSaver } from "@x/kusto-checkpoint";
 * import { KustoEmulator } from "@x/kusto-checkpoint/emulator";
 *
 * await using emulator = new KustoEmulator();
 * await using saver = KustoSaver.fromConnectionString("http://localhost", {
 *   database: "NetDefaultDB",
 *   fetch: emulator.fetch,
 * });
 * await saver.setup({ provision: true });
 * const { missing } = await saver.copyFrom(new MemorySaver(), ["thread-1"]);
 * console.log(missing); // [ "thread-1" ]
 * ```
 */
export interface MigrationOptions extends OperationOptions<MigrationProgress> {}

/** How far {@link KustoSaver.copyFrom} is. */
export interface MigrationProgress {
  /** Threads that are done. */
  readonly threads: number;
  /** Checkpoints that were stored. */
  readonly checkpoints: number;
  /** Pending writes that were stored; those of earlier calls are stored again and count once. */
  readonly writes: number;
  /** Checkpoints that were here already. */
  readonly present: number;
}

/** What {@link KustoSaver.copyFrom} did. */
export interface MigrationReport extends MigrationProgress {
  /** The threads of which the other saver has nothing. */
  readonly missing: readonly string[];
}

/**
 * Stores threads of another saver, some at a time.
 *
 * @param source The settings of the other saver, where it is of this library.
 */
export async function copyFrom(
  parts: OperationParts,
  saver: BaseCheckpointSaver,
  threadIds: Iterable<string>,
  options: MigrationOptions,
  source: Settings | undefined,
): Promise<MigrationReport> {
  if (typeof saver?.getTuple !== "function" || typeof saver.list !== "function") {
    throw new KustoInputError(
      `Cannot ${ACTION}: what was passed is none, pass an object with "getTuple" and "list" such as a PostgresSaver`,
    );
  }
  if (source && sameTables(source, parts.settings)) {
    throw new KustoInputError(
      `Cannot ${ACTION}: it works on the same tables, pass a saver of another database, or call "copyThread" to copy a thread under another id`,
    );
  }
  checkCallOptions(ACTION, options, { signal: true, onProgress: true });
  const ids = idList(ACTION, "threadIds", threadIds);
  const migration = new Migration(parts, saver, options);
  for (let start = 0; start < ids.length; start += THREADS_AT_A_TIME) {
    await allDone(ids.slice(start, start + THREADS_AT_A_TIME).map((id) => migration.thread(id)));
  }
  return migration.report;
}

/** Whether two savers work on the same tables, as far as their settings tell. */
function sameTables(a: Settings, b: Settings): boolean {
  return a.origin === b.origin && a.database === b.database && a.tablePrefix === b.tablePrefix &&
    a.fetch === b.fetch;
}

/** Where the rows of one thread go. */
interface Target {
  readonly threadId: string;
  readonly incarnation: Stamp;
  /** Stands for the run that writes: all rows belong to the life that was read when it began. */
  readonly run: readonly object[];
  /** The checkpoints that the other saver lists. */
  readonly listed: ReadonlySet<string>;
  /** Those that are here, hidden ones included. */
  readonly present: ReadonlySet<string>;
  /** What delta channels go on from that was put in the place of checkpoints which are not listed. */
  readonly histories: Map<string, Record<string, DeltaChannelHistory>>;
}

class Migration {
  readonly #parts: OperationParts;
  readonly #saver: BaseCheckpointSaver;
  readonly #options: MigrationOptions;
  readonly #missing: string[] = [];
  #progress: MigrationProgress = { threads: 0, checkpoints: 0, writes: 0, present: 0 };

  constructor(parts: OperationParts, saver: BaseCheckpointSaver, options: MigrationOptions) {
    this.#parts = parts;
    this.#saver = saver;
    this.#options = options;
  }

  get report(): MigrationReport {
    return { ...this.#progress, missing: this.#missing };
  }

  async thread(threadId: string): Promise<void> {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    const source = new ForeignThread(this.#saver, threadId);
    const addresses = await source.checkpoints();
    if (addresses.length === 0) this.#missing.push(threadId);
    const target = await this.#target(threadId, addresses);
    for (let start = 0; start < addresses.length; start += CHECKPOINTS_AT_A_TIME) {
      signal?.throwIfAborted();
      const wave = addresses.slice(start, start + CHECKPOINTS_AT_A_TIME);
      await this.#store(source, target, wave);
    }
    await this.#parts.writer.flush((id) => id === threadId);
    this.#tell({ threads: 1 });
  }

  async #target(threadId: string, listed: readonly CheckpointAddress[]): Promise<Target> {
    const { incarnations, store } = this.#parts;
    const incarnation = await store.readIncarnation(threadId);
    const run = [{}];
    incarnations.beginRun(run, threadId, incarnation, false);
    const keys = await copiedKeys(this.#parts, { threadId, incarnation }, this.#options.signal);
    const own = store.ownRows(threadId).checkpoints.filter((row) =>
      row.incarnation === incarnation
    );
    const present = [...keys, ...own].map(({ checkpoint_ns, checkpoint_id }) =>
      nameOf({ namespace: checkpoint_ns, checkpointId: checkpoint_id })
    );
    return {
      threadId,
      incarnation,
      run,
      listed: new Set(listed.map(nameOf)),
      present: new Set(present),
      histories: new Map(),
    };
  }

  /** Stores some checkpoints: what they go on from, their writes, then themselves. */
  async #store(
    source: ForeignThread,
    target: Target,
    addresses: readonly CheckpointAddress[],
  ): Promise<void> {
    const tuples = await allDone(
      addresses.map(async (address) => ({ address, tuple: await source.tuple(address) })),
    );
    const found = tuples.filter((one): one is Found => one.tuple !== undefined);
    const missing = found.filter(({ address }) => !target.present.has(nameOf(address)));
    for (const one of missing) await this.#standIn(source, target, one);
    const writes = await allDone(
      found.flatMap(({ address, tuple }) =>
        tasksOf(tuple.pendingWrites ?? []).map((task) => this.#writes(target, address, task))
      ),
    );
    await allDone(missing.map(({ address, tuple }) => this.#checkpoint(target, address, tuple)));
    this.#tell({
      writes: writes.reduce((sum, count) => sum + count, 0),
      checkpoints: missing.length,
      present: found.length - missing.length,
    });
  }

  /**
   * Where the parent of a checkpoint was hidden or removed, but delta channels need what came before:
   * stores all of that as one checkpoint in its place, hidden before it is there.
   */
  async #standIn(
    source: ForeignThread,
    target: Target,
    { address, tuple }: Found,
  ): Promise<void> {
    const parentId = parentOf(tuple);
    if (parentId === undefined) return;
    const parent = { namespace: address.namespace, checkpointId: parentId };
    const name = nameOf(parent);
    if (target.listed.has(name) || target.present.has(name)) return;
    const known = target.histories.get(name) ?? {};
    const history = { ...known, ...await source.history(address, tuple) };
    if (Object.keys(history).length === Object.keys(known).length) return;
    target.histories.set(name, history);
    const stamp = this.#parts.clock.next();
    const hiding = new Hiding(this.#parts, ACTION, this.#options.signal);
    await hiding.add([{
      thread_id: target.threadId,
      checkpoint_ns: parent.namespace,
      incarnation: target.incarnation,
      checkpoint_id: parentId,
      revision: revisionOf(parentId, stamp),
    }]);
    await hiding.untilVisible();
    for (const [channel, { writes }] of Object.entries(history)) {
      const ofChannel = writes.map(([, , value]): PendingWrite => [channel, value]);
      if (writes.length === 0) continue;
      await this.#writes(target, parent, { writes: ofChannel, taskId: channel, taskPath: "" });
    }
    const seeds = Object.entries(history)
      .flatMap(([channel, { seed }]) => seed === undefined ? [] : [[channel, seed] as const]);
    const checkpoint: Checkpoint = {
      ...tuple.checkpoint,
      id: parentId,
      channel_values: Object.fromEntries(seeds),
      channel_versions: {},
      versions_seen: {},
    };
    await this.#checkpoint(target, parent, { checkpoint }, stamp);
  }

  #checkpoint(
    { threadId, run }: Target,
    { namespace, checkpointId }: CheckpointAddress,
    tuple: Pick<CheckpointTuple, "checkpoint" | "metadata" | "parentConfig">,
    stamp?: Stamp,
  ): Promise<void> {
    const { onRequest, recorder, serde, settings } = this.#parts;
    const { checkpoint, metadata = {} as CheckpointMetadata } = tuple;
    const parentId = parentOf(tuple);
    const address = { ...HERE, threadId, namespace, checkpointId: parentId, run };
    const searchKeys = searchExtra({}, metadata, settings.searchKeys);
    const put = { checkpoint, metadata, newVersions: undefined, parentId, searchExtra: searchKeys };
    return recorder.checkpoint(address, checkpointId, serde, put, onRequest, stamp);
  }

  /** Stores writes of a task; resolves to how many. */
  async #writes(
    { threadId, run }: Target,
    { namespace, checkpointId }: CheckpointAddress,
    task: TaskWrites,
  ): Promise<number> {
    const { onRequest, recorder, serde } = this.#parts;
    const address = { ...HERE, threadId, namespace, checkpointId, run };
    await recorder.writes(address, serde, task, onRequest);
    return task.writes.length;
  }

  #tell(more: Partial<MigrationProgress>): void {
    const { threads, checkpoints, writes, present } = this.#progress;
    this.#progress = {
      threads: threads + (more.threads ?? 0),
      checkpoints: checkpoints + (more.checkpoints ?? 0),
      writes: writes + (more.writes ?? 0),
      present: present + (more.present ?? 0),
    };
    this.#options.onProgress?.(this.#progress);
  }
}

/** What no run tells of the calls of a migration. */
const HERE = { byNode: false, outer: [], signal: undefined } as const;

interface Found {
  readonly address: CheckpointAddress;
  readonly tuple: CheckpointTuple;
}

function parentOf({ parentConfig }: Pick<CheckpointTuple, "parentConfig">): string | undefined {
  return parentConfig?.configurable?.checkpoint_id;
}

function nameOf({ namespace, checkpointId }: CheckpointAddress): string {
  return JSON.stringify([namespace, checkpointId]);
}
