/**
 * Answers of the service → tables, or what went wrong.
 *
 * Follows the v2 and v1 response formats
 * (https://learn.microsoft.com/kusto/api/rest/response-v2, .../response-http). A failure can come
 * with status 200, in five places; a result with a failure in it is not to be trusted at all.
 *
 * @module
 */
import { KustoProtocolError } from "./errors.ts";

/** A column of a table in an answer. */
export interface ResultColumn {
  readonly name: string;
  /** The service's name of the type: `string`, `long`, `dynamic`, ... */
  readonly type: string;
}

/** A table in an answer. */
export interface ResultTable {
  readonly name: string;
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly (readonly unknown[])[];
}

/** What the service says of a failure. */
export interface ServiceFailure {
  /** The innermost code, such as `SEM0100`, else the outer, such as `General_BadRequest`. */
  readonly code: string;
  /** The useful text of the service; it may quote the query. */
  readonly message: string;
  readonly permanent: boolean | undefined;
}

/** An answer: its tables, or why there are none. */
export type Answer =
  | { readonly tables: ResultTable[]; readonly failure?: undefined }
  | { readonly failure: ServiceFailure; readonly tables?: undefined };

/** The rows of a table as objects; no table gives no rows. */
export function rowsOf<T extends object>(table: ResultTable | undefined): T[] {
  if (!table) return [];
  return table.rows.map((row) =>
    Object.fromEntries(table.columns.map(({ name }, at) => [name, row[at]])) as T
  );
}

/** Reads the body of a failed answer; `undefined` where it is not the service's. */
export function readFailure(body: string): ServiceFailure | undefined {
  const parsed = tryParse(body);
  return isRecord(parsed) && isRecord(parsed.error) ? failureFrom(parsed.error) : undefined;
}

/** Reads the body of a v2 query's answer: the primary results, in the order of the statements. */
export function readQueryAnswer(body: string): Answer {
  const frames = tryParse(body);
  if (!Array.isArray(frames)) throw broken("is no list of frames");
  const tables = new Map<number, PartialTable>();
  let complete = false;
  for (const frame of frames) {
    if (!isRecord(frame)) throw broken("holds a frame that is no object");
    const failure = takeFrame(frame, tables);
    if (failure) return { failure };
    complete ||= frame.FrameType === "DataSetCompletion";
  }
  if (!complete) throw broken("ends before its last frame");
  return {
    tables: [...tables.values()].map(({ name, columns, rows }) => ({ name, columns, rows })),
  };
}

/** Reads the body of a v1 answer: the tables before the ones about the request itself. */
export function readCommandAnswer(body: string): Answer {
  const parsed = tryParse(body);
  if (!isRecord(parsed) || !Array.isArray(parsed.Tables)) throw broken("holds no tables");
  const exceptions = exceptionsOf(parsed);
  if (exceptions) return { failure: exceptions };
  const tables: ResultTable[] = [];
  for (const table of parsed.Tables) {
    if (!isRecord(table)) throw broken("holds a table that is no object");
    const rows: unknown[][] = [];
    for (const row of asArray(table.Rows)) {
      const failure = takeRow(row, rows);
      if (failure) return { failure };
    }
    tables.push({ name: String(table.TableName ?? ""), columns: columnsOf(table), rows });
  }
  // More than two: the last one is a table of contents, and others are about the request.
  const contents = tables.length > 2 ? rowsOf<{ Kind: string }>(tables.at(-1)) : undefined;
  return {
    tables: contents
      ? tables.slice(0, -1).filter((_, at) => contents[at]?.Kind === "QueryResult")
      : tables.slice(0, 1),
  };
}

interface PartialTable {
  readonly name: string;
  readonly columns: readonly ResultColumn[];
  rows: unknown[][];
}

type JsonObject = Readonly<Record<string, unknown>>;

