/**
 * Ingestion mappings: which part of a record goes into which column.
 *
 * Sources: json-mapping, csv-mapping, mappings, create-or-alter-ingestion-mapping-command (Kusto documentation).
 *
 * @module
 */
import { ServiceError } from "../errors.ts";

/** The kinds of mapping. */
export type MappingKind = "json" | "csv";

/** A mapping as it was created. */
export interface Mapping {
  readonly name: string;
  readonly kind: MappingKind;
  /** The elements, in the spelling that `.show` gives. */
  readonly elements: readonly MappingElement[];
}

/** One element of a mapping. */
export interface MappingElement {
  readonly column: string;
  readonly path?: string;
  readonly ordinal?: number;
  readonly constant?: string;
}

/** The error for a mapping that cannot be understood. */
function badMapping(message: string): ServiceError {
  return new ServiceError({
    status: 400,
    code: "BadRequest_InvalidMapping",
    type: "Kusto.Data.Exceptions.KustoBadRequestException",
    message: `Request is invalid and cannot be executed. Mapping is invalid: ${message}`,
    permanent: true,
  });
}

function field(object: Record<string, unknown>, name: string): unknown {
  for (const [key, value] of Object.entries(object)) {
    if (key.toLowerCase() === name) return value;
  }
  return undefined;
}

/**
 * Reads the JSON text of a mapping; property names are matched in any case.
 *
 * @throws ServiceError for what is no mapping, names a column twice, or asks for a transformation.
 */
export function readMapping(name: string, kind: MappingKind, text: string): Mapping {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badMapping("the text is not JSON");
  }
  if (!Array.isArray(value) || value.length === 0) throw badMapping("a JSON array was expected");
  const seen = new Set<string>();
  const elements = value.map((entry: unknown): MappingElement => {
    if (typeof entry !== "object" || entry === null) throw badMapping("an element is no object");
    const element = entry as Record<string, unknown>;
    const column = field(element, "column") ?? field(element, "name");
    if (typeof column !== "string" || column === "") throw badMapping("an element has no column");
    if (seen.has(column)) throw badMapping(`column '${column}' is named twice`);
    seen.add(column);
    const inner = field(element, "properties");
    const properties = typeof inner === "object" && inner !== null
      ? inner as Record<string, unknown>
      : element;
    if (field(properties, "transform") !== undefined) {
      throw badMapping("transformations are not supported by this emulator");
    }
    return kind === "json" ? jsonElement(column, properties) : csvElement(column, properties);
  });
  return { name, kind, elements };
}

function jsonElement(column: string, properties: Record<string, unknown>): MappingElement {
  const constant = field(properties, "constvalue");
  if (constant !== undefined) return { column, constant: String(constant) };
  const path = field(properties, "path");
  if (typeof path !== "string") throw badMapping(`column '${column}' has no path`);
  if (!path.startsWith("$")) return { column, constant: path };
  jsonPath(path);
  return { column, path };
}

function csvElement(column: string, properties: Record<string, unknown>): MappingElement {
  const constant = field(properties, "constvalue");
  if (constant !== undefined) return { column, constant: String(constant) };
  const ordinal = Number(field(properties, "ordinal"));
  if (!Number.isInteger(ordinal) || ordinal < 0) {
    throw badMapping(`column '${column}' has no ordinal`);
  }
  return { column, ordinal };
}

/** The JSON text that `.show ... mappings` gives. */
export function mappingText(mapping: Mapping): string {
  return JSON.stringify(mapping.elements.map(({ column, path, ordinal, constant }) => ({
    column,
    path: path ?? "",
    datatype: "",
    transform: null,
    Properties: path !== undefined
      ? { Path: path }
      : ordinal !== undefined
      ? { Ordinal: String(ordinal) }
      : { ConstValue: constant },
  })));
}

/** The keys and indexes that a path such as `$.a['b c'][0]` goes through. */
export function jsonPath(path: string): readonly (string | number)[] {
  const steps: (string | number)[] = [];
  const pattern = /\.([^.[\]]+)|\[(\d+)\]|\[(['"])((?:\\.|(?!\3).)*)\3\]/gy;
  let at = 1;
  while (at < path.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(path);
    if (match === null) throw badMapping(`path '${path}' cannot be read`);
    steps.push(
      match[1] ?? (match[2] === undefined ? match[4]!.replace(/\\(.)/g, "$1") : Number(match[2])),
    );
    at = pattern.lastIndex;
  }
  return steps;
}
