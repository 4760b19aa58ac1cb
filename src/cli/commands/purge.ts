/**
 * `purge`: removes the rows of deleted threads.
 *
 * @module
 */
import type { PurgeCounts } from "../../../mod.ts";
import { KustoClient } from "../../service/client.ts";
import { settingsFrom } from "../../config.ts";
import { rowsOf } from "../../service/frames.ts";
import {
  hiddenLivesQuery,
  idleMarkersQuery,
  stalePointersQuery,
} from "../../operations/purge_text.ts";
import { tableNames } from "../../schema.ts";
import { type Call, clusterCommand, type Command } from "../command.ts";
import { ask, consentOptions, requireConsent } from "../consent.ts";
import { FINE } from "../exit_code.ts";
import { durationOf } from "../moment.ts";
import { Progress } from "../progress.ts";
import { count, table } from "../text.ts";

const DAY_MS = 86_400_000;

/** The command. */
export const purge: Command = clusterCommand({
  name: "purge",
  about:
    "Removes the rows of deleted threads from the tables, for storage and for the duty to erase: for readers they are gone anyway. Needs the role Database Admin. Asks first. Can be broken off and repeated; do not run two at a time.",
  options: {
    "minimum-age": {
      value: "AGE",
      about: "leaves rows that are younger: an age such as 30d, 12h or 0s (default: 1d)",
    },
    ...consentOptions,
  },
  async run(call) {
    requireConsent(call);
    const minimumAgeMs = durationOf(call.args, "minimum-age") ?? DAY_MS;
    const isDryRun = call.args.has("dry-run");
    if (isDryRun || !call.args.has("yes")) {
      const hidden = await hiddenRows(call, new Date(call.now() - minimumAgeMs));
      if (isDryRun) {
        call.print(
          { dryRun: true, removed: hidden, left: undefined },
          `${countsText("would be removed", hidden)}Nothing was changed\n`,
        );
        return FINE;
      }
      await ask(call, `This removes ${count(sum(hidden), "row")} for good.`);
    }
    const progress = new Progress(call);
    const { removed, left } = await call.saver().purgeDeletedThreads({
      minimumAgeMs,
      onProgress: (at) => progress.tell(`${at.table}: ${at.removed} removed, ${at.left} left`),
    });
    call.print({ dryRun: false, removed, left }, countsText("removed", removed, left));
    return FINE;
  },
});

/** The rows that a purge would remove. */
async function hiddenRows(call: Call, before: Date): Promise<PurgeCounts> {
  const settings = settingsFrom(call.connection());
  const client = new KustoClient(settings);
  const names = tableNames(settings.tablePrefix);
  const rows = async (text: string, parameters: { readonly before?: Date } = {}) => {
    const [, total] = await client.query(text, { ...parameters, size: 0 });
    return rowsOf<{ rows: number | null }>(total)[0]?.rows ?? 0;
  };
  const ofTable = (name: string) => rows(hiddenLivesQuery(names, name), { before });
  return {
    checkpoints: await ofTable(names.checkpoints),
    writes: await ofTable(names.writes),
    blobs: await ofTable(names.blobs),
    pointers: await rows(stalePointersQuery(names)),
    checkpointDeletions: await ofTable(names.checkpointDeletions) +
      await rows(idleMarkersQuery(names), { before }),
    threadDeletions: await ofTable(names.threadDeletions),
  };
}

function sum(counts: PurgeCounts): number {
  return Object.values(counts).reduce((all, rows) => all + rows, 0);
}

function countsText(title: string, counts: PurgeCounts, left?: PurgeCounts): string {
  const rows = (Object.keys(counts) as (keyof PurgeCounts)[]).map((name) => [
    name,
    String(counts[name]),
    ...(left ? [String(left[name])] : []),
  ]);
  return table(["rows of", title, ...(left ? ["too young"] : [])], rows);
}
