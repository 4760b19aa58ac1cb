/**
 * What `put` and `putWrites` are given → bytes, by the serializer.
 *
 * @module
 */
import type {
  ChannelVersions,
  Checkpoint,
  CheckpointMetadata,
  SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import { isNothing, type TypedBytes } from "../codec.ts";
import { nameOf } from "../error_name.ts";
import { KustoError, KustoInputError } from "../errors.ts";
import type { SerializedCheckpoint } from "../records.ts";

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
