/**
 * What `put` and `putWrites` were given, stored as rows that belong to the right life of their thread.
 *
 * LangGraph goes on changing what it hands over. So serialising starts and stamps are taken in the
 * tick of the call, before anything is waited for.
 *
 * @module
 */
import {
  type CheckpointMetadata,
  type PendingWrite,
  type SerializerProtocol,
  WRITES_IDX_MAP,
} from "@langchain/langgraph-checkpoint";
import type { RequestListener } from "../service/attempt.ts";
import { revisionOf, type Stamp, type StampClock } from "../clock.ts";
import type { Settings } from "../config.ts";
import type { Database } from "../database.ts";
import type { CheckpointAddress, Incarnations } from "../incarnations.ts";
import type { Lazy } from "../lazy.ts";
import { checkpointRow, RowBlobs, writeRow } from "../records.ts";
import type { RunAddress } from "../run_config.ts";
import type { WriteRow } from "../schema.ts";
import { dumpWrite, type PutArguments, serializeCheckpoint } from "./serialization.ts";
import type { RowWriter } from "./writer.ts";

/** What a {@link Recorder} works with. */
export interface RecorderParts {
  readonly settings: Settings;
  readonly clock: StampClock;
  readonly database: Lazy<Pick<Database, "store" | "writer">>;
  readonly incarnations: Incarnations;
}

/** The writes of one task. */
export interface TaskWrites {
  readonly writes: readonly PendingWrite[];
  readonly taskId: string;
  readonly taskPath: string;
}

/** Stores checkpoints and pending writes. */
export class Recorder {
  readonly #parts: RecorderParts;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
  }

  /**
   * Stores a checkpoint; `address` names its parent.
   *
   * @param stamp Decides which of several rows of the checkpoint counts.
   */
  async checkpoint(
    address: RunAddress,
    checkpointId: string,
    serde: SerializerProtocol,
    put: PutArguments,
    onRequest?: RequestListener,
    stamp = this.#parts.clock.next(),
  ): Promise<void> {
    const { database, incarnations } = this.#parts;
    const { threadId, namespace } = address;
    const deadline = this.#deadline();
    const revision = revisionOf(checkpointId, stamp);
    const own = { namespace, checkpointId };
    const above = [
      ...(put.parentId === undefined ? [] : [{ namespace, checkpointId: put.parentId }]),
      ...address.outer,
      ...outerOf(put.metadata),
    ];
    // What hangs on nothing begins anew, even with an id that was there before a deletion.
    const hangsOn = above.length === 0 ? [] : [...above, own];
    const [serialized, incarnation, { writer }] = await Promise.all([
      serializeCheckpoint(serde, put),
      this.#incarnationFor(address, hangsOn, deadline, onRequest),
      database.get(),
    ]);
    incarnations.bind(threadId, own, incarnation);
    const blobs = this.#rowBlobs(writer, threadId, incarnation);
    const key = {
      thread_id: threadId,
      checkpoint_ns: namespace,
      incarnation,
      checkpoint_id: checkpointId,
      parent_checkpoint_id: put.parentId ?? "",
      revision,
      v: put.checkpoint.v,
    };
    const rows = [await checkpointRow(key, serialized, blobs)];
    await writer.write({
      threadId,
      incarnation,
      table: "checkpoints",
      rows,
      blobs: blobs.unsent,
      deadline,
      onRequest,
    });
  }

  /** Stores the writes of a task; `address` names the checkpoint that they hang on. */
  async writes(
    address: RunAddress & CheckpointAddress,
    serde: SerializerProtocol,
    { writes, taskId, taskPath }: TaskWrites,
    onRequest?: RequestListener,
  ): Promise<void> {
    const { clock, database, incarnations } = this.#parts;
    const { threadId, namespace, checkpointId } = address;
    const deadline = this.#deadline();
    const serialized = writes.map(([channel, value], position) => ({
      channel,
      // A channel may be named like something that every object inherits.
      idx: Object.hasOwn(WRITES_IDX_MAP, channel) ? WRITES_IDX_MAP[channel]! : position,
      revision: clock.next(),
      value: dumpWrite(serde, value),
    }));
    const own = { namespace, checkpointId };
    const [incarnation, values, { writer }] = await Promise.all([
      this.#incarnationFor(address, [own, ...address.outer], deadline, onRequest),
      Promise.all(serialized.map(({ value }) => value)),
      database.get(),
    ]);
    incarnations.bind(threadId, own, incarnation);
    const unsent = new Map<string, Uint8Array>();
    const rows: WriteRow[] = [];
    for (const [position, { channel, idx, revision }] of serialized.entries()) {
      const blobs = this.#rowBlobs(writer, threadId, incarnation);
      const key = {
        thread_id: threadId,
        checkpoint_ns: namespace,
        incarnation,
        checkpoint_id: checkpointId,
        task_id: taskId,
        task_path: taskPath,
        idx,
        channel,
        revision,
      };
      rows.push(await writeRow(key, values[position]!, blobs));
      for (const [id, bytes] of blobs.unsent) unsent.set(id, bytes);
    }
    await writer.write({
      threadId,
      incarnation,
      table: "writes",
      rows,
      blobs: unsent,
      deadline,
      onRequest,
    });
  }

  #deadline(): number {
    const { now, deadlineMs } = this.#parts.settings;
    return now() + deadlineMs;
  }

  async #incarnationFor(
    address: RunAddress,
    hangsOn: readonly CheckpointAddress[],
    deadline: number,
    onRequest: RequestListener | undefined,
  ): Promise<Stamp> {
    const { database, incarnations } = this.#parts;
    const known = incarnations.forRow(address.threadId, address.run, hangsOn);
    if (known !== undefined) return known;
    const { store } = await database.get();
    return await store.heardBy(onRequest).incarnation(address.threadId, deadline);
  }

  #rowBlobs(writer: RowWriter, threadId: string, incarnation: Stamp): RowBlobs {
    const { now } = this.#parts.settings;
    return new RowBlobs((id) => writer.blobSentAt(threadId, incarnation, id), now());
  }
}

/** The checkpoints of outer namespaces that a checkpoint's metadata name. */
function outerOf({ parents = {} }: CheckpointMetadata): CheckpointAddress[] {
  return Object.entries(parents)
    .map(([namespace, checkpointId]) => ({ namespace, checkpointId }));
}
