/**
 * The query texts of lists; see `queries.ts`.
 *
 * @module
 */
import {
  CHECKPOINT_COLUMNS,
  guarded,
  newestIncarnation,
  referencedBlobs,
  WRITE_COLUMNS,
} from "./queries.ts";
import type { TableNames } from "../schema.ts";
import { hiddenIn, livesAndHidden, SHOWN } from "./shown_rows.ts";

/** The service decides on so many keys of a filter; on further ones the client does. */
export const TERMS = 4;
const NUMBERS = Array.from({ length: TERMS }, (_, n) => n + 1);

/** One page of checkpoints of one thread or all, newest first, with all that belongs to them or `alone`. */
export function pageQuery(names: TableNames, scope: "thread" | "all"): string {
  const one = scope === "thread";
  const ofThread = one ? "thread_id == thread and " : "";
  const incarnations = one
    ? `${newestIncarnation(names)}
let lives = print thread_id = thread, newest = newest;
${hiddenIn(names, "| where thread_id == thread")}`
    : `let own = materialize(print own = own_threads | mv-expand own
  | project thread_id = substring(tostring(own.thread), 1), incarnation = substring(tostring(own.incarnation), 1));
${livesAndHidden(names, "", "own")}`;
  const rows = one
    ? "thread_id == thread"
    : "(thread_id in ((page | project thread_id)) or thread_id in ((own | project thread_id)))";
  const scopeParameters = one ? "thread:string, own_incarnation:string" : "own_threads:dynamic";
  return `declare query_parameters(${scopeParameters}, any_namespace:bool, namespace:string, checkpoint:string, before:string, after_id:string, after_thread:string, after_namespace:string, ${
    NUMBERS.map((n) => `line${n}:string, key${n}:string, `).join("")
  }size:long, own_ids:dynamic, own_blobs:dynamic, alone:bool);
${incarnations}
let page = materialize(${names.checkpoints}
  | where ${ofThread}(any_namespace or checkpoint_ns == namespace) and (isempty(checkpoint) or checkpoint_id == checkpoint)
  | where isempty(before) or strcmp(checkpoint_id, before) < 0
  | where isempty(after_id) or strcmp(checkpoint_id, after_id) < 0
    or (checkpoint_id == after_id and (strcmp(thread_id, after_thread) > 0 or (thread_id == after_thread and strcmp(checkpoint_ns, after_namespace) > 0)))
  | summarize arg_max(revision, search_text, parent_checkpoint_id, v) by thread_id, checkpoint_ns, incarnation, checkpoint_id
  ${SHOWN}
${
    NUMBERS.map((n) =>
      `  | where search_text contains_cs line${n} or (search_text startswith_cs "*" and not(search_text contains_cs key${n}))`
    ).join("\n")
  }
  | order by checkpoint_id desc, thread_id asc, checkpoint_ns asc
  | take size
  | project thread_id, checkpoint_ns, incarnation, checkpoint_id, revision, parent_checkpoint_id, v);
let head = materialize(${names.checkpoints}
  | where ${rows} and revision in ((page | project revision))
  | project ${CHECKPOINT_COLUMNS});
let writes = materialize(${names.writes}
  | where not(alone) and ${rows} and (checkpoint_id in ((page | project checkpoint_id)) or checkpoint_id in ((page | where v < 4 | project parent_checkpoint_id)) or checkpoint_id in (${
    guarded("own_ids")
  }))
  | project ${WRITE_COLUMNS});
page | project thread_id, checkpoint_ns, checkpoint_id | order by checkpoint_id desc, thread_id asc, checkpoint_ns asc;
head;
writes;
${referencedBlobs(names, rows)}
lives | where ${rows};
hidden | where checkpoint_id in (${guarded("own_ids")})
  | project thread_id, checkpoint_ns, incarnation, checkpoint_id, revision = until`;
}
