import { assertEquals } from "@std/assert";
import { KustoEmulator } from "../../src/emulator/mod.ts";

// Bun and Node do the same in tests/runtimes/runtimes.ts.
Deno.test("A process ends before its buffered rows are stored, whatever they wait for", async () => {
  await using kusto = new KustoEmulator();
  const { url } = await kusto.listen();
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", "tests/runtimes/ending.ts", url],
    cwd: new URL("../..", import.meta.url),
    // It would stay for an hour.
    signal: AbortSignal.timeout(300_000),
  }).output();
  assertEquals([success, new TextDecoder().decode(stdout).trim()], [true, "left rows behind"]);
});
