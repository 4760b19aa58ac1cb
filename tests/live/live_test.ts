import { assert, assertEquals } from "@std/assert";
import { at, checkpointOf, LOOP } from "../saver/kit.ts";
import { contractCases } from "../saver/contract_cases.ts";
import { limitsCases } from "../saver/limits_cases.ts";
import { pruneCases } from "../saver/prune_cases.ts";
import { runDeletionCases } from "../saver/run_deletion_cases.ts";
import { threadCopyCases } from "../saver/thread_copy_cases.ts";
import { connectionFromEnvironment, LiveCluster } from "./cluster.ts";
import { runKit } from "./kit.ts";
import { answers } from "./questions.ts";

const CASES = [
  ...contractCases,
  ...limitsCases,
  ...pruneCases,
  ...runDeletionCases,
  ...threadCopyCases,
];

const connection = connectionFromEnvironment();
const cluster = connection && new LiveCluster(connection);

Deno.test({
  name: cluster
    ? `A cluster does what savers need (${cluster.description})`
    : "A cluster does what savers need: skipped, as KUSTO_CLUSTER_URI and KUSTO_DATABASE are not set",
  ignore: !cluster,
  // Connections that are kept for the next request outlive the test.
  sanitizeResources: false,
  fn: async (test) => {
    await using live = cluster!;
    await live.provision();
    // In tables of its own: the kit lists without naming a thread, from a process of its own.
    await test.step("LangGraph's own kit passes", async () => {
      const tablePrefix = `${live.prefix}kit_`;
      await live.saver({ tablePrefix }).setup({ provision: true });
      await runKit({ ...connection, tablePrefix });
    });
    for (const [number, { name, run }] of CASES.entries()) {
      await test.step(name, () => run(live, `case ${number}`));
    }
    await test.step("Deleted threads are hidden, and purged", () => purge(live));
    await test.step("What the documentation leaves open has been asked", async () => {
      for await (const answer of answers(live)) console.log(answer);
    });
  },
});

async function purge(live: LiveCluster): Promise<void> {
  const saver = live.saver();
  await saver.put(at("purged"), checkpointOf("1", { a: "x".repeat(50_000) }), LOOP, { a: 1 });
  await saver.putWrites(at("purged", "1"), [["a", 1]], "task");
  await saver.deleteThread("purged");
  const reader = await live.reader();
  assertEquals(await reader.getTuple(at("purged")), undefined);
  const { removed, left } = await reader.purgeDeletedThreads({ minimumAgeMs: 0 });
  assert(removed.checkpoints > 0 && removed.writes > 0 && removed.blobs > 0);
  assertEquals(left.checkpoints + left.writes + left.blobs, 0);
}
