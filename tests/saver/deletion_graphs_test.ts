import { assertEquals } from "@std/assert";
import { RunControl } from "@langchain/langgraph";
import { Gate, halting } from "./deletion_kit.ts";
import { at, Lab } from "./kit.ts";

for (const durability of ["sync", "async", "exit"] as const) {
  for (const remember of [false, true]) {
    const what = `${durability}, a subgraph that ${remember ? "remembers" : "forgets"}`;
    Deno.test(`A graph whose thread is deleted while it runs leaves nothing: ${what}`, async () => {
      await using lab = await Lab.open();
      for (const deleter of ["own", "other"]) {
        const own = lab.saver();
        const config = { configurable: { thread_id: `t ${deleter}` }, durability };
        const gate = new Gate();
        const run = halting(own, gate.pass, remember).invoke({ log: ["in"] }, config);
        await gate.reached;
        await (deleter === "own" ? own : lab.saver()).deleteThread(`t ${deleter}`);
        gate.open();
        assertEquals((await run).log.at(-1), "after");
        for (const reader of [own, lab.saver()]) {
          assertEquals(await Array.fromAsync(reader.list({})), [], deleter);
          assertEquals(await reader.getTuple(at(`t ${deleter}`)), undefined);
        }

        const again = halting(lab.saver(), () => Promise.resolve(), remember);
        const { log } = await again.invoke({ log: ["new"] }, config);
        const state = await halting(own, gate.pass, remember).getState(config);
        assertEquals(state.values, { log });
        assertEquals(
          log.filter((entry) => entry === "new" || entry === "in").includes("in"),
          false,
        );
        await own.deleteThread(`t ${deleter}`);
      }
    });
  }
}

Deno.test("A control that one process shares among its runs does not hide what comes after a deletion", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const graph = halting(saver, () => Promise.resolve(), false);
  const config = { configurable: { thread_id: "t" }, control: new RunControl() };
  await graph.invoke({ log: ["first"] }, config);
  await lab.saver().deleteThread("t");
  const { log } = await graph.invoke({ log: ["second"] }, config);
  assertEquals(
    (await halting(lab.saver(), () => Promise.resolve(), false).getState(config)).values,
    {
      log,
    },
  );
});

for (const durability of ["async", "exit"] as const) {
  Deno.test(`A control that runs share while one of them loses its thread tells them apart: ${durability}`, async () => {
    await using lab = await Lab.open();
    const saver = lab.saver();
    const config = { configurable: { thread_id: "t" }, control: new RunControl(), durability };
    const gate = new Gate();
    const late = halting(saver, gate.pass, true).invoke({ log: ["late"] }, config);
    await gate.reached;
    await lab.saver().deleteThread("t");
    const open = () => Promise.resolve();
    const { log } = await halting(saver, open, true).invoke({ log: ["new"] }, config);
    gate.open();
    assertEquals((await late).log[0], "late");
    const state = await halting(lab.saver(), open, true).getState(config);
    assertEquals(state.values, { log });
    const all = await Array.fromAsync(lab.saver().list(at("t")), (tuple) => tuple.checkpoint);
    assertEquals(all.some(({ channel_values }) => `${channel_values.log}`.includes("late")), false);
  });
}
