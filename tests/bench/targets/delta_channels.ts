/**
 * Target 5: what a delta channel is rebuilt from.
 *
 * @module
 */
import { at, checkpointOf, Lab, LOOP } from "../../saver/kit.ts";
import type { Effort, Outcome } from "../catalogue.ts";
import { table } from "../report.ts";

const ANCESTORS = 1_000;

/** Counts the requests for histories of a long chain. */
export async function measureDeltaChannels({ quick }: Effort): Promise<Outcome> {
  await using lab = await Lab.open();
  const length = quick ? 50 : ANCESTORS;
  const straight = names("a", length);
  await writeChain(lab, "straight", straight);
  // Ids follow the clock of the process that minted them: the older half is of one that was ahead.
  const bent = [...names("b", length / 2), ...names("a", length / 2)];
  await writeChain(lab, "bent", bent);
  const deltaRequests = await countRequests(lab, "straight", straight);
  const withJump = await countRequests(lab, "bent", bent);
  return {
    values: { deltaRequests, deltaJump: withJump - deltaRequests },
    details: table([
      [`${length} ancestors`, "requests"],
      ["in the order of their ids", String(deltaRequests)],
      ["the older half under greater ids", String(withJump)],
    ]),
  };
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}-${String(n).padStart(6, "0")}`);
}

async function writeChain(lab: Lab, thread: string, ids: readonly string[]): Promise<void> {
  const saver = lab.saver();
  await saver.getTuple(at(thread));
  await Promise.all(ids.map(async (id, n) => {
    const values: Record<string, unknown> = n === 0 ? { log: ["start"] } : {};
    await saver.put(at(thread, ids[n - 1]), checkpointOf(id, values), LOOP, {});
    await saver.putWrites(at(thread, id), [["log", n]], "task");
  }));
}

async function countRequests(lab: Lab, thread: string, ids: readonly string[]): Promise<number> {
  const saver = lab.saver();
  lab.requests();
  const config = at(thread, ids.at(-1));
  const { log } = await saver.getDeltaChannelHistory({ config, channels: ["log"] });
  if (log?.writes.length !== ids.length - 1) throw new Error("A history is not whole");
  return lab.requests().length;
}
