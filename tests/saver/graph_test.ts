import { assert, assertEquals } from "@std/assert";
import { comparable, type Durability, type Scenario, SCENARIOS } from "./graph_kit.ts";
import { Lab } from "./kit.ts";
import { MemorySaverAdapter } from "./memory_saver_adapter.ts";

const DURABILITIES: readonly Durability[] = ["sync", "async", "exit"];

async function inMemory({ run }: Scenario, durability: Durability): Promise<unknown> {
  const saver = new MemorySaverAdapter();
  return comparable(await run(() => saver, durability));
}

/** Compares line by line, as whole histories are too long to read. */
function assertSame(actual: unknown, expected: unknown) {
  const [ours, theirs] = [actual, expected].map((value) => lines(value));
  const at = ours!.findIndex((line, n) => line !== theirs![n]);
  const excerpt = (all: string[]) => all.slice(Math.max(0, at - 12), at + 6);
  if (at >= 0) assertEquals(excerpt(ours!), excerpt(theirs!));
  assertEquals(ours!.length, theirs!.length);
}

function lines(value: unknown): string[] {
  return JSON.stringify(value, null, 1).split("\n");
}

for (const durability of DURABILITIES) {
  for (const scenario of SCENARIOS) {
    Deno.test(`A graph gives what it gives in memory: ${scenario.name}, ${durability}`, async () => {
      await using lab = await Lab.open();
      const outcome = comparable(await scenario.run(() => lab.saver(), durability));
      assertSame(outcome, await inMemory(scenario, durability));
      assert(JSON.stringify(outcome).length > 500, "the scenario shows something");
    });
  }
}
