/**
 * Measures the library beside its peers, on this machine, in one run: `deno task bench`.
 *
 *     deno task bench [--quick] [--only GROUP,GROUP] [--write]
 *
 * `--write` puts the tables into the README and docs/performance.md, `--quick` only shows that all of it
 * works.
 *
 * Each line of the table has a bound, and none fails the run: times depend on the machine, ratios do
 * less so.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { installTools } from "../runtimes/tools.ts";
import { type Effort, type Group, GROUPS, type Measure } from "./catalogue.ts";
import { installPeers } from "./kit/peers.ts";
import { describeMachine, writePages } from "./pages.ts";
import { targetTable, type Values } from "./report.ts";
import { measureCpu } from "./targets/cpu.ts";
import { measureDeltaChannels } from "./targets/delta_channels.ts";
import { measureFlat } from "./targets/flat.ts";
import { measureRoundTrips } from "./targets/round_trips.ts";
import { measureScale } from "./targets/scale.ts";
import { measureStart } from "./targets/start.ts";
import { measureStorage } from "./targets/storage.ts";

const MEASURES: Readonly<Record<Group, Measure>> = {
  roundTrips: measureRoundTrips,
  cpu: measureCpu,
  flat: measureFlat,
  storage: measureStorage,
  delta: measureDeltaChannels,
  start: measureStart,
  scale: measureScale,
};

const USAGE = `Usage: deno task bench [--quick] [--only GROUP,GROUP] [--write]

Groups: ${Object.keys(GROUPS).join(", ")}`;

function readOptions() {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      help: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      only: { type: "string", default: Object.keys(GROUPS).join() },
    },
  });
  const groups = values.only.split(",");
  const stranger = groups.find((group) => !Object.hasOwn(GROUPS, group));
  if (stranger !== undefined) throw new TypeError(`There is no group "${stranger}"`);
  return { ...values, groups: groups as Group[] };
}

let options: ReturnType<typeof readOptions>;
try {
  options = readOptions();
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`);
  Deno.exit(2);
}
if (options.help) {
  console.log(USAGE);
  Deno.exit();
}

const effort: Effort = {
  quick: options.quick,
  rounds: (count) => options.quick ? 1 : count,
};

await installTools();
const versions = await installPeers();
let values: Values = {};
const details: Partial<Record<Group, string>> = {};
for (const group of options.groups) {
  const begun = performance.now();
  const outcome = await MEASURES[group](effort);
  values = { ...values, ...outcome.values };
  details[group] = outcome.details;
  const seconds = Math.round((performance.now() - begun) / 1000);
  console.log(`## ${GROUPS[group]} (${seconds} s)\n\n${outcome.details}\n`);
}
const machine = await describeMachine(versions);
console.log(`${targetTable(values)}\n\n${machine}`);
if (options.write) await writePages({ values, details, machine });
