/**
 * The names that a live run gives to what it makes, so that a later one can tell what was left over.
 *
 * @module
 */

/** An hour: no run takes as long. */
const LONGEST_RUN_MS = 60 * 60_000;
const PREFIX = /^live_(\d{13})_[0-9a-f]{6}_/;

/** Rows with a name in the column `C`. */
export type Names<C extends string> = readonly Readonly<Record<C, string>>[];

/** A prefix that says when its run began and that no other run has. */
export function newPrefix(now: number, random: () => number): string {
  const own = Math.floor(random() * 2 ** 24).toString(16).padStart(6, "0");
  return `live_${String(now).padStart(13, "0")}_${own}_`;
}

/** Whether a table or view belongs to a run that must be over. */
export function isStale(name: string, now: number): boolean {
  const begun = PREFIX.exec(name)?.[1];
  return begun !== undefined && Number(begun) < now - LONGEST_RUN_MS;
}
