/**
 * `prune`: rids threads of their past, or deletes them.
 *
 * @module
 */
import type { KustoSaver, PruneOptions, PruneProgress } from "../../../mod.ts";
import { UsageError } from "../arguments.ts";
import { type Call, clusterCommand, type Command } from "../command.ts";
import { ask, consentOptions, requireConsent } from "../consent.ts";
import { FINE } from "../exit_code.ts";
import { MOMENT_FORMS, momentOf } from "../moment.ts";
import { Progress } from "../progress.ts";
import { count, moment, plain } from "../text.ts";

type Strategy = PruneOptions["strategy"];

/** What is pruned: threads by their ids, or those that are idle since a date. */
interface Target {
  readonly strategy: Strategy;
  readonly threadIds: readonly string[];
  readonly olderThan: Date | undefined;
}

/** The command. */
export const prune: Command = clusterCommand({
  name: "prune",
  about:
    "Hides all checkpoints of threads but the latest of each namespace, or deletes threads, for every reader. Needs the roles Database Viewer and Database Ingestor; the rows stay until they age out or are purged. Asks first. Can be broken off and repeated.",
  operands: ["[THREAD...]"],
  options: {
    "older-than": {
      value: "MOMENT",
      about: `all threads whose last checkpoint is older: ${MOMENT_FORMS}`,
    },
    strategy: {
      value: "NAME",
      about: "keep_latest, or delete; must be given",
    },
    ...consentOptions,
  },
  async run(call) {
    const { args } = call;
    const strategy = args.text("strategy");
    if (strategy !== "keep_latest" && strategy !== "delete") {
      throw new UsageError("--strategy must be keep_latest or delete");
    }
    const olderThan = momentOf(args, "older-than", call.now());
    const threadIds = args.operands;
    if ((threadIds.length > 0) === (olderThan !== undefined)) {
      throw new UsageError("Name threads, or pass --older-than");
    }
    return await pruneThreads(call, { strategy, threadIds, olderThan });
  },
});

/** Asks and prunes; resolves to the exit code. */
export async function pruneThreads(call: Call, target: Target): Promise<number> {
  requireConsent(call);
  const saver = call.saver();
  const isDryRun = call.args.has("dry-run");
  if (isDryRun || !call.args.has("yes")) {
    const { threads, checkpoints } = await preview(saver, target);
    const what = describe(target, threads, checkpoints);
    if (isDryRun) {
      call.print({ dryRun: true, threads, checkpoints }, `${what}\nNothing was changed\n`);
      return FINE;
    }
    await ask(call, what);
  }
  const { strategy, threadIds, olderThan } = target;
  const progress = new Progress(call);
  const done = await saver.prune({
    strategy,
    ...(olderThan ? { olderThan } : { threadIds }),
    onProgress: (progressed) => progress.tell(doneText(strategy, progressed)),
  });
  call.print({ dryRun: false, ...done }, `${doneText(strategy, done)}\n`);
  return FINE;
}

/** How many threads, and where it can be told without reading them how many checkpoints would be hidden. */
async function preview(
  saver: KustoSaver,
  { strategy, threadIds, olderThan }: Target,
): Promise<{ threads: number; checkpoints: number | undefined }> {
  if (!olderThan) return { threads: threadIds.length, checkpoints: undefined };
  let [threads, checkpoints] = [0, 0];
  for await (const thread of saver.listThreads({ idleSince: olderThan })) {
    threads++;
    checkpoints += thread.checkpoints - (strategy === "delete" ? 0 : thread.namespaces);
  }
  return { threads, checkpoints };
}

function describe(
  { strategy, threadIds, olderThan }: Target,
  threads: number,
  checkpoints: number | undefined,
): string {
  const which = olderThan
    ? `${count(threads, "thread")} without a checkpoint since ${moment(olderThan)}`
    : `${count(threads, "thread")}: ${threadIds.map(plain).join(", ")}`;
  const of = checkpoints === undefined ? "" : `${count(checkpoints, "checkpoint")} of `;
  return strategy === "delete"
    ? `This deletes ${of}${which}.`
    : `This hides ${of || "all but the latest checkpoints of "}${which}.`;
}

function doneText(strategy: Strategy, { threads, checkpoints }: PruneProgress): string {
  return strategy === "delete"
    ? `${count(threads, "thread")} deleted`
    : `${count(threads, "thread")} pruned, ${count(checkpoints, "checkpoint")} hidden`;
}
