/**
 * Request properties: the options that a request may carry, honoured or refused, never ignored.
 *
 * Sources: request-properties, query-limits, query-consistency (Kusto documentation).
 *
 * @module
 */
import { parseTimespan } from "../values/datetime.ts";
import { type Dynamic, dynamicWire, readJson } from "../values/dynamic.ts";
import { badRequest, notSupported } from "../entity_errors.ts";
import { parseScalar } from "../values/values.ts";
import type { Setting } from "../language/settings.ts";

/** Where an answer tells of an error that came up while its rows were written. */
export type ErrorPlacement = "in_data" | "end_of_table" | "end_of_dataset";

/** A request's properties, read and checked. */
export interface RequestProperties {
  readonly parameters: ReadonlyMap<string, unknown>;
  readonly clientRequestId: string | undefined;
  /** Milliseconds that the request may take. */
  readonly timeout: number;
  readonly readOnly: boolean;
  /** Rows of all results together. */
  readonly maxRecords: number;
  /** Bytes of all results together. */
  readonly maxBytes: number;
  /** A cap on the rows of each result, which is no error. */
  readonly takeRecords: number;
  /** What `now()` gives, in ticks. */
  readonly now: bigint | undefined;
  readonly progressive: boolean;
  readonly fragmented: boolean;
  readonly newlines: boolean;
  readonly errorPlacement: ErrorPlacement;
  readonly deferErrors: boolean;
}

type Draft = { -readonly [K in keyof RequestProperties]: RequestProperties[K] };
type Apply = (draft: Draft, value: unknown, name: string) => void;

const longestTimeout = 3_600_000;
const mostRecords = 500_000;
const mostBytes = 67_108_864;

function wrong(name: string, value: unknown): Error {
  return badRequest(`Request property '${name}' cannot be ${dynamicWire(value as Dynamic)}.`);
}

function boolean(value: unknown, name: string): boolean {
  if (typeof value === "boolean") return value;
  if (value === "true" || value === "false") return value === "true";
  throw wrong(name, value);
}

function count(value: unknown, name: string): number {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number) || number < 0) {
    throw wrong(name, value);
  }
  return number;
}

function text(value: unknown, name: string): string {
  if (typeof value === "string") return value;
  throw wrong(name, value);
}

function oneOf(values: readonly string[]): Apply {
  return (_draft, value, name) => {
    if (!values.includes(text(value, name).toLowerCase())) throw wrong(name, value);
  };
}

/** Options that are true of this emulator whatever their value: it has nothing that they could restrict. */
const alwaysTrue: Apply = (_draft, value, name) => void boolean(value, name);

/** Texts and numbers that only logs and caches of the service would use. */
const informative: Apply = (_draft, value, name) => {
  if (typeof value === "object") throw wrong(name, value);
};

function refusedWhenTrue(what: string): Apply {
  return (_draft, value, name) => {
    if (boolean(value, name)) throw notSupported(what);
  };
}

