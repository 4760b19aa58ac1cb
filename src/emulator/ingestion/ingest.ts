/**
 * Bytes in a format → rows of a table.
 *
 * Sources: ingestion-supported-formats, ingest-json-formats, ingest-invalid-data, mappings (Kusto documentation).
 *
 * @module
 */
import type { Column } from "../language/catalog.ts";
import { cellMaker } from "./cells.ts";
import { delimiters, readDelimited } from "./delimited.ts";
import { readJson } from "../values/dynamic.ts";
import { ServiceError } from "../errors.ts";
import { jsonPath, type Mapping, type MappingKind } from "../storage/mappings.ts";
import type { Value } from "../values/values.ts";

/** A format of records. */
export type Format = "json" | "multijson" | "csv" | "tsv" | "scsv" | "sohsv" | "psv";

/** Formats by their names in lower case. */
export const formats: ReadonlyMap<string, Format> = new Map<string, Format>([
  ["json", "json"],
  ["multijson", "multijson"],
  ["singlejson", "multijson"],
  ...[...delimiters.keys()].map((name) => [name, name as Format] as const),
]);

/** The format of a name in any case; undefined for one that is not known here. */
export function formatOf(name: string): Format | undefined {
  return formats.get(name.toLowerCase());
}

/** The kind of mapping that a format is read with. */
export function mappingKind(format: Format): MappingKind {
  return format === "json" || format === "multijson" ? "json" : "csv";
}

/** The columns that rows are made for. */
export interface Target {
  readonly columns: readonly Column[];
  readonly encodings: ReadonlyMap<string, string>;
}

/** The error for data that cannot be read. */
function badData(code: string, message: string): ServiceError {
  return new ServiceError({
    status: 400,
    code,
    type: "Kusto.DataNode.Exceptions.StreamingIngestionRequestException",
    message: `Bad streaming ingestion request: ${message}`,
    permanent: true,
  });
}

/**
 * Makes rows of a text.
 *
 * @throws ServiceError for a text without records, and for a bad record where the format does not pass over it.
 */
export function readRows(
  text: string,
  format: Format,
  target: Target,
  mapping: Mapping | undefined,
): Value[][] {
  const rows = format === "json" || format === "multijson"
    ? jsonRows(format === "json" ? jsonLines(text) : jsonRecords(text), target, mapping)
    : delimitedRows(readDelimited(text, delimiters.get(format)!), target, mapping);
  if (rows.length === 0) {
    throw badData("BadRequest_NoRecordsOrWrongFormat", "the data holds no records");
  }
  return rows;
}

/** One record a line; lines that are no JSON objects are silently dropped, as on the service. */
function jsonLines(text: string): unknown[] {
  const records: unknown[] = [];
  for (const line of text.split("\n")) {
    const record = line.trim() === "" ? undefined : readJson(line);
    if (isRecord(record)) records.push(record);
  }
  return records;
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Objects one after the other or in an array; one bad record fails them all. */
function jsonRecords(text: string): unknown[] {
  const records: unknown[] = [];
  // Nearly always each line holds a record, which the engine's own parser then reads fastest.
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const record = readJson(line);
    if (typeof record !== "object" || record === null) return spreadRecords(text);
    if (Array.isArray(record)) { for (const item of record) records.push(item); }
    else records.push(record);
  }
  return checkRecords(records);
}

function spreadRecords(text: string): unknown[] {
  const whole = readJson(text);
  if (whole !== undefined) return checkRecords(Array.isArray(whole) ? whole : [whole]);
  const records: unknown[] = [];
  let at = 0;
  for (;;) {
    while (/[\s,]/.test(text[at] ?? "")) at++;
    if (at >= text.length) return checkRecords(records);
    const end = recordEnd(text, at);
    const record = end === undefined ? undefined : readJson(text.slice(at, end));
    if (record === undefined) {
      throw badData(
        "BadRequest_InvalidBlob",
        `the JSON at offset ${at} is malformed; no record was taken`,
      );
    }
    if (Array.isArray(record)) { for (const item of record) records.push(item); }
    else records.push(record);
    at = end!;
  }
}

function checkRecords(records: unknown[]): unknown[] {
  const bad = records.findIndex((record) => !isRecord(record));
  if (bad < 0) return records;
  throw badData("BadRequest_InvalidBlob", `record ${bad} is no JSON object; no record was taken`);
}

/** Where the JSON value that begins at `start` ends. */
function recordEnd(text: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      for (at++; at < text.length && text[at] !== '"'; at++) if (text[at] === "\\") at++;
    } else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") {
      depth--;
      if (depth <= 0) return depth === 0 ? at + 1 : undefined;
    } else if (depth === 0) return undefined;
  }
  return undefined;
}

type Getter = (record: unknown) => unknown;

function jsonRows(
  records: readonly unknown[],
  target: Target,
  mapping: Mapping | undefined,
): Value[][] {
  const getters = target.columns.map((column): Getter => {
    if (mapping === undefined) return fieldGetter([column.name]);
    const element = mapping.elements.find((each) => each.column === column.name);
    if (element === undefined) return () => undefined;
    if (element.path === undefined) return () => element.constant;
    return fieldGetter(jsonPath(element.path));
  });
  const makers = makersOf(target);
  return records.map((record) => makers.map((maker, at) => maker.fromJson(getters[at]!(record))));
}

function fieldGetter(path: readonly (string | number)[]): Getter {
  const [only] = path;
  if (path.length === 1 && typeof only === "string") return (record) => fieldOf(record, only);
  return (record) => path.reduce<unknown>(fieldOf, record);
}

function fieldOf(value: unknown, key: string | number): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return typeof key === "number" ? value[key] : undefined;
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

function makersOf(target: Target): ReturnType<typeof cellMaker>[] {
  return target.columns.map((column) => cellMaker(column, target.encodings.get(column.name)));
}

function delimitedRows(
  records: readonly (readonly string[])[],
  target: Target,
  mapping: Mapping | undefined,
): Value[][] {
  const makers = makersOf(target);
  const sources = target.columns.map((column, at) => {
    if (mapping === undefined) return { ordinal: at, constant: undefined };
    const element = mapping.elements.find((each) => each.column === column.name);
    return { ordinal: element?.ordinal ?? -1, constant: element?.constant };
  });
  return records.map((record) =>
    makers.map((maker, at) => {
      const { ordinal, constant } = sources[at]!;
      return maker.fromText(constant ?? record[ordinal] ?? "");
    })
  );
}
