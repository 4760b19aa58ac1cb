/**
 * Rows as JSON text, cut where a result grows over the limits of a request.
 *
 * Source: query-limits (Kusto documentation).
 *
 * @module
 */
import { ServiceError } from "../errors.ts";
import type { RequestProperties } from "./options.ts";
import type { QueryTable } from "../language/queries.ts";
import { toWire } from "../values/values.ts";

/** What a request's results may still hold. */
export interface Allowance {
  records: number;
  bytes: number;
}

/** A table's rows as JSON texts, and the error that cut them. */
export interface WrittenRows {
  readonly rows: readonly string[];
  readonly error: ServiceError | undefined;
}

/** The allowance of a request that begins. */
export function allowanceOf(properties: RequestProperties): Allowance {
  return { records: properties.maxRecords, bytes: properties.maxBytes };
}

function tooLarge(limit: string): ServiceError {
  return new ServiceError({
    status: 400,
    code: "LimitsExceeded",
    type: "Kusto.Data.Exceptions.KustoServicePartialQueryFailureLimitsExceededException",
    message:
      `Query execution has exceeded the allowed limits (80DA0003): The results of this query exceed the set limit of ${limit}, so not all records were returned (E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003). See https://aka.ms/kustoquerylimits for more information and possible solutions.`,
    permanent: false,
  });
}

const encoder = new TextEncoder();

/** The bytes of a text in UTF-8. */
function byteLength(text: string): number {
  return encoder.encode(text).length;
}

/** Writes a table's rows as far as the allowance goes, which it takes them from. */
export function writeRows(
  table: QueryTable,
  properties: RequestProperties,
  allowance: Allowance,
): WrittenRows {
  const types = table.columns.map(({ type }) => type);
  const rows: string[] = [];
  const wanted = Math.min(table.rows.length, properties.takeRecords);
  for (let at = 0; at < wanted; at++) {
    if (allowance.records < 1) {
      return { rows, error: tooLarge(`${properties.maxRecords} records`) };
    }
    const row = table.rows[at]!;
    let text = "[";
    for (let column = 0; column < types.length; column++) {
      if (column > 0) text += ",";
      text += toWire(types[column]!, row[column]!);
    }
    text += "]";
    allowance.bytes -= byteLength(text);
    if (allowance.bytes < 0) return { rows, error: tooLarge(`${properties.maxBytes} bytes`) };
    allowance.records--;
    rows.push(text);
  }
  return { rows, error: undefined };
}
