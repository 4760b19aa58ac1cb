/**
 * Counts the listeners on a caller's signal.
 *
 * @module
 */

/** Counts from now on. */
export function countListeners(
  signal: AbortSignal,
): { readonly added: () => number; readonly left: () => number } {
  const { addEventListener, removeEventListener } = signal;
  const left = new Set<unknown>();
  let added = 0;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    added++;
    left.add(args[1]);
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    left.delete(args[1]);
    removeEventListener.apply(signal, args);
  };
  return { added: () => added, left: () => left.size };
}
