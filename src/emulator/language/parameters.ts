/**
 * Values of query parameters, as requests bring them.
 *
 * Sources: query-parameters-statement.md, request.md (Kusto documentation).
 *
 * @module
 */
import { ServiceError } from "../errors.ts";
import { dynamicOf, parseJson, readJson } from "../values/dynamic.ts";
import { ingestScalar, parseScalar, type ScalarType, type Value } from "../values/values.ts";

/** The `Parameters` of a request. */
export type RawParameters = ReadonlyMap<string, unknown>;

/**
 * The value of a parameter: a KQL literal of its type as text, plain JSON, or for a string its bare
 * text. Text that is a quoted literal is read as one.
 */
export function parameterValue(name: string, type: ScalarType, raw: unknown): Value {
  if (typeof raw !== "string") {
    return type === "dynamic" ? dynamicOf(raw) : ingestScalar(type, raw);
  }
  const text = raw.trim();
  if (type === "string") return quoted(text) ?? raw;
  const call = /^([a-z0-9]+)\s*\(([\s\S]*)\)$/i.exec(text);
  const inner = (call ? call[2]! : text).trim();
  if (inner === "null") return null;
  if (type === "dynamic") {
    const json = quoted(inner);
    if (json !== undefined) return parseJson(json);
    if (readJson(inner) === undefined) throw badParameter(name, type);
    return parseJson(inner);
  }
  const value = parseScalar(type, quoted(inner) ?? inner);
  if (value === null) throw badParameter(name, type);
  return value;
}

/** What a quoted string literal stands for; `undefined` where the text is none. */
function quoted(text: string): string | undefined {
  const verbatim = /^@(["'])([\s\S]*)\1$/.exec(text);
  if (verbatim) return verbatim[2]!.replaceAll(verbatim[1]!.repeat(2), verbatim[1]!);
  const literal = /^(["'])((?:(?!\1)[^\\\n]|\\.)*)\1$/s.exec(text);
  return literal ? unescape(literal[2]!) : undefined;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
  f: "\f",
  v: "\v",
  a: "\x07",
  0: "\0",
};

function unescape(text: string): string {
  return text.replaceAll(
    /\\(u[0-9a-f]{4}|U[0-9a-f]{8}|x[0-9a-f]{2}|.)/gis,
    (_all, escape: string) =>
      escape.length > 1
        ? String.fromCodePoint(Number.parseInt(escape.slice(1), 16))
        : ESCAPES[escape] ?? escape,
  );
}

function badParameter(name: string, type: ScalarType): ServiceError {
  const message = `The value of query parameter '${name}' is not a valid literal of type ${type}`;
  return new ServiceError({
    status: 400,
    code: "General_BadRequest",
    type: "Kusto.Data.Exceptions.KustoBadRequestException",
    message: `Request is invalid and cannot be processed: Semantic error: ${message}`,
    permanent: true,
    inner: {
      code: "SEM0100",
      type: "Kusto.Data.Exceptions.SemanticException",
      message,
    },
  });
}
