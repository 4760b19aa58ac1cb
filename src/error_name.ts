/**
 * What may be told of errors that others throw.
 *
 * @module
 */

/** What may be told of an error that somebody else threw: its message could quote a value. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
