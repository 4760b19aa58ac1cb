/**
 * What was measured, in the README and in `docs/performance.md`: the parts between marks are written by
 * `deno task bench --write`.
 *
 * @module
 */
import { root, run } from "../runtimes/tools.ts";
import { type Group, GROUPS } from "./catalogue.ts";
import { peers } from "./kit/peers.ts";
import { targetTable, type Values } from "./report.ts";

/** What one run found. */
export interface Findings {
  readonly values: Values;
  /** The tables of each group that was measured. */
  readonly details: Partial<Readonly<Record<Group, string>>>;
  /** On what, with what, and when. */
  readonly machine: string;
}

/** A text with the part between two marks replaced. */
export function replacePart(text: string, name: string, part: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`There is no part "${name}"`);
  return `${text.slice(0, from)}${begin}\n\n${part}\n\n${text.slice(to)}`;
}

/** Writes both pages. */
export async function writePages({ values, details, machine }: Findings): Promise<void> {
  await rewrite(
    "README.md",
    (text) => replacePart(text, "performance", `${targetTable(values)}\n\n${machine}`),
  );
  await rewrite("docs/performance.md", (text) =>
    Object.entries(details).reduce(
      (page, [group, tables]) =>
        replacePart(page, `measured: ${GROUPS[group as Group].toLowerCase()}`, tables),
      replacePart(text, "machine", machine),
    ));
  await run(Deno.execPath(), ["fmt", "--quiet", "README.md", "docs/performance.md"]);
}

async function rewrite(path: string, change: (text: string) => string): Promise<void> {
  await Deno.writeTextFile(root + path, change(await Deno.readTextFile(root + path)));
}

/** The machine, the versions and the date, in a sentence. */
export async function describeMachine(versions: Readonly<Record<string, string>>): Promise<string> {
  const processors = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  const model = /^model name\s*: (.*)$/m.exec(processors)?.[1] ?? Deno.build.arch;
  const gigabytes = Math.round(Deno.systemMemoryInfo().total / 2 ** 30);
  const installed = Object.entries({ ...versions, ...peers })
    .map(([name, version]) => `${name.includes("/") ? `\`${name}\`` : name} ${version}`);
  const date = new Date().toISOString().slice(0, 10);
  return `Measured on ${date} by \`deno task bench\` on ${navigator.hardwareConcurrency} cores ` +
    `(${model}) with ${gigabytes} GB: ${installed.join(", ")}.`;
}
