import { assert, assertEquals } from "@std/assert";
import { EncryptedSerializer } from "../../src/encryption/mod.ts";
import { DISTURBANCES } from "./differential_kit.ts";
import {
  assertSame,
  comparable,
  type Durability,
  type Scenario,
  SCENARIOS,
  seeded,
} from "./graph_kit.ts";
import { at, Lab } from "./kit.ts";
import { MemorySaverAdapter } from "./memory_saver_adapter.ts";

const DURABILITIES: readonly Durability[] = ["sync", "async", "exit"];

async function inMemory({ run }: Scenario, durability: Durability): Promise<unknown> {
  const saver = new MemorySaverAdapter();
  return comparable(await run(() => saver, durability));
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

for (const scenario of SCENARIOS) {
  Deno.test(`A graph gives what it gives in memory though all is encrypted: ${scenario.name}`, async () => {
    await using lab = await Lab.open();
    const key = new Uint8Array(32).fill(7);
    const serde = new EncryptedSerializer({ keys: [{ id: "k", key }] });
    const outcome = comparable(await scenario.run(() => lab.saver({ serde }), "async"));
    assertSame(outcome, await inMemory(scenario, "async"));
  });
}

for (const scenario of SCENARIOS) {
  Deno.test(`A graph reads its own writes before they are visible: ${scenario.name}`, async () => {
    const now = () => Date.parse("2026-01-01T00:00:00Z");
    await using lab = await Lab.open({ now, visibilityDelayMs: 10_000 });
    const saver = lab.saver({ now });
    const outcome = comparable(await scenario.run(() => saver, "async"));
    assertSame(outcome, await inMemory(scenario, "async"));
    assertEquals(await lab.saver({ now }).getTuple(at("t")), undefined);
  });
}

for (const durability of DURABILITIES) {
  for (const scenario of SCENARIOS) {
    Deno.test(`A graph does not notice a service in trouble: ${scenario.name}, ${durability}`, async () => {
      await using lab = await Lab.open({ random: seeded(7) });
      for (const kind of DISTURBANCES) {
        lab.emulator.trouble.add({ kind, rate: 0.3 / DISTURBANCES.length });
      }
      const sleep = () => Promise.resolve();
      const open = () => lab.saver({ sleep, maxRetries: Infinity, deadlineMs: 600_000 });
      const outcome = comparable(await scenario.run(open, durability));
      assertSame(outcome, await inMemory(scenario, durability));
      assert(lab.emulator.requests.records.some(({ status }) => status !== 200));
    });
  }
}

Deno.test("getNextVersion() works apart from its saver, as older releases of LangGraph call it", async () => {
  await using lab = await Lab.open();
  const { getNextVersion } = lab.saver();
  assertEquals(getNextVersion(1), 2);
  assertEquals(typeof getNextVersion(undefined), "string");
});
