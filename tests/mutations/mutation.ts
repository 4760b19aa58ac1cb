/**
 * A fault put into the code on purpose, and the test that was seen to notice it.
 *
 * @module
 */

/** One fault. */
export interface Mutation {
  /** The promise that the test guards (`P1` to `P10`), or the harsh behaviour of the embedded Kusto in words. */
  readonly guards: string;
  /** What the fault does, as the end of a sentence that begins "The code ...". */
  readonly fault: string;
  /** The file that is broken, from the repository's root. */
  readonly file: string;
  /** Text that stands in the file exactly once. */
  readonly find: string;
  /** What stands there instead. */
  readonly replace: string;
  /** The test file that fails then, from the repository's root. */
  readonly test: string;
  /** The title of the test, or a part of it that no other title of the file has. */
  readonly title: string;
}
