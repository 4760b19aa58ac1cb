/**
 * Calls of what others wrote and nobody waits for: their failures are their own.
 *
 * @module
 */

/** Runs something; what it throws is ignored, and so is what the promise that it gives rejects with. */
export function quietly(run: () => unknown): void {
  try {
    const given = run() as PromiseLike<unknown> | undefined;
    // Promises of other realms and libraries too.
    if (typeof given?.then === "function") given.then(undefined, () => {});
  } catch {
    // Who watches must not change what happens.
  }
}
