/**
 * Whether rows may be streamed in.
 *
 * @module
 */
import { KustoError } from "../../../mod.ts";
import { tableNames } from "../../schema.ts";
import type { Check } from "./examination.ts";
import type { Patient } from "./patient.ts";
import { faults, hasAllTables } from "./schema.ts";
import { failed, ok, type Result, skipped } from "./verdict.ts";

/** The policies of the tables, and the switch of the cluster. */
export const streaming: Check = {
  name: "streaming",
  needs: ["reading"],
  async run(patient) {
    if (patient.settings.ingestion === "inline") return ok("not needed, as rows go in inline");
    const { problems } = await patient.schema();
    const found = faults(patient, problems, ["streaming"]);
    // Where the switch is off, no policy can be set.
    if (found) return await isSwitchedOff(patient) ? switchedOff() : found;
    return hasAllTables(problems) ? ok("each table takes streamed rows") : skipped("needs tables");
  },
};

/** The cluster takes no streamed rows at all. */
export function switchedOff(): Result {
  return failed(
    "streaming ingestion is switched off for the cluster",
    "Azure portal, the cluster, Configurations, Streaming ingestion: On; or az kusto cluster update --cluster-name <cluster> --resource-group <group> --enable-streaming-ingest true; then kusto-checkpoint setup --provision",
  );
}

/** Tells the switch by how a row is refused; one that is taken is the deletion of a thread that never was. */
async function isSwitchedOff({ client, settings, threadId }: Patient): Promise<boolean> {
  const { threadDeletions } = tableNames(settings.tablePrefix);
  const row = new TextEncoder().encode(JSON.stringify({ thread_id: threadId, incarnation: "" }));
  try {
    await client.ingest(threadDeletions, [row]);
    return false;
  } catch (error) {
    return error instanceof KustoError && isOff(error);
  }
}

/** How the service refuses streamed rows where its switch is off. */
export function isOff({ status }: KustoError): boolean {
  return status === 404;
}
