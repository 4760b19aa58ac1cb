/**
 * Answers of the service → tables, or what went wrong.
 *
 * Follows the v2 and v1 response formats
 * (https://learn.microsoft.com/kusto/api/rest/response-v2, .../response-http) and the page on partial
 * query failures: a failure can come with status 200, in six places, and a result with a failure in
 * it is not to be trusted at all.
 *
 * @module
 */

/** A column of a table in an answer. */
export interface ResultColumn {
  readonly name: string;
  /** Kusto's name of the type: `string`, `long`, `dynamic`, ... */
  readonly type: string;
}

/** A table in an answer. */
export interface ResultTable {
  readonly name: string;
  readonly columns: readonly ResultColumn[];
  /** Cells as their JSON has them: a `long` beyond 2^53 has lost digits, a `decimal` is text. */
  readonly rows: readonly (readonly unknown[])[];
}

/** What the service says of a failure. */
export interface ServiceFailure {
  /** The innermost code, such as `SEM0100`, else the outer, such as `General_BadRequest`. */
  readonly code: string;
  /** All codes and types, from the outer to the inner, to look for a kind of failure in. */
  readonly kinds: string;
  /** The useful text of the service; it may quote the query. */
  readonly message: string;
  /** Whether the service says that the same request would fail again. */
  readonly permanent: boolean | undefined;
}

/**
 * The body of an answer with status 200: its tables; or why there are none; or `cut off`, where its
 * end is missing; or `unreadable`, and in what way.
 */
export type Answer =
  | { readonly outcome: "tables"; readonly tables: ResultTable[] }
  | { readonly outcome: "failure"; readonly failure: ServiceFailure }
  | { readonly outcome: "cut off" }
  | { readonly outcome: "unreadable"; readonly reason: string };

/** The rows of a table as objects; no table gives no rows. */
export function rowsOf<T extends object>(table: ResultTable | undefined): T[] {
  if (!table) return [];
  const names = table.columns.map(({ name }) => name);
  return table.rows.map((row) => {
    const object: Record<string, unknown> = {};
    for (let at = 0; at < names.length; at++) object[names[at]!] = row[at];
    return object as T;
  });
}

/** Reads the body of a failed answer; `undefined` where it is not the service's. */
export function readFailure(body: string): ServiceFailure | undefined {
  const parsed = parse(body);
  return isRecord(parsed) && isRecord(parsed.error) ? failureFrom(parsed.error) : undefined;
}

/** Reads the body of a v2 query's answer: the primary results, in the order of the statements. */
export function readQueryAnswer(body: string): Answer {
  return read(body, "[", (frames) => {
    if (!Array.isArray(frames)) throw new Unreadable("is no list of frames");
    const tables = new Map<number, OpenTable>();
    let complete = false;
    for (const frame of frames) {
      if (!isRecord(frame)) throw new Unreadable("holds a frame that is no object");
      takeFrame(frame, tables);
      complete ||= frame.FrameType === "DataSetCompletion";
    }
    return complete ? [...tables.values()] : undefined;
  });
}

/** Reads the body of a v1 answer: the tables before the ones about the request itself. */
export function readCommandAnswer(body: string): Answer {
  return read(body, "{", (parsed) => {
    if (!isRecord(parsed) || !Array.isArray(parsed.Tables)) {
      throw new Unreadable("holds no tables");
    }
    throwException(parsed);
    const tables = parsed.Tables.map((table) => {
      if (!isRecord(table)) throw new Unreadable("holds a table that is no object");
      const open = openTable(table);
      addRows(open, table.Rows);
      return open;
    });
    return resultsAmong(tables);
  });
}

interface OpenTable {
  readonly name: string;
  readonly columns: readonly ResultColumn[];
  rows: unknown[][];
}

type JsonObject = Readonly<Record<string, unknown>>;

class Unreadable extends Error {}

class Failed extends Error {
  readonly failure: ServiceFailure;

  constructor(failure: ServiceFailure) {
    super(failure.code);
    this.failure = failure;
  }
}

function read(
  body: string,
  start: "[" | "{",
  tablesOf: (parsed: unknown) => ResultTable[] | undefined,
): Answer {
  const parsed = parse(body);
  if (parsed === undefined) {
    const trimmed = body.trimStart();
    return trimmed === "" || trimmed.startsWith(start)
      ? { outcome: "cut off" }
      : { outcome: "unreadable", reason: "is no JSON, perhaps a proxy's" };
  }
  try {
    if (isRecord(parsed) && isRecord(parsed.error)) throw new Failed(failureFrom(parsed.error));
    const tables = tablesOf(parsed);
    return tables ? { outcome: "tables", tables } : { outcome: "cut off" };
  } catch (error) {
    if (error instanceof Failed) return { outcome: "failure", failure: error.failure };
    if (error instanceof Unreadable) return { outcome: "unreadable", reason: error.message };
    throw error;
  }
}

