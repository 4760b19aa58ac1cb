/**
 * LangGraph's checkpoints and tuples ↔ what rows hold, through the serializer.
 *
 * @module
 */
import {
  type ChannelVersions,
  type Checkpoint,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  JsonPlusSerializer,
  maxChannelVersion,
  type SerializerProtocol,
  TASKS,
} from "@langchain/langgraph-checkpoint";
import type { RunnableConfig } from "@langchain/core/runnables";
import { type BlobChunks, readCheckpoint, readWrite } from "./reading/assembly.ts";
import { isNothing, type TypedBytes } from "./codec.ts";
import { KustoError, KustoInputError, KustoStateError } from "./errors.ts";
import type { SerializedCheckpoint } from "./records.ts";
import type { WriteRow } from "./schema.ts";
import type { StoredCheckpoint } from "./reading/stored_checkpoint.ts";

/** Serialises a value, in the tick of the call as far as the serializer does. */
export async function dump(serde: SerializerProtocol, value: unknown): Promise<TypedBytes> {
  // A serializer may hand out the very bytes it was given, which the graph may go on changing.
  const own = value instanceof Uint8Array ? new Uint8Array(value) : value;
  try {
    const [type, bytes] = await serde.dumpsTyped(own);
    return { type, bytes };
  } catch (cause) {
    if (cause instanceof KustoError) throw cause;
    throw new KustoInputError(
      `Cannot store a value: the serializer threw ${
        nameOf(cause)
      }, use values that it has a form for or pass another one ("serde")`,
      { cause },
    );
  }
}

/** Serialises the value of a write; what the serializer has no form for comes back as `undefined`. */
export async function dumpWrite(serde: SerializerProtocol, value: unknown): Promise<TypedBytes> {
  const dumped = await dump(serde, value);
  return isNothing(dumped) ? await dump(serde, undefined) : dumped;
}

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

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

/** What `put` was given. */
export interface PutArguments {
  readonly checkpoint: Checkpoint;
  readonly metadata: CheckpointMetadata;
  readonly newVersions: ChannelVersions | undefined;
  readonly parentId: string | undefined;
  /** Scalars beside the metadata that `list` may filter on. */
  readonly searchExtra: Readonly<Record<string, unknown>>;
}

/** Serialises a checkpoint; all values are taken in the tick of the call, as the graph changes them later. */
export async function serializeCheckpoint(
  serde: SerializerProtocol,
  args: PutArguments,
): Promise<SerializedCheckpoint> {
  const { channel_values: values = {}, ...rest } = args.checkpoint;
  const channels = storedChannels(args);
  const undefinedChannels = new Set(channels.filter((channel) => values[channel] === undefined));
  const [checkpoint, metadata, allValues] = await Promise.all([
    dump(serde, rest),
    dump(serde, args.metadata),
    Promise.all(
      channels.map(async (channel) => [channel, await dump(serde, values[channel])] as const),
    ),
  ]);
  const channelValues = allValues.filter(([, value]) => !isNothing(value));
  const { searchExtra } = args;
  return { checkpoint, metadata, channelValues, undefinedChannels, searchExtra };
}

/**
 * The channels whose values a checkpoint's row holds: all that LangGraph hands over. Only a first
 * checkpoint carries nothing over, so of its versioned channels only the new ones are its own; a
 * fork is a first checkpoint too, but a copy that carries everything over.
 */
function storedChannels({ checkpoint, metadata, newVersions, parentId }: PutArguments): string[] {
  const channels = Object.keys(checkpoint.channel_values ?? {});
  if (parentId !== undefined || newVersions === undefined || metadata.source === "fork") {
    return channels;
  }
  return channels.filter((channel) =>
    !Object.hasOwn(checkpoint.channel_versions ?? {}, channel) ||
    Object.hasOwn(newVersions, channel)
  );
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

/** A configuration that addresses a checkpoint, and nothing else. */
export function configOf(
  threadId: string,
  namespace: string,
  checkpointId: string,
): RunnableConfig {
  return {
    configurable: {
      thread_id: threadId,
      checkpoint_ns: namespace,
      checkpoint_id: checkpointId,
    },
  };
}