function takeFrame(
  frame: JsonObject,
  tables: Map<number, PartialTable>,
): ServiceFailure | undefined {
  const id = Number(frame.TableId);
  switch (frame.FrameType) {
    case "DataTable":
      if (frame.TableKind === "QueryCompletionInformation") return failedCompletion(frame);
      if (frame.TableKind !== "PrimaryResult") return undefined;
      tables.set(id, startTable(frame));
      return addRows(tables.get(id)!, frame.Rows);
    case "TableHeader":
      if (frame.TableKind === "PrimaryResult") tables.set(id, startTable(frame));
      return undefined;
    case "TableFragment": {
      const table = tables.get(id);
      if (!table) return undefined;
      if (frame.TableFragmentType === "DataReplace") table.rows = [];
      return addRows(table, frame.Rows);
    }
    case "TableCompletion":
      return firstError(frame.OneApiErrors);
    case "DataSetCompletion":
      if (frame.Cancelled === true) {
        return { code: "Cancelled", message: "The query was cancelled", permanent: undefined };
      }
      return firstError(frame.OneApiErrors) ??
        (frame.HasErrors === true
          ? { code: "HasErrors", message: "The query failed in part", permanent: undefined }
          : undefined);
    default:
      return undefined;
  }
}

function startTable(frame: JsonObject): PartialTable {
  return { name: String(frame.TableName ?? ""), columns: columnsOf(frame), rows: [] };
}

function addRows(table: PartialTable, rows: unknown): ServiceFailure | undefined {
  for (const row of asArray(rows)) {
    const failure = takeRow(row, table.rows);
    if (failure) return failure;
  }
  return undefined;
}

/** An error may stand among the rows as an object. */
function takeRow(row: unknown, rows: unknown[][]): ServiceFailure | undefined {
  if (Array.isArray(row)) {
    rows.push(row);
    return undefined;
  }
  if (!isRecord(row)) throw broken("holds a row that is no list");
  return firstError(row.OneApiErrors) ?? exceptionsOf(row) ??
    { code: "Unknown", message: "The query failed in part", permanent: undefined };
}

/** With deferred failures a row of level 2 (error) or 1 (critical) here is the only sign. */
function failedCompletion(frame: JsonObject): ServiceFailure | undefined {
  const columns = columnsOf(frame).map(({ name }) => name);
  const level = columns.indexOf("Level");
  for (const row of asArray(frame.Rows)) {
    if (!Array.isArray(row) || typeof row[level] !== "number" || row[level] > 2) continue;
    return {
      code: String(row[columns.indexOf("EventTypeName")] ?? "Unknown"),
      message: String(row[columns.indexOf("Payload")] ?? ""),
      permanent: undefined,
    };
  }
  return undefined;
}

function columnsOf(table: JsonObject): ResultColumn[] {
  return asArray(table.Columns).map((column) => {
    if (!isRecord(column)) throw broken("holds a column that is no object");
    const type = column.ColumnType ?? column.DataType ?? "";
    return { name: String(column.ColumnName ?? ""), type: String(type).toLowerCase() };
  });
}

function firstError(errors: unknown): ServiceFailure | undefined {
  const [first] = asArray(errors);
  return isRecord(first) && isRecord(first.error) ? failureFrom(first.error) : undefined;
}

function exceptionsOf(holder: JsonObject): ServiceFailure | undefined {
  const [first] = asArray(holder.Exceptions);
  if (first === undefined) return undefined;
  return { code: "Exception", message: String(first), permanent: undefined };
}

function failureFrom(error: JsonObject): ServiceFailure {
  const inner = isRecord(error.innererror) ? error.innererror : {};
  const permanent = error["@permanent"];
  return {
    code: String(inner.code ?? inner["@errorCode"] ?? error.code ?? "Unknown"),
    message: String(error["@message"] ?? inner["@message"] ?? error.message ?? ""),
    permanent: typeof permanent === "boolean" ? permanent : undefined,
  };
}

function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function tryParse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function broken(what: string): KustoProtocolError {
  return new KustoProtocolError(`Cannot read the cluster's answer: it ${what}`);
}