function takeFrame(frame: JsonObject, tables: Map<number, OpenTable>): void {
  const id = Number(frame.TableId);
  switch (frame.FrameType) {
    case "DataTable": {
      const table = openTable(frame);
      addRows(table, frame.Rows);
      if (frame.TableKind === "PrimaryResult") tables.set(id, table);
      if (frame.TableKind === "QueryCompletionInformation") throwSevere(table, "Level");
      return;
    }
    case "TableHeader":
      if (frame.TableKind === "PrimaryResult") tables.set(id, openTable(frame));
      return;
    case "TableFragment": {
      const table = tables.get(id);
      if (!table) return;
      if (frame.TableFragmentType === "DataReplace") table.rows = [];
      return addRows(table, frame.Rows);
    }
    case "TableCompletion":
      return throwFirst(frame.OneApiErrors);
    case "DataSetCompletion":
      throwFirst(frame.OneApiErrors);
      if (frame.Cancelled === true) throw new Failed(bare("Cancelled"));
      if (frame.HasErrors === true) throw new Failed(bare("HasErrors"));
  }
}

/**
 * Of a command's tables the first; of a query's those that the last one, a table of contents, calls
 * results. A severe status of the query fails all.
 */
function resultsAmong(tables: readonly OpenTable[]): ResultTable[] {
  const contents = rowsOf<{ Kind?: unknown }>(tables.at(-1));
  const isContents = contents.length > 0 && contents.every(({ Kind }) => Kind !== undefined);
  if (tables.length <= 2 || !isContents) {
    return tables.slice(0, 1);
  }
  for (const [at, { Kind }] of contents.entries()) {
    if (Kind === "QueryStatus" && tables[at]) throwSevere(tables[at], "Severity");
  }
  return tables.filter((_, at) => contents[at]?.Kind === "QueryResult");
}

function openTable(table: JsonObject): OpenTable {
  const columns = asArray(table.Columns).map((column) => {
    if (!isRecord(column)) throw new Unreadable("holds a column that is no object");
    const type = String(column.ColumnType ?? column.DataType ?? "");
    return { name: String(column.ColumnName ?? ""), type: TYPE_NAMES.get(type) ?? typeOf(type) };
  });
  return { name: String(table.TableName ?? ""), columns, rows: [] };
}

/** Kusto's own names of types, and what some answers have instead: older spellings, and .NET's in `DataType`. */
const TYPE_NAMES: ReadonlyMap<string, string> = new Map([
  ...["bool", "datetime", "decimal", "dynamic", "guid", "int", "long", "real", "string", "timespan"]
    .map((type) => [type, type] as const),
  ["date", "datetime"],
  ["time", "timespan"],
  ["boolean", "bool"],
  ["sbyte", "bool"],
  ["int32", "int"],
  ["int64", "long"],
  ["double", "real"],
  ["uuid", "guid"],
  ["uniqueid", "guid"],
  ["object", "dynamic"],
  ["sqldecimal", "decimal"],
]);

function typeOf(spelled: string): string {
  const type = spelled.toLowerCase();
  return TYPE_NAMES.get(type.replace(/^.*\.|\?$/g, "")) ?? type;
}

/** Adds rows; an error may stand among them as an object. */
function addRows(table: OpenTable, rows: unknown): void {
  for (const row of asArray(rows)) {
    if (Array.isArray(row)) {
      table.rows.push(row);
      continue;
    }
    if (!isRecord(row)) throw new Unreadable("holds a row that is no list");
    throwFirst(row.OneApiErrors);
    throwException(row);
    throw new Failed(bare("Unknown"));
  }
}

/** With deferred failures a row of level 2 (error) or 1 (critical) here is the only sign. */
function throwSevere(table: ResultTable, level: "Level" | "Severity"): void {
  for (const row of rowsOf<Record<string, unknown>>(table)) {
    const severity = row[level];
    if (typeof severity !== "number" || severity > 2) continue;
    throw new Failed({
      ...bare(String(row.EventTypeName ?? row.StatusCode ?? "Unknown")),
      message: String(row.Payload ?? row.StatusDescription ?? ""),
    });
  }
}

function throwFirst(errors: unknown): void {
  const [first] = asArray(errors);
  if (isRecord(first) && isRecord(first.error)) throw new Failed(failureFrom(first.error));
  if (first !== undefined) throw new Failed(bare("Unknown"));
}

function throwException(holder: JsonObject): void {
  const [first] = asArray(holder.Exceptions);
  if (first !== undefined) throw new Failed({ ...bare("Exception"), message: String(first) });
}

function bare(code: string): ServiceFailure {
  return { code, kinds: code, message: "", permanent: undefined };
}

function failureFrom(error: JsonObject): ServiceFailure {
  const kinds: string[] = [];
  const messages: string[] = [];
  let code = "Unknown";
  for (let level: unknown = error; isRecord(level); level = level.innererror) {
    const own = level.code ?? level["@errorCode"];
    if (typeof own === "string") code = own;
    for (const kind of [own, level["@type"]]) if (typeof kind === "string") kinds.push(kind);
    const said = level["@message"] ?? level["@errorMessage"] ?? level.message;
    if (typeof said === "string" && !messages.includes(said)) messages.push(said);
  }
  const permanent = error["@permanent"];
  return {
    code,
    kinds: kinds.join(" "),
    message: messages.join("\n"),
    permanent: typeof permanent === "boolean" ? permanent : undefined,
  };
}

function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
