/**
 * Runs many threads for many steps on one saver, and says at ten moments of rest what the process holds.
 *
 *     soak_child.ts URL THREADS STEPS
 *
 * @module
 */
import { KustoSaver } from "../../mod.ts";
import { at, checkpointOf, LOOP } from "./kit.ts";

/** What the process holds at a moment of rest. */
export interface Holding {
  readonly steps: number;
  readonly heapBytes: number;
  readonly timers: number;
  readonly requests: number;
  readonly listeners: number;
  readonly openFiles: number;
}

const SAMPLES = 10;
/** What all steps store together, so that a saver that keeps it would be noticed however few they are. */
const STORED_BYTES = 12_000_000;

/** Counts timers that have neither fired nor been cleared. */
function countTimers(): () => number {
  const open = new Set<unknown>();
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  globalThis.setTimeout = ((work: () => void, ms?: number) => {
    const timer: unknown = set(() => {
      open.delete(timer);
      work();
    }, ms);
    open.add(timer);
    return timer;
  }) as typeof setTimeout;
  globalThis.clearTimeout = (timer) => {
    open.delete(timer);
    clear(timer);
  };
  return () => open.size;
}

/** Counts the listeners of a signal that lives as long as the process, as a server's does. */
function countListeners(signal: AbortSignal): () => number {
  let count = 0;
  const add = signal.addEventListener.bind(signal) as (...args: unknown[]) => void;
  const remove = signal.removeEventListener.bind(signal) as (...args: unknown[]) => void;
  signal.addEventListener = (...args: unknown[]) => {
    count++;
    add(...args);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    count--;
    remove(...args);
  };
  return () => count;
}

/** Files and sockets that are open; 0 where the system does not tell. */
function openFiles(): number {
  try {
    return [...Deno.readDirSync("/proc/self/fd")].length;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

interface Work {
  readonly saver: KustoSaver;
  readonly signal: AbortSignal;
  /** What the steps store. */
  readonly text: string;
}

async function step({ saver, signal, text }: Work, thread: string, number: number) {
  const id = (n: number) => String(n).padStart(8, "0");
  const config = at(thread, number === 0 ? undefined : id(number - 1));
  await saver.getTuple({ ...at(thread), signal });
  await saver.putWrites(at(thread, id(number)), [["log", number]], `task ${number}`);
  const values = { log: text, step: number };
  await saver.put(config, checkpointOf(id(number), values), LOOP, { log: number, step: number });
}

if (import.meta.main) {
  const [url, threads, steps] = [Deno.args[0]!, Number(Deno.args[1]), Number(Deno.args[2])];
  const timers = countTimers();
  const { signal } = new AbortController();
  const listeners = countListeners(signal);
  let requests = 0;
  const saver = new KustoSaver({
    connection: url,
    database: "NetDefaultDB",
    fetch: async (input, init) => {
      requests++;
      try {
        return await fetch(input, init);
      } finally {
        requests--;
      }
    },
  });
  const text = "x".repeat(STORED_BYTES / (threads * steps));
  const work = { saver, signal, text };
  for (let done = 0; done < steps; done++) {
    await Promise.all(
      Array.from({ length: threads }, (_, n) => step(work, `thread ${n}`, done)),
    );
    if ((done + 1) % Math.ceil(steps / SAMPLES) > 0) continue;
    await saver.flush();
    (globalThis as unknown as { gc(): void }).gc();
    const holding: Holding = {
      steps: (done + 1) * threads,
      heapBytes: Deno.memoryUsage().heapUsed,
      timers: timers(),
      requests,
      listeners: listeners(),
      openFiles: openFiles(),
    };
    console.log(JSON.stringify(holding));
  }
  await saver.close();
}
