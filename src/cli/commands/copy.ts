/**
 * `copy`: copies a thread under another id.
 *
 * @module
 */
import type { ThreadCopyProgress } from "../../../mod.ts";
import { clusterCommand, type Command } from "../command.ts";
import { FINE } from "../exit_code.ts";
import { CommandError } from "../failure.ts";
import { Progress } from "../progress.ts";
import { count } from "../text.ts";

/** The command. */
export const copy: Command = clusterCommand({
  name: "copy",
  about:
    "Copies a thread with its history and its subgraphs under another id. Needs the roles Database Viewer and Database Ingestor. Can be broken off and repeated: it goes on where it was. Ends with 1 if there is no such thread, or another conversation under the other id.",
  operands: ["THREAD", "COPY"],
  async run(call) {
    const [from, to] = call.args.operands as [string, string];
    const progress = new Progress(call);
    const { checkpoints, writes, present } = await call.saver().copyThread(from, to, {
      onProgress: (progressed) => progress.tell(doneText(progressed)),
    });
    if (checkpoints + present === 0) {
      throw new CommandError("NOT_FOUND", "There is no such thread");
    }
    const before = present === 0 ? "" : `, ${count(present, "checkpoint")} were there`;
    call.print(
      { checkpoints, writes, present },
      `${doneText({ checkpoints, writes, left: 0 })}${before}\n`,
    );
    return FINE;
  },
});

function doneText({ checkpoints, writes, left }: ThreadCopyProgress): string {
  const rest = left === 0 ? "" : `, ${left} left`;
  return `${count(checkpoints, "checkpoint")} and ${count(writes, "write")} copied${rest}`;
}
