/**
 * `doctor`: looks at everything that a saver needs, and says what puts right what is wrong.
 *
 * @module
 */
import { clusterCommand, type Command } from "../command.ts";
import { access } from "../doctor/access.ts";
import { address, connect } from "../doctor/connect.ts";
import { examine } from "../doctor/examination.ts";
import { Patient } from "../doctor/patient.ts";
import { roundTrip } from "../doctor/round_trip.ts";
import { functions, mappings, policies, tables, version, view } from "../doctor/schema.ts";
import { streaming } from "../doctor/streaming.ts";
import { verdictText } from "../doctor/verdict_text.ts";
import { FAILED, FINE } from "../exit_code.ts";
import { count } from "../text.ts";

const CHECKS = [
  address,
  connect,
  ...access,
  tables,
  version,
  mappings,
  streaming,
  view,
  policies,
  functions,
];

const DEFAULT_WAIT_S = 60;

/** The command. */
export const doctor: Command = clusterCommand({
  name: "doctor",
  about:
    "Looks at everything that a saver needs, from the address to the rows, and gives one verdict a line, with what mends it. Writes a thread, measures how long it takes until queries show it, and deletes it; changes nothing in the schema. Needs the roles Database Viewer and Database Ingestor. Ends with 1 if a check failed or warns.",
  options: {
    wait: {
      value: "SECONDS",
      about: `how long to wait until queries show what was written (default: ${DEFAULT_WAIT_S})`,
    },
  },
  async run(call) {
    const { terminal, args } = call;
    const isForPrograms = args.has("json");
    const waitMs = (args.whole("wait", 1) ?? DEFAULT_WAIT_S) * 1_000;
    const onLongWait = () => terminal.complain("waiting until queries show what was written\n");
    const checks = [...CHECKS, ...roundTrip({ waitMs, onLongWait })];
    const verdicts = await examine(checks, new Patient(call), (verdict) => {
      if (!isForPrograms) terminal.write(verdictText(verdict));
    });
    const amiss = verdicts.filter(({ outcome }) => outcome === "failed" || outcome === "warning");
    const healthy = amiss.length === 0;
    call.print(
      { healthy, checks: verdicts },
      healthy ? "\nAll is well\n" : `\n${count(amiss.length, "check")} found something amiss\n`,
    );
    return healthy ? FINE : FAILED;
  },
});
