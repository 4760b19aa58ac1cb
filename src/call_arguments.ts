/**
 * What a call must be given, for callers whom no types guard.
 *
 * @module
 */
import { KustoInputError } from "./errors.ts";

/** @throws {KustoInputError} If it is no object. */
export function requireObject(action: string, name: string, value: unknown): void {
  if (typeof value === "object" && value !== null) return;
  throw new KustoInputError(
    `Cannot ${action}: "${name}" is ${
      value === null ? "null" : `of type ${typeof value}`
    }, it must be an object`,
  );
}

/**
 * @param of What the list must hold.
 * @throws {KustoInputError} If it is no list, or holds something else.
 */
export function requireList(
  action: string,
  name: string,
  value: unknown,
  of: { readonly what: string; readonly holds: (entry: unknown) => boolean },
): void {
  if (Array.isArray(value) && value.every(of.holds)) return;
  throw new KustoInputError(`Cannot ${action}: "${name}" must be a list of ${of.what}`);
}
