// Ten thousand live threads on a cluster in simulated time: no socket, no clock.
import { type Checkpoint, emptyCheckpoint } from "@langchain/langgraph-checkpoint";
import process from "node:process";
import { KustoSaver } from "../../../mod.ts";
import { SimulatedTime } from "../../simulated_time.ts";
import { answer, cpuMs } from "./answering.ts";
import { type ClusterSize, SimulatedCluster, type Traffic } from "./simulated_cluster.ts";
import { proseOf } from "./states.ts";

/** What the program is asked for. */
export interface ScaleRequest {
  readonly cluster: ClusterSize;
  /** Savers, each as a process of its own would have it. */
  readonly processes: number;
  readonly threads: number;
  /** The mean of the pauses between a thread's steps, in milliseconds; they are distributed exponentially. */
  readonly pauseMs: number;
  /** How long to simulate, and how much of it not to count. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

/** What came of it. */
export interface Scaled {
  readonly steps: number;
  readonly failures: number;
  /** How long steps waited until they were stored, in milliseconds, in order. */
  readonly waits: readonly number[];
  readonly traffic: Traffic;
  /** Bytes that each thread takes in the memory of its process. */
  readonly bytesAThread: number;
  /** Processor time of a step, in milliseconds. */
  readonly cpuMsAStep: number;
}

const STATE_BYTES = 2_000;

/** Numbers from 0 up to 1, the same each time. */
function seeded(state: number): () => number {
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x297a2d39 | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

function heapUsed(): number {
  const { gc } = globalThis as { gc?: () => void };
  gc!();
  return process.memoryUsage().heapUsed;
}

await answer(async (request: ScaleRequest): Promise<Scaled> => {
  const time = new SimulatedTime();
  const cluster = new SimulatedCluster(time, request.cluster);
  const random = seeded(request.threads);
  const savers = Array.from({ length: request.processes }, () =>
    new KustoSaver({
      connection: "http://localhost",
      database: "NetDefaultDB",
      compression: "none",
      fetch: cluster.fetch,
      now: time.now,
      sleep: time.sleep,
      random,
    }));
  const before = { heap: heapUsed(), cpu: cpuMs() };
  const counted = time.now() + request.warmUpSeconds * 1000;
  const end = counted + request.seconds * 1000;
  const waits: number[] = [];
  let [steps, failures] = [0, 0];
  const pause = () => time.sleep(-Math.log(1 - random()) * request.pauseMs);

  async function live(number: number): Promise<void> {
    const saver = savers[number % savers.length]!;
    const thread_id = `thread-${String(number).padStart(8, "0")}`;
    // LangGraph gives all calls of a run one object.
    const control = {};
    let config = { configurable: { thread_id, checkpoint_ns: "" }, control };
    await pause();
    await saver.getTuple(config).catch(() => failures++);
    for (let step = 0; time.now() < end; step++) {
      const begun = time.now();
      const checkpoint = checkpointOf(number, step);
      const configurable = { ...config.configurable, checkpoint_id: checkpoint.id };
      const written = { configurable, control };
      const metadata = { source: "loop", step, parents: {} } as const;
      await Promise.all([
        saver.put(config, checkpoint, metadata, { messages: step + 1 }),
        saver.putWrites(written, [["messages", proseOf(step, 200)]], "task"),
      ]).then(() => {
        if (begun >= counted && time.now() < end) {
          steps++;
          waits.push(time.now() - begun);
        }
      }, () => failures++);
      config = written;
      await pause();
    }
  }

  const warmUp = time.sleep(request.warmUpSeconds * 1000).then(() => cluster.reset());
  let traffic: Traffic | undefined;
  let held = NaN;
  const over = time.sleep(end - time.now()).then(() => {
    traffic = cluster.traffic;
    held = heapUsed();
  });
  const threads = Array.from({ length: request.threads }, (_, number) => live(number));
  await time.run(Promise.all([warmUp, over, ...threads]));
  await time.run(Promise.all(savers.map((saver) => saver.close())));
  return {
    steps,
    failures,
    waits: waits.sort((a, b) => a - b),
    traffic: traffic!,
    bytesAThread: (held - before.heap) / request.threads,
    cpuMsAStep: (cpuMs() - before.cpu) / steps,
  };
});

function checkpointOf(thread: number, step: number): Checkpoint {
  const id = `1f0b6a3e-0000-6000-8000-${String(step).padStart(12, "0")}`;
  return {
    ...emptyCheckpoint(),
    id,
    channel_values: { messages: proseOf(thread + step, STATE_BYTES), step },
    channel_versions: { messages: step + 1, step: step + 1 },
  };
}
