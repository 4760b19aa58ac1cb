/**
 * Requests that would take more memory or time than one request may: refused, so that none takes the emulator down.
 *
 * Source: query-limits (Kusto documentation), "limit on memory consumed by query operators".
 *
 * @module
 */
import { ServiceError } from "./errors.ts";

/** The service's error for a query that takes too much memory. */
export function exhausted(what: string): ServiceError {
  return new ServiceError({
    status: 400,
    code: "LimitsExceeded",
    type: "Kusto.Data.Exceptions.KustoServicePartialQueryFailureLimitsExceededException",
    message:
      `Query execution has exceeded the allowed limits (80DA0001): ${what} (E_RUNAWAY_QUERY, 0x80DA0001). See https://aka.ms/kustoquerylimits for more information and possible solutions.`,
    permanent: false,
  });
}

/** What the engine says where a text, an array or the nesting of a request is beyond it. */
const engineLimits = /call stack|string length|array length|array size|out of memory/i;

/** The refusal that an engine's own limit stands for; undefined for any other error. */
export function engineLimit(error: unknown): ServiceError | undefined {
  if (!(error instanceof RangeError) || !engineLimits.test(error.message)) return undefined;
  return exhausted("The request is nested too deeply, or makes a text or array that is too long");
}
