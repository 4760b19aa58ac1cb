/**
 * How long to wait between two looks at what takes seconds as a rule, such as rows to be visible.
 *
 * @module
 */

const LONGEST_WAIT_MS = 2_000;

/** The wait after one in vain, in milliseconds: twice as long, two seconds at most. */
export function longerWait(ms: number): number {
  return Math.min(ms * 2, LONGEST_WAIT_MS);
}
