/**
 * `delete`: deletes threads.
 *
 * @module
 */
import { clusterCommand, type Command } from "../command.ts";
import { consentOptions } from "../consent.ts";
import { pruneThreads } from "./prune.ts";

/** The command. */
export const deleteThreads: Command = clusterCommand({
  name: "delete",
  about:
    "Deletes threads with all their namespaces, for every reader, for good. Needs the roles Database Viewer and Database Ingestor; the rows stay until they age out or are purged. A thread that does not exist is no error. Asks first.",
  operands: ["THREAD..."],
  options: consentOptions,
  async run(call) {
    const threadIds = call.args.operands;
    return await pruneThreads(call, { strategy: "delete", threadIds, olderThan: undefined });
  },
});
