/**
 * What a request asks for: its kind by its path, and what its body and its query name.
 *
 * Sources: request, streaming-ingest (Kusto documentation).
 *
 * @module
 */
import { badRequest, notSupported } from "../entity_errors.ts";
import { readJson } from "../values/dynamic.ts";
import { readBody } from "./bodies.ts";
import type { RequestKind } from "./trouble.ts";

/** A request as the handler sees it, whatever way it came. */
export interface PlainRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: URL;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Tells when the client gives the request up. */
  readonly signal?: AbortSignal;
}

/** The header that bears the client's id of a request, and the service's answer to it. */
export const clientRequestHeader = "x-ms-client-request-id";

const bodyLimit = 64 * 1_048_576;

const kinds: readonly (readonly [RegExp, RequestKind])[] = [
  [/^\/v[12]\/rest\/query\/?$/i, "query"],
  [/^\/v1\/rest\/mgmt\/?$/i, "command"],
  [/^\/v1\/rest\/ingest\/[^/]+\/[^/]+\/?$/i, "ingest"],
  [/^\/v1\/rest\/auth\/metadata\/?$/i, "metadata"],
];

/** What kind of request it is; undefined where its path is none of the service's. */
export function kindOf({ url }: PlainRequest): RequestKind | undefined {
  return kinds.find(([path]) => path.test(url.pathname))?.[1];
}

/** Whether a query is for the v2 endpoint. */
export function isForV2({ url }: PlainRequest): boolean {
  return url.pathname.toLowerCase().startsWith("/v2/");
}

/**
 * The fields of a query or command: `db`, `csl` and `properties`.
 *
 * @throws ServiceError for a body that is too large, packed in an unknown way, or no JSON object.
 */
export async function readFields(request: PlainRequest): Promise<Record<string, unknown>> {
  if (request.method === "GET") {
    const { searchParams } = request.url;
    return {
      db: searchParams.get("db") ?? undefined,
      csl: searchParams.get("csl") ?? searchParams.get("query") ?? undefined,
      properties: searchParams.get("properties") ?? undefined,
    };
  }
  const text = await readBody(
    request.body,
    request.headers.get("content-encoding"),
    bodyLimit,
  );
  const fields = readJson(text);
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    throw badRequest("The request's body is no JSON object.");
  }
  return fields as Record<string, unknown>;
}

/** The database and the table that a streaming request names in its path. */
export function ingestionTarget({ url }: PlainRequest): {
  readonly database: string;
  readonly table: string;
} {
  const [, , , , database = "", table = ""] = url.pathname.split("/").map(decoded);
  return { database, table };
}

/**
 * The parameters of a streaming request; their names are matched in any case.
 *
 * @throws ServiceError for one that is unknown or given twice, and where there is no format.
 */
export function ingestionParameters({ url }: PlainRequest): {
  readonly format: string;
  readonly mapping: string | undefined;
} {
  const found: Record<"streamformat" | "mappingname", string | undefined> = {
    streamformat: undefined,
    mappingname: undefined,
  };
  for (const [name, value] of url.searchParams) {
    const known = name.toLowerCase();
    if (known !== "streamformat" && known !== "mappingname") {
      throw notSupported(`The ingestion parameter '${name}'`);
    }
    if (found[known] !== undefined) throw badRequest(`The parameter '${name}' is given twice.`);
    found[known] = value;
  }
  if (!found.streamformat) throw badRequest("The request names no format (streamFormat).");
  return { format: found.streamformat, mapping: found.mappingname };
}

/** A part of a path, its escapes resolved; one that is not well-formed stays as it is and names nothing. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
