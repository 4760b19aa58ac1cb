/**
 * LangGraph's own kit on the cluster of a live run: it is written for Vitest, which runs on Node.
 *
 * @module
 */
import type { KustoSaverOptions } from "../../mod.ts";

const ROOT = new URL("../../", import.meta.url);
const VITEST = "node_modules/vitest/vitest.mjs";

/**
 * Runs the kit in tables of the prefix that the connection names, which must be empty.
 *
 * @throws {Error} With what Vitest says where a test fails.
 */
export async function runKit(connection: Partial<KustoSaverOptions>): Promise<void> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", VITEST, "run", "--config", "tests/live/vitest.config.ts"],
    cwd: ROOT,
    env: {
      NO_COLOR: "1",
      KUSTO_CONNECTION: JSON.stringify(connection),
    },
  }).output();
  if (code === 0) return;
  const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
  throw new Error(`LangGraph's kit failed:\n${said}`);
}
