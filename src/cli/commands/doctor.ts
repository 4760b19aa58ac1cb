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

/** The command. */
export const doctor: Command = clusterCommand({
  name: "doctor",
  about:
    "Looks at everything that a saver needs, from the address to the rows, and gives one verdict a line, with what mends it. Changes nothing in the schema. Ends with 1 if a check failed or warns.",
  async run(call) {
    const { terminal, args } = call;
    const isForPrograms = args.has("json");
    const verdicts = await examine(CHECKS, new Patient(call), (verdict) => {
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
