// Makes calls of one saver, or of the floor, and says what processor time they took.
import type { Checkpoint, CheckpointMetadata } from "@langchain/langgraph-checkpoint";
import type { CallName } from "../catalogue.ts";
import { answer, cpuMs } from "./answering.ts";
import { Floor } from "./floor.ts";
import { openSaver } from "./savers.ts";
import { CHECKPOINT_QUERY, CHECKPOINTS } from "./sdk_saver.ts";
import { proseOf } from "./states.ts";

/** Whose calls are measured. */
export type Caller = "KustoSaver" | "SDK" | "floor";

/** What the program is asked for: to store a state of some size, or to make calls with it. */
export type CpuRequest =
  | { readonly open: Caller; readonly port: number; readonly bytes: number }
  | { readonly gzip: number; readonly count: number }
  | {
    readonly caller: Caller;
    readonly bytes: number;
    readonly call: CallName;
    readonly count: number;
  };

/** What some calls took. */
export interface CpuRun {
  /** Processor time of one call, in microseconds. */
  readonly microseconds: number;
}

/** What it takes to compress a state, and what that saves. */
export interface GzipRun extends CpuRun {
  readonly bytes: number;
  readonly packed: number;
}

const MESSAGE_BYTES = 400;
const METADATA: CheckpointMetadata = { source: "loop", step: 7, parents: {} };

interface Calls {
  put(checkpoint: Checkpoint): Promise<unknown>;
  getTuple(): Promise<unknown>;
}

async function open(caller: Caller, port: number, thread: string): Promise<Calls> {
  if (caller === "floor") {
    // It uses the tables of the other, which makes them.
    await openSaver("SDK", port);
    const floor = new Floor(`http://127.0.0.1:${port}`, CHECKPOINT_QUERY, CHECKPOINTS);
    return {
      put: (checkpoint) => floor.put(thread, checkpoint, METADATA),
      getTuple: () => floor.getTuple(thread),
    };
  }
  const { saver: writer } = await openSaver(caller, port);
  const { saver: reader } = await openSaver(caller, port);
  const config = { configurable: { thread_id: thread, checkpoint_ns: "" } };
  const parent = { configurable: { ...config.configurable, checkpoint_id: idOf(0) } };
  await writer.getTuple(config);
  return {
    put: (checkpoint) =>
      writer.put(parent, checkpoint, METADATA, { messages: checkpoint.channel_versions.messages! }),
    getTuple: () => reader.getTuple(config),
  };
}

/** A conversation of so many bytes whose last message is another each time. */
class Conversation {
  readonly #messages: readonly object[];
  #step = 0;

  constructor(bytes: number) {
    const count = Math.max(1, Math.floor(bytes / (MESSAGE_BYTES + 80)));
    this.#messages = Array.from({ length: count }, (_, n) => messageOf(n));
  }

  next(): Checkpoint {
    const step = this.#step++;
    const messages = [...this.#messages.slice(1), messageOf(10_000 + step)];
    const versions = { __start__: 2, messages: step + 3, "branch:to:agent": step + 3 };
    return {
      v: 4,
      id: idOf(step),
      ts: "2026-01-01T00:00:00.000Z",
      channel_values: { messages, step, __pregel_tasks: [] },
      channel_versions: versions,
      versions_seen: {
        __input__: {},
        __start__: { __start__: 1 },
        agent: { "branch:to:agent": step + 2 },
      },
    };
  }
}

function messageOf(n: number): object {
  return {
    id: `message-${String(n).padStart(6, "0")}`,
    role: n % 2 === 0 ? "user" : "assistant",
    content: proseOf(n, MESSAGE_BYTES),
  };
}

function idOf(step: number): string {
  return `1f0b6a3e-0000-6000-8000-${String(step).padStart(12, "0")}`;
}

const opened = new Map<string, { calls: Calls; states: Conversation }>();

/** Compresses as the library does where it is told to. */
async function compress(size: number, count: number): Promise<GzipRun> {
  const text = new TextEncoder().encode(JSON.stringify(new Conversation(size).next()));
  let packed = 0;
  const before = cpuMs();
  for (let n = 0; n < count; n++) {
    const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
    packed = (await new Response(stream).arrayBuffer()).byteLength;
  }
  return { microseconds: (cpuMs() - before) * 1000 / count, bytes: text.length, packed };
}

await answer(async (request: CpuRequest): Promise<CpuRun | GzipRun | object> => {
  if ("open" in request) {
    const calls = await open(request.open, request.port, `${request.open} ${request.bytes}`);
    const states = new Conversation(request.bytes);
    await calls.put(states.next());
    if (!await calls.getTuple()) throw new Error("The state is not there");
    opened.set(`${request.open} ${request.bytes}`, { calls, states });
    return {};
  }
  if ("gzip" in request) return await compress(request.gzip, request.count);
  const { calls, states } = opened.get(`${request.caller} ${request.bytes}`)!;
  const checkpoints = Array.from({ length: request.count }, () => states.next());
  const before = cpuMs();
  for (const checkpoint of checkpoints) {
    if (request.call === "put") await calls.put(checkpoint);
    else await calls.getTuple();
  }
  return { microseconds: (cpuMs() - before) * 1000 / request.count } satisfies CpuRun;
});
