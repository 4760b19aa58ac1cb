/**
 * `threads`: lists threads, those that were active last first.
 *
 * @module
 */
import type { ThreadSummary } from "../../../mod.ts";
import { clusterCommand, type Command } from "../command.ts";
import { FINE } from "../exit_code.ts";
import { MOMENT_FORMS, momentOf } from "../moment.ts";
import { moment, plain, table } from "../text.ts";

const DEFAULT_LIMIT = 100;

/** The command. */
export const threads: Command = clusterCommand({
  name: "threads",
  about:
    "Lists threads, those that were active last first. Needs the role Database Viewer. What subgraphs store counts with their thread.",
  options: {
    "active-since": {
      value: "MOMENT",
      about: `only those with a checkpoint since then: ${MOMENT_FORMS}`,
    },
    "idle-since": { value: "MOMENT", about: "only those without a checkpoint since then" },
    limit: { value: "N", about: `at most so many (default: ${DEFAULT_LIMIT})` },
  },
  async run(call) {
    const { args } = call;
    const limit = args.whole("limit", 1) ?? DEFAULT_LIMIT;
    const now = call.now();
    const [activeSince, idleSince] = [
      momentOf(args, "active-since", now),
      momentOf(args, "idle-since", now),
    ];
    const found: ThreadSummary[] = [];
    const options = {
      // One more tells whether there are more.
      limit: limit + 1,
      ...(activeSince && { activeSince }),
      ...(idleSince && { idleSince }),
    };
    for await (const thread of call.saver().listThreads(options)) found.push(thread);
    const listed = found.slice(0, limit);
    const isWhole = found.length <= limit;
    const values = listed.map(({ latestCheckpointId, ...thread }) => ({
      ...thread,
      latestCheckpointId,
    }));
    call.print({ threads: values, isWhole }, describe(listed, isWhole));
    return FINE;
  },
});

function describe(threads: readonly ThreadSummary[], isWhole: boolean): string {
  if (threads.length === 0) return "There are no such threads\n";
  const rows = threads.map((thread) => [
    moment(thread.lastActiveAt),
    moment(thread.createdAt),
    String(thread.checkpoints),
    String(thread.namespaces),
    plain(thread.threadId),
  ]);
  const head = ["last active", "created", "checkpoints", "namespaces", "thread"];
  return table(head, rows) + (isWhole ? "" : "There are more: see --limit\n");
}
