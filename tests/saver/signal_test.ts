import { assert, assertEquals, assertRejects } from "@std/assert";
import { countListeners } from "../listeners.ts";
import { at, checkpointOf, Lab, LOOP } from "./kit.ts";

const enough = new RangeError("enough");

/** A run's configuration with a signal, as LangGraph hands it on. */
function running(signal: AbortSignal, checkpointId?: string) {
  return { ...at("t", checkpointId), signal };
}

/** A fetch that hands requests on once it is let, unless they are given up. */
function held(fetch: typeof globalThis.fetch) {
  const { promise, resolve } = Promise.withResolvers<void>();
  let sent = 0;
  let announce = () => {};
  return {
    release: resolve,
    sent: () => sent,
    /** Resolves when so many requests have come. */
    come: (count: number) =>
      new Promise<void>((resolve) => {
        announce = () => sent >= count && resolve();
        announce();
      }),
    fetch: async (url: string | URL | Request, init?: RequestInit) => {
      sent++;
      announce();
      const aborted = new Promise<never>((_, reject) => {
        init?.signal?.addEventListener("abort", () => reject(init.signal?.reason), { once: true });
      });
      await Promise.race([promise, aborted]);
      return await fetch(url, init);
    },
  };
}

Deno.test("Reads end with the reason of the run's signal, and send nothing once it is aborted", async () => {
  await using lab = await Lab.open();
  const line = held(lab.emulator.fetch);
  const saver = lab.saver({ fetch: line.fetch });
  const reads = (config: ReturnType<typeof running>): (() => Promise<unknown>)[] => [
    () => saver.getTuple(config),
    () => Array.fromAsync(saver.list(config)),
    () => saver.getDeltaChannelHistory({ config, channels: ["log"] }),
  ];
  const caller = new AbortController();
  const waiting = reads(running(caller.signal))
    .map((read) => assertRejects(read, RangeError, "enough"));
  await line.come(3);
  caller.abort(enough);
  await Promise.all(waiting);
  for (const read of reads(running(caller.signal))) await assertRejects(read, RangeError, "enough");
  assertEquals(line.sent(), 3);
});

Deno.test("A put and putWrites whose run is aborted are stored when they resolve", async () => {
  await using lab = await Lab.open();
  const line = held(lab.emulator.fetch);
  const saver = lab.saver({ fetch: line.fetch });
  const caller = new AbortController();
  const writing = [
    saver.put(running(caller.signal), checkpointOf("1", { a: 1 }), LOOP, { a: 1 }),
    saver.putWrites(running(caller.signal, "1"), [["a", 1]], "task"),
  ];
  caller.abort(enough);
  line.release();
  await Promise.all(writing);
  const tuple = await lab.saver().getTuple(at("t"));
  assertEquals([tuple?.checkpoint.id, tuple?.pendingWrites?.length], ["1", 1]);
});

Deno.test("A saver leaves no listener on the run's signal, with requests that fail and wait too", async () => {
  await using lab = await Lab.open();
  let count = 0;
  const saver = lab.saver({
    retryBackoffMs: 1,
    maxRetries: Infinity,
    fetch: (url, init) =>
      ++count % 7 === 0
        ? lab.emulator.fetch(url, init)
        : Promise.resolve(new Response("", { status: 503 })),
  });
  const { signal } = new AbortController();
  const listeners = countListeners(signal);
  const config = running(signal);
  await saver.put(config, checkpointOf("1", { a: 1 }), LOOP, { a: 1 });
  await saver.getTuple(config);
  await saver.getTuple(running(signal, "missing"));
  await Array.fromAsync(saver.list(config));
  await saver.getDeltaChannelHistory({ config, channels: ["log"] });
  assert(count > 14);
  assert(listeners.added() > 14);
  assertEquals(listeners.left(), 0);
});
