// Runs workloads on one saver, step by step as LangGraph does, and says what they take.
import { type BaseCheckpointSaver, emptyCheckpoint, uuid6 } from "@langchain/langgraph-checkpoint";
import { gzipSync } from "node:zlib";
import { answer } from "./answering.ts";
import { openSaver, type SaverName } from "./savers.ts";
import { proseOf } from "./states.ts";

/** What the program is asked for. */
export interface StorageRequest {
  readonly saver: SaverName;
  readonly port: number;
  readonly workload: Workload;
  readonly steps: number;
}

/** What a workload took. */
export interface Stored {
  /** Bytes of bodies, compressed; 0 for savers that send none. */
  readonly packed: number;
  /** Bytes of rows: before compression, or the size of the tables. */
  readonly kept: number;
}

/** What a state is like. */
export type Workload = "conversation" | "document" | "wide";

type State = Record<string, unknown>;

/** The state after a step; channels that did not change are the same objects. */
const WORKLOADS: Readonly<Record<Workload, (step: number, before: State) => State>> = {
  conversation: (step, { messages = [] }) => ({
    messages: [...messages as unknown[], { role: "user", content: proseOf(step, 400) }],
  }),
  document: (step, { document = proseOf(0, 500_000) }) => ({ document, page: step }),
  wide: (step, before) =>
    Object.fromEntries(Array.from({ length: 500 }, (_, n) => {
      const name = `channel ${n}`;
      const isChanged = step === 0 || n % 100 === step % 100;
      return [name, isChanged ? proseOf(step * 500 + n, 100) : before[name]];
    })),
};

await answer(async ({ saver: name, port, workload, steps }: StorageRequest): Promise<Stored> => {
  let [packed, rows] = [0, 0];
  const { saver, tableBytes } = await openSaver(name, port, (body) => {
    packed += gzipSync(body).length;
    rows += body.length;
  });
  const before = await tableBytes?.() ?? 0;
  await runSteps(saver, workload, steps);
  return { packed, kept: tableBytes ? await tableBytes() - before : rows };
});

async function runSteps(saver: BaseCheckpointSaver, workload: Workload, steps: number) {
  const thread_id = crypto.randomUUID();
  let config = { configurable: { thread_id, checkpoint_ns: "" } };
  let state: State = {};
  const versions: Record<string, number> = {};
  await saver.getTuple(config);
  for (let step = 0; step < steps; step++) {
    const next = WORKLOADS[workload](step, state);
    const changed = Object.keys(next).filter((channel) => next[channel] !== state[channel]);
    const newVersions = Object.fromEntries(changed.map((channel) => [channel, step + 1]));
    Object.assign(versions, newVersions);
    const checkpoint = {
      ...emptyCheckpoint(),
      id: uuid6(step),
      channel_values: next,
      channel_versions: { ...versions },
    };
    const metadata = { source: "loop", step, parents: {} } as const;
    const written = { configurable: { ...config.configurable, checkpoint_id: checkpoint.id } };
    await Promise.all([
      saver.putWrites(written, changed.map((channel) => [channel, next[channel]]), "task"),
      saver.put(config, checkpoint, metadata, newVersions),
    ]);
    config = written;
    state = next;
  }
}