/** What each option does; those that throw are refused. */
export const options: Readonly<Record<string, Apply>> = {
  servertimeout: (draft, value, name) => {
    const ticks = parseTimespan(text(value, name));
    if (ticks === null || ticks <= 0n) throw wrong(name, value);
    const milliseconds = Number(ticks / 10_000n);
    if (milliseconds > longestTimeout) throw wrong(name, value);
    draft.timeout = milliseconds;
  },
  norequesttimeout: (draft, value, name) => {
    if (boolean(value, name)) draft.timeout = longestTimeout;
  },
  request_readonly: (draft, value, name) => {
    draft.readOnly ||= boolean(value, name);
  },
  request_readonly_hardline: (draft, value, name) => {
    draft.readOnly ||= boolean(value, name);
  },
  queryconsistency: oneOf([
    "strongconsistency",
    "weakconsistency",
    "weakconsistency_by_query",
    "weakconsistency_by_database",
    "weakconsistency_by_session_id",
  ]),
  query_weakconsistency_session_id: informative,
  query_datascope: oneOf(["default", "all"]),
  query_language: oneOf(["csl", "kql"]),
  truncationmaxrecords: (draft, value, name) => {
    draft.maxRecords = Math.min(draft.maxRecords, count(value, name));
  },
  truncationmaxsize: (draft, value, name) => {
    draft.maxBytes = Math.min(draft.maxBytes, count(value, name));
  },
  notruncation: alwaysTrue,
  query_take_max_records: (draft, value, name) => {
    draft.takeRecords = count(value, name);
  },
  deferpartialqueryfailures: (draft, value, name) => {
    draft.deferErrors = boolean(value, name);
  },
  results_progressive_enabled: (draft, value, name) => {
    draft.progressive = boolean(value, name);
  },
  results_v2_newlines_between_frames: (draft, value, name) => {
    draft.newlines = boolean(value, name);
  },
  results_v2_fragment_primary_tables: (draft, value, name) => {
    draft.fragmented = boolean(value, name);
  },
  results_error_reporting_placement: (draft, value, name) => {
    oneOf(["in_data", "end_of_table", "end_of_dataset"])(draft, value, name);
    draft.errorPlacement = text(value, name).toLowerCase() as ErrorPlacement;
  },
  query_now: (draft, value, name) => {
    const literal = text(value, name);
    const inner = /^\s*datetime\s*\((.*)\)\s*$/is.exec(literal)?.[1] ?? literal;
    const ticks = parseScalar("datetime", inner.trim().replace(/^(["'])(.*)\1$/, "$2"));
    if (typeof ticks !== "bigint") throw wrong(name, value);
    draft.now = ticks;
  },
  response_dynamic_serialization: oneOf(["json"]),
  query_results_cache_max_age: informative,
  query_results_cache_force_refresh: alwaysTrue,
  query_log_query_parameters: alwaysTrue,
  request_description: informative,
  request_app_name: informative,
  request_user: informative,
  request_callout_disabled: alwaysTrue,
  request_external_table_disabled: alwaysTrue,
  request_external_data_disabled: alwaysTrue,
  request_remote_entities_disabled: alwaysTrue,
  request_sandboxed_execution_disabled: alwaysTrue,
  best_effort: refusedWhenTrue("The request property 'best_effort'"),
  validatepermissions: refusedWhenTrue("The request property 'validatepermissions'"),
  query_results_apply_getschema: refusedWhenTrue(
    "The request property 'query_results_apply_getschema'",
  ),
};

/** Options that only a request can set, and no statement in its text. */
const requestOnly: ReadonlySet<string> = new Set([
  "norequesttimeout",
  "queryconsistency",
  "query_language",
  "query_log_query_parameters",
  "query_weakconsistency_session_id",
  "request_app_name",
  "request_readonly",
  "request_readonly_hardline",
  "request_user",
  "results_progressive_enabled",
  "results_v2_fragment_primary_tables",
  "servertimeout",
  "truncationmaxsize",
]);

function applyOption(draft: Draft, name: string, value: unknown, place: string): void {
  const apply = Object.hasOwn(options, name) ? options[name] : undefined;
  if (apply === undefined) throw notSupported(`The request property '${name}'${place}`);
  if (value !== null) apply(draft, value, name);
}

function objectOf(value: unknown, what: string): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  const read = typeof value === "string" ? value === "" ? {} : readJson(value) : value;
  if (typeof read !== "object" || read === null || Array.isArray(read)) {
    throw badRequest(`The ${what} of the request are no JSON object.`);
  }
  return read as Record<string, unknown>;
}

/**
 * Reads the `properties` of a request, an object or its JSON text.
 *
 * @param settings The options that statements of the text set beside.
 * @throws ServiceError for an option that is unknown, is not honoured here, or has a value that it cannot have.
 */
export function readProperties(
  properties: unknown,
  defaultTimeout: number,
  settings: readonly Setting[] = [],
): RequestProperties {
  const given = objectOf(properties, "properties");
  for (const name of Object.keys(given)) {
    if (!["Options", "Parameters", "ClientRequestId", "Application", "User"].includes(name)) {
      throw badRequest(`Request properties hold the unknown part '${name}'.`);
    }
  }
  const clientRequestId = given["ClientRequestId"];
  const draft: Draft = {
    parameters: new Map(Object.entries(objectOf(given["Parameters"], "parameters"))),
    clientRequestId: typeof clientRequestId === "string" ? clientRequestId : undefined,
    timeout: defaultTimeout,
    readOnly: false,
    maxRecords: Infinity,
    maxBytes: Infinity,
    takeRecords: Infinity,
    now: undefined,
    progressive: false,
    fragmented: false,
    newlines: false,
    errorPlacement: "in_data",
    deferErrors: false,
  };
  const named = new Map<string, unknown>();
  for (const [name, value] of Object.entries(objectOf(given["Options"], "options"))) {
    named.set(name.toLowerCase(), value);
    applyOption(draft, name.toLowerCase(), value, "");
  }
  for (const { name, value, place } of settings) {
    if (requestOnly.has(name)) {
      throw badRequest(`Request property '${name}' cannot be set by a statement ${place}.`);
    }
    named.set(name, value);
    applyOption(draft, name, value, ` ${place}`);
  }
  // Without limits only where none was set by another option; otherwise the service ignores it.
  const limited = named.has("truncationmaxrecords") || named.has("truncationmaxsize") ||
    named.has("query_take_max_records");
  const unlimited = !limited && String(named.get("notruncation") ?? false) === "true";
  if (!unlimited) {
    draft.maxRecords = draft.maxRecords === Infinity ? mostRecords : draft.maxRecords;
    draft.maxBytes = draft.maxBytes === Infinity ? mostBytes : draft.maxBytes;
  }
  return draft;
}
