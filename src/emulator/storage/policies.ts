/**
 * The policies of databases, tables, views and columns: what commands set, and what follows from it.
 *
 * Sources: retention-policy, alter-table-cache-policy-command, alter-table-streaming-ingestion-policy-command,
 * alter-encoding-policy, row-order-policy (Kusto documentation).
 *
 * @module
 */
import { formatTimespan, parseTimespan } from "../values/datetime.ts";
import { ServiceError } from "../errors.ts";

/** The kinds of policy that can be set and shown. */
export type PolicyKind =
  | "retention"
  | "caching"
  | "streamingingestion"
  | "roworder"
  | "encoding"
  | "ingestiontime"
  | "ingestionbatching"
  | "merge"
  | "row_level_security";

/** The policies of one entity, each as the JSON value that `.show` gives. */
export type Policies = Map<PolicyKind, Record<string, unknown>>;

/** The name that answers give a policy. */
export const policyNames: Readonly<Record<PolicyKind, string>> = {
  retention: "RetentionPolicy",
  caching: "CachingPolicy",
  streamingingestion: "StreamingIngestionPolicy",
  roworder: "RowOrderPolicy",
  encoding: "EncodingPolicy",
  ingestiontime: "IngestionTimePolicy",
  ingestionbatching: "IngestionBatchingPolicy",
  merge: "ExtentsMergePolicy",
  row_level_security: "RowLevelSecurityPolicy",
};

const longestRetention = 365_000n * 864_000_000_000n;

/** How long rows are kept: the entity's own policy, else the database's, else 1 000 years. */
export function retentionTicks(own: Policies, database: Policies): bigint {
  const policy = own.get("retention") ?? database.get("retention");
  const period = policy?.["SoftDeletePeriod"];
  return (typeof period === "string" ? parseTimespan(period) : null) ?? longestRetention;
}

/** Whether rows may be streamed in: the table's policy wins over the database's. */
export function streamingAllowed(own: Policies, database: Policies): boolean {
  const policy = own.get("streamingingestion") ?? database.get("streamingingestion");
  return policy?.["IsEnabled"] === true;
}

/** The error for a policy that cannot be read or may not be set. */
export function badPolicy(message: string): ServiceError {
  return new ServiceError({
    status: 400,
    code: "General_BadRequest",
    type: "Kusto.Data.Exceptions.KustoBadRequestException",
    message: `Request is invalid and cannot be executed. ${message}`,
    permanent: true,
  });
}

/** The error for a streaming policy on a cluster whose switch for streaming ingestion is off. */
export function streamingOff(): ServiceError {
  return badPolicy("Admin command cannot be executed as streaming ingestion is not enabled.");
}

/** Reads a policy given as JSON text; its fields keep their case. */
function readPolicyJson(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badPolicy("Policy serialization failed: the text is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badPolicy("Policy serialization failed: a JSON object was expected");
  }
  return value as Record<string, unknown>;
}

const fieldsOf: Readonly<Partial<Record<PolicyKind, readonly string[]>>> = {
  retention: ["SoftDeletePeriod", "Recoverability"],
  streamingingestion: ["IsEnabled", "HintAllocatedRate"],
  ingestionbatching: ["MaximumBatchingTimeSpan", "MaximumNumberOfItems", "MaximumRawDataSizeMB"],
};

/** A policy made of JSON text, merged over `old` where given; fields that the policy does not have are refused. */
export function policyFromJson(
  kind: PolicyKind,
  text: string,
  old: Record<string, unknown> | undefined,
): Record<string, unknown> {
  const given = readPolicyJson(text);
  const known = fieldsOf[kind];
  if (known === undefined) throw badPolicy(`${policyNames[kind]} is not set by a JSON text`);
  const policy: Record<string, unknown> = { ...old };
  for (const [name, value] of Object.entries(given)) {
    const field = known.find((candidate) => candidate.toLowerCase() === name.toLowerCase());
    if (field === undefined) throw badPolicy(`${policyNames[kind]} has no property '${name}'`);
    policy[field] = value;
  }
  return kind === "retention"
    ? retentionPolicy(policy["SoftDeletePeriod"], policy["Recoverability"])
    : kind === "streamingingestion"
    ? streamingPolicy(policy)
    : policy;
}

function streamingPolicy(policy: Record<string, unknown>): Record<string, unknown> {
  if (typeof policy["IsEnabled"] !== "boolean") {
    throw badPolicy("StreamingIngestionPolicy: IsEnabled must be true or false");
  }
  return { IsEnabled: policy["IsEnabled"], HintAllocatedRate: policy["HintAllocatedRate"] ?? null };
}

/** The streaming policy that `enable` and `disable` set. */
export function streamingSwitch(enabled: boolean): Record<string, unknown> {
  return { IsEnabled: enabled, HintAllocatedRate: null };
}

/** A retention policy of the values given, checked; what is not given has the service's default. */
export function retentionPolicy(period: unknown, recoverability: unknown): Record<string, unknown> {
  const span = period === undefined ? "365000.00:00:00" : period;
  const ticks = typeof span === "string" ? parseTimespan(span) : null;
  if (ticks === null || ticks < 0n) {
    throw badPolicy(`RetentionPolicy: '${String(span)}' is not a valid SoftDeletePeriod`);
  }
  const kept = String(recoverability ?? "Enabled").toLowerCase();
  if (kept !== "enabled" && kept !== "disabled") {
    throw badPolicy(`RetentionPolicy: '${String(recoverability)}' is not a valid Recoverability`);
  }
  return {
    SoftDeletePeriod: formatTimespan(ticks),
    Recoverability: kept === "enabled" ? "Enabled" : "Disabled",
  };
}

/** The caching policy that `hot = 30d` sets. */
export function cachingPolicy(hot: string): Record<string, unknown> {
  const ticks = parseTimespan(hot);
  if (ticks === null || ticks < 0n) {
    throw badPolicy(`CachingPolicy: '${hot}' is not a valid hot span`);
  }
  const span = { Value: formatTimespan(ticks) };
  return { DataHotSpan: span, IndexHotSpan: span };
}

/** Encodings that a column may be given, with the largest string or dynamic cell in bytes that each allows. */
export const encodings: ReadonlyMap<string, number> = new Map([
  ["Null", 1_048_576],
  ["Identifier", 1_048_576],
  ["BigObject", 2 * 1_048_576],
  ["BigObject32", 32 * 1_048_576],
]);

/** The encoding of the name given, in the service's spelling. */
export function encodingName(given: string): string {
  for (const name of encodings.keys()) {
    if (name.toLowerCase() === given.toLowerCase()) return name;
  }
  throw badPolicy(`EncodingPolicy: unknown encoding type '${given}'`);
}
