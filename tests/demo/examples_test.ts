import { assertEquals, assertStringIncludes } from "@std/assert";
import { KustoEmulator } from "../../src/emulator/mod.ts";
import { type Outcome, run } from "./kit.ts";

async function example(name: string, environment: Record<string, string> = {}): Promise<Outcome> {
  return await run(new URL(`../../examples/${name}`, import.meta.url), [], { environment });
}

Deno.test("the quick start goes one step further with each run", async () => {
  const { code, output, errors } = await example("quickstart.ts");
  assertEquals([code, errors], [0, ""]);
  assertEquals(output.split("\n").slice(0, 3), [
    "first run   step 1",
    "second run  step 1, step 2",
    "third run   step 1, step 2, step 3",
  ]);
});

Deno.test("the remote example keeps its thread in the cluster that the environment names", async () => {
  await using emulator = new KustoEmulator();
  const { url } = await emulator.listen({ port: 0 });
  assertEquals((await example("remote.ts", { KUSTO_CLUSTER_URI: url })).output, "run 1\n");
  assertEquals((await example("remote.ts", { KUSTO_CLUSTER_URI: url })).output, "run 1, run 2\n");
});

Deno.test("the remote example says what it needs when no cluster is named", async () => {
  const { code, errors } = await example("remote.ts");
  assertEquals(code, 2);
  assertStringIncludes(errors, "KUSTO_CLUSTER_URI is not set");
});
