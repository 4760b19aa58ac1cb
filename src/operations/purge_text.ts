/**
 * The queries that find what deletions have hidden, and the commands that remove it.
 *
 * A command takes no parameters, and a `.delete` may name no other table than its own: what to remove
 * is read first and then written into the command, as literals.
 *
 * @module
 */
import type { Stamp } from "../clock.ts";
import { inList, literal } from "../service/kql.ts";
import type { CheckpointDeletionRow, TableNames } from "../schema.ts";

/** All rows of one life of a thread, in one table. */
export interface HiddenLife {
  readonly thread_id: string;
  readonly incarnation: Stamp;
  readonly rows: number;
}

/** A row of the view that points at another row than the head of its table. */
export interface StalePointer {
  readonly thread_id: string;
  readonly incarnation: Stamp;
  readonly revision: string;
}

/** No stamp holds it, so that a stamp and a thread id can be told apart after it joined them. */
const SEPARATOR = "\u0001";

/**
 * Finds the lives that a visible deletion hides, and counts their rows.
 *
 * Only what the newest marker of a thread hides is found: a marker that is not visible yet hides more.
 * Its parameters are `before`, the time from which on rows are too young, and `size`.
 */
export function hiddenLivesQuery(names: TableNames, table: string): string {
  return `declare query_parameters(before:datetime, size:long);
let newest = materialize(${names.threadDeletions} | summarize newest = max(incarnation) by thread_id);
let hidden = materialize(${table}
  | where created_at < before and thread_id in ((newest | project thread_id))
  | summarize rows = count() by thread_id, incarnation
  | join kind=inner newest on thread_id
  | where strcmp(incarnation, newest) < 0
  | project thread_id, incarnation, rows);
hidden | take size;
hidden | summarize rows = sum(rows)`;
}

/** Removes the rows of some lives that are older than a time. */
export function deleteLivesCommand(
  table: string,
  lives: readonly Pick<HiddenLife, "thread_id" | "incarnation">[],
  before: Date,
): string {
  const threads = inList(new Set(lives.map((life) => life.thread_id)));
  const marks = inList(lives.map((life) => life.incarnation + SEPARATOR + life.thread_id));
  const [time, separator] = [literal(before), literal(SEPARATOR)];
  return `.delete table ${table} records <| ${table} | where created_at < ${time} and thread_id in ${threads} and strcat(incarnation, ${separator}, thread_id) in ${marks}`;
}

/** A marker of a single checkpoint. */
export type Marker = Pick<CheckpointDeletionRow, "thread_id" | "incarnation" | "revision">;

/**
 * Finds markers of single checkpoints that hide nothing any more, as all rows of their checkpoints have
 * aged out; those of hidden lives are found with their lives. Its parameters are those of
 * {@link hiddenLivesQuery}.
 */
export function idleMarkersQuery(names: TableNames): string {
  const key = "thread_id, checkpoint_ns, incarnation, checkpoint_id";
  return `declare query_parameters(before:datetime, size:long);
let newest = ${names.threadDeletions} | summarize newest = max(incarnation) by thread_id;
let idle = materialize(${names.checkpointDeletions}
  | where created_at < before
  | join kind=leftouter newest on thread_id | where strcmp(incarnation, newest) >= 0
  | join kind=leftanti (${names.checkpoints} | distinct ${key}) on ${key}
  | project thread_id, incarnation, revision);
idle | take size;
idle | summarize rows = count()`;
}

/** Removes markers of single checkpoints that are older than a time. */
export function deleteMarkersCommand(
  table: string,
  markers: readonly Marker[],
  before: Date,
): string {
  const [threads, marks, separator] = namesOf(markers);
  const time = literal(before);
  return `.delete table ${table} records <| ${table} | where created_at < ${time} and thread_id in ${threads} and strcat(incarnation, ${separator}, revision, ${separator}, thread_id) in ${marks}`;
}

/** Literals that name rows by their thread, life and revision: a copy has the revisions of its source. */
function namesOf(rows: readonly Marker[]) {
  const names = rows.map((row) => [row.incarnation, row.revision, row.thread_id].join(SEPARATOR));
  const threads = new Set(rows.map((row) => row.thread_id));
  return [inList(threads), inList(new Set(names)), literal(SEPARATOR)] as const;
}

/**
 * Finds pointers whose row is gone, by a deletion, an administrator or its age, and pointers that are
 * behind the table, as those of a view that is younger than some rows. Without them readers ask the table.
 */
export function stalePointersQuery(names: TableNames): string {
  return `declare query_parameters(size:long);
let heads = ${names.checkpoints} | summarize head = max(revision) by thread_id, checkpoint_ns, incarnation;
let stale = materialize(${names.latest}
  | join kind=leftouter heads on thread_id, checkpoint_ns, incarnation
  | where revision != head
  | project thread_id, incarnation, revision);
stale | take size;
stale | summarize rows = count()`;
}

/** Removes pointers from the view. */
export function deletePointersCommand(view: string, pointers: readonly StalePointer[]): string {
  const [threads, marks, separator] = namesOf(pointers);
  return `.delete materialized-view ${view} records <| ${view} | where thread_id in ${threads} and strcat(incarnation, ${separator}, revision, ${separator}, thread_id) in ${marks}`;
}
