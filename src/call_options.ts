/**
 * What may stand in the options of a call.
 *
 * @module
 */
import { KustoInputError } from "./errors.ts";

/**
 * Checks that options are those of a call. One that is not known is refused, not passed over: who
 * writes `dryRun` or misspells a name means something else than what would be done without it.
 *
 * @param options What was passed; `undefined` is the same as none, also in a field.
 * @param known The names that there are.
 * @throws {KustoInputError} If they are no object, hold another name, a `signal` that is no signal or
 * an `onProgress` that cannot be called.
 */
export function checkCallOptions<T extends object>(
  action: string,
  options: T | undefined,
  known: Readonly<Record<keyof T, true>>,
): void {
  if (options === undefined) return;
  if (typeof options !== "object" || options === null) {
    throw new KustoInputError(
      `Cannot ${action}: the options are ${
        options === null ? "null" : `of type ${typeof options}`
      }, pass an object or nothing`,
    );
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const stranger = given.find(([name]) => !Object.hasOwn(known, name));
  if (stranger) {
    throw new KustoInputError(
      `Cannot ${action}: there is no option "${stranger[0]}", pass only ${
        Object.keys(known).join(", ")
      }`,
    );
  }
  const { signal, onProgress } = options as { signal?: AbortSignal; onProgress?: unknown };
  if (signal !== undefined && typeof signal?.throwIfAborted !== "function") {
    throw new KustoInputError(
      `Cannot ${action}: "signal" must be an AbortSignal, such as the signal of an AbortController`,
    );
  }
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new KustoInputError(`Cannot ${action}: "onProgress" must be a function`);
  }
}
