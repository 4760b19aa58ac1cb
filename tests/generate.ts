/**
 * Writes the files that are made of others: `deno task generate`.
 *
 * @module
 */
import { replay } from "./cli/page.ts";
import { dashboardFile } from "./generate_dashboard.ts";
import { emulatorPage } from "./generate_emulator_page.ts";
import { promisesPage } from "./generate_promises.ts";
import { provisionModule } from "./generate_provision_text.ts";
import { readAreas, ROOT } from "./mutation_kit.ts";

/** What each generated file holds, by its path from the repository's root. */
export const generated: Readonly<Record<string, () => Promise<string>>> = {
  "src/setup/provision_text.ts": async () =>
    provisionModule(await Deno.readTextFile(new URL("provision.kql", ROOT))),
  "docs/promises.md": async () => promisesPage([...(await readAreas()).values()].flat()),
  "docs/dashboard.json": dashboardFile,
  "docs/cli.md": async () => await replay(await Deno.readTextFile(new URL("docs/cli.md", ROOT))),
  "docs/emulator.md": () => Promise.resolve(emulatorPage()),
  "deno.jsr.json": async () =>
    jsrConfig(JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)))),
};

/** `deno.json` without the stand-ins for packages of JSR, with a lock of its own. */
function jsrConfig({ workspace, tasks: _, fmt: __, lint: ___, publish: ____, ...same }: Config) {
  const config = { ...same, lock: { path: "./deno.jsr.lock" }, test: { exclude: workspace } };
  return `${JSON.stringify(config, null, 2)}\n`;
}

interface Config {
  readonly workspace: readonly string[];
  readonly [name: string]: unknown;
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(generated)) {
    await Deno.writeTextFile(new URL(path, ROOT), await text());
  }
}
