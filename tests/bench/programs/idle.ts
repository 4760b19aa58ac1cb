// Says what a saver holds that was made, and one that has read a state and stored another.
import { emptyCheckpoint } from "@langchain/langgraph-checkpoint";
import process from "node:process";
import { KustoSaver } from "../../../mod.ts";
import { answer } from "./answering.ts";

/** What the program is asked for. */
export interface IdleRequest {
  readonly url: string;
  readonly savers: number;
}

/** Bytes that one saver holds. */
export interface Idle {
  readonly made: number;
  readonly used: number;
}

function heapUsed(): number {
  const { gc } = globalThis as { gc?: () => void };
  gc!();
  return process.memoryUsage().heapUsed;
}

await answer(async ({ url, savers: count }: IdleRequest): Promise<Idle> => {
  const open = () => new KustoSaver({ connection: url, database: "NetDefaultDB" });
  const use = async (saver: KustoSaver) => {
    const config = { configurable: { thread_id: crypto.randomUUID() } };
    const metadata = { source: "loop", step: 1, parents: {} } as const;
    await saver.getTuple(config);
    await saver.put(config, { ...emptyCheckpoint(), channel_values: { a: 1 } }, metadata);
    await saver.getTuple(config);
  };
  const first = open();
  await first.setup({ provision: true });
  await use(first);
  const before = heapUsed();
  const savers = Array.from({ length: count }, open);
  const made = heapUsed();
  for (const saver of savers) await use(saver);
  const used = heapUsed();
  for (const saver of savers) await saver.close();
  return { made: (made - before) / count, used: (used - before) / count };
});
