/**
 * How a command ended, as the exit code tells it.
 *
 * @module
 */

/** All is well. */
export const FINE = 0;
/** It failed, found problems, or was not to go on. */
export const FAILED = 1;
/** It was called wrongly: nothing was done. */
export const MISUSED = 2;
