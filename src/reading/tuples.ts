/**
 * What rows hold → LangGraph's tuples, through the serializer.
 *
 * @module
 */
import {
  type Checkpoint,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  JsonPlusSerializer,
  maxChannelVersion,
  type SerializerProtocol,
  TASKS,
} from "@langchain/langgraph-checkpoint";
import { type BlobChunks, readCheckpoint, readWrite } from "./assembly.ts";
import type { TypedBytes } from "../codec.ts";
import { nameOf } from "../error_name.ts";
import { KustoError, KustoStateError } from "../errors.ts";
import { configOf } from "../run_config.ts";
import type { WriteRow } from "../schema.ts";
import type { StoredCheckpoint } from "./stored_checkpoint.ts";

/**
 * Reads a value back.
 *
 * @throws {KustoStateError} If the serializer cannot; without what it threw, whose message may quote the value.
 */
export async function load(
  serde: SerializerProtocol,
  value: TypedBytes,
): Promise<unknown> {
  const { type, text } = value;
  // LangGraph's own reads text as it is; others may expect what they made.
  const readsText = serde.constructor === JsonPlusSerializer;
  try {
    return await serde.loadsTyped(type, readsText && text !== undefined ? text : value.bytes);
  } catch (error) {
    if (error instanceof KustoError) throw error;
    throw new KustoStateError(
      `Cannot read a stored value of the type "${type}": the serializer threw ${
        nameOf(error)
      }, pass the one ("serde") that stored it`,
    );
  }
}

/** Reads one pending write. */
export async function loadWrite(
  serde: SerializerProtocol,
  row: WriteRow,
  blobs: BlobChunks,
): Promise<CheckpointPendingWrite> {
  return [row.task_id, row.channel, await load(serde, await readWrite(row, blobs))];
}

/** Reads a stored checkpoint as the tuple that LangGraph wants. */
export async function loadTuple(
  serde: SerializerProtocol,
  stored: StoredCheckpoint,
  firstVersion: () => number,
): Promise<CheckpointTuple> {
  const { row, blobs } = stored;
  const content = await readCheckpoint(row, blobs);
  const [rest, metadata, values, pendingWrites, sends] = await Promise.all([
    load(serde, content.checkpoint) as Promise<Omit<Checkpoint, "channel_values">>,
    load(serde, content.metadata) as Promise<CheckpointMetadata>,
    Promise.all(
      content.channelValues.map(async ([channel, value]) =>
        [channel, await load(serde, value)] as const
      ),
    ),
    Promise.all(stored.writes.map((write) => loadWrite(serde, write, blobs))),
    Promise.all(
      stored.parentWrites.filter((write) => write.channel === TASKS)
        .map(async (write) => load(serde, await readWrite(write, blobs))),
    ),
  ]);
  const checkpoint: Checkpoint = {
    ...rest,
    channel_values: Object.fromEntries(values),
    channel_versions: rest.channel_versions ?? {},
    versions_seen: rest.versions_seen ?? {},
  };
  const { thread_id: threadId, checkpoint_ns: namespace, parent_checkpoint_id: parentId } = row;
  if (checkpoint.v < 4 && parentId !== "") addSends(checkpoint, sends, firstVersion);
  return {
    config: configOf(threadId, namespace, row.checkpoint_id),
    checkpoint,
    metadata,
    pendingWrites,
    ...(parentId !== "" && { parentConfig: configOf(threadId, namespace, parentId) }),
  };
}

/** Before version 4 LangGraph kept a step's sends as writes of the parent, now as a channel. */
function addSends(checkpoint: Checkpoint, sends: unknown[], firstVersion: () => number): void {
  checkpoint.channel_values[TASKS] = sends;
  const versions = Object.values(checkpoint.channel_versions);
  checkpoint.channel_versions[TASKS] = versions.length > 0
    ? maxChannelVersion(...versions)
    : firstVersion();
}
