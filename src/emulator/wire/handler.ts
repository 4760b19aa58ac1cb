/**
 * Requests → answers: the REST endpoints of the service.
 *
 * Sources: request, response, streaming-ingest (Kusto documentation).
 *
 * @module
 */
import {
  demandRole,
  everyRole,
  readOnlyRequest,
  type Role,
  rolesOf,
  type Tokens,
} from "./access.ts";
import { answerCommand, answerV1 } from "./answer_v1.ts";
import { answerV2 } from "./answer_v2.ts";
import { cutBody, readBody, slowBody } from "./bodies.ts";
import { Concurrency } from "./concurrency.ts";
import { runCommand } from "../commands/commands.ts";
import type { Database } from "../storage/database.ts";
import { readJson } from "../values/dynamic.ts";
import { badRequest, notSupported } from "../entity_errors.ts";
import { errorBody, type RequestIdentity } from "./error_body.ts";
import { securedCatalog } from "../storage/row_level_security.ts";
import { ServiceError } from "../errors.ts";
import { engineLimit } from "../exhausted.ts";
import { metadataBody } from "./metadata.ts";
import type { Operations } from "../commands/operations.ts";
import { readProperties, type RequestProperties } from "./options.ts";
import type { Queries, QueryTable } from "../language/queries.ts";
import type { RequestLog, RequestRecord } from "./requests.ts";
import type { SchemaCache } from "../storage/schema_cache.ts";
import { ingestStream, streamingAnswer, streamingLimit } from "../ingestion/streaming.ts";
import { type RequestKind, throttled, type TroubleMaker, unavailable } from "./trouble.ts";

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

/** An answer before it is sent. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** There is no answer, as the connection breaks or is never made. */
export class ConnectionReset extends TypeError {
  override readonly name = "TypeError";

  constructor(reason = "connection reset by peer") {
    super(`error sending request: ${reason}`);
  }
}

/** What the handler works with. */
export interface HandlerSetup {
  readonly database: Database;
  readonly queries: Queries;
  readonly schemaCache: SchemaCache;
  /** Whether the cluster takes streaming ingestion at all. */
  readonly streaming: boolean;
  readonly operations: Operations;
  readonly trouble: TroubleMaker;
  readonly log: RequestLog;
  readonly tokens: Tokens | undefined;
  /** The sign-in service that clients are told of. */
  readonly loginEndpoint: string;
  readonly newId: () => string;
  /** Milliseconds of a clock that only goes forward, for time-outs. */
  readonly elapsed: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

interface Exchange {
  readonly request: PlainRequest;
  readonly kind: RequestKind;
  readonly roles: readonly Role[];
  identity: RequestIdentity;
  subject: string;
  rows: number;
  /** Says that the request is no longer under way. */
  end: () => void;
}

const bodyLimit = 64 * 1_048_576;
const queryTimeout = 240_000;
const commandTimeout = 600_000;

const kinds: readonly (readonly [RegExp, RequestKind])[] = [
  [/^\/v[12]\/rest\/query\/?$/i, "query"],
  [/^\/v1\/rest\/mgmt\/?$/i, "command"],
  [/^\/v1\/rest\/ingest\/[^/]+\/[^/]+\/?$/i, "ingest"],
  [/^\/v1\/rest\/auth\/metadata\/?$/i, "metadata"],
];

/** Answers requests. */
export class Handler {
  readonly #setup: HandlerSetup;
  readonly #concurrency = new Concurrency();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(setup: HandlerSetup) {
    this.#setup = setup;
  }

  /**
   * Answers a request.
   *
   * @throws ConnectionReset where the connection is to break.
   */
  async handle(request: PlainRequest): Promise<Response> {
    const kind = kinds.find(([path]) => path.test(request.url.pathname))?.[1];
    const { database, trouble, log, sleep } = this.#setup;
    const exchange: Exchange = {
      request,
      kind: kind ?? "query",
      roles: everyRole,
      identity: this.#identify(request, database.database),
      subject: "",
      rows: 0,
      end: () => {},
    };
    const on = exchange.kind;
    const note = (status: number, responseBytes: number): void =>
      log.add(recordOf(exchange, status, responseBytes));
    // The name of a cluster that is stopped leads nowhere.
    const stopped = trouble.draw("stopped", on);
    if (stopped || trouble.draw("reset", on)) {
      note(0, 0);
      throw new ConnectionReset(
        stopped && `dns error: failed to lookup address of ${request.url.hostname}`,
      );
    }
    const answer = kind === undefined
      ? notFound(exchange.identity)
      : await this.#answer(exchange).catch((error: unknown) => this.#failure(error, exchange));
    if (answer.status === 200 && trouble.draw("lostReply", on)) {
      exchange.end();
      note(0, 0);
      throw new ConnectionReset();
    }
    const bytes = new TextEncoder().encode(answer.body);
    note(answer.status, bytes.length);
    const cut = trouble.draw("cutBody", on);
    const slow = cut ? undefined : trouble.draw("slowBody", on);
    if (!slow) exchange.end();
    const body = cut
      ? cutBody(bytes)
      : slow
      ? slowBody(bytes, () => sleep(slow.delayMs ?? 1000), request.signal, exchange.end)
      : bytes;
    return new Response(body, { status: answer.status, headers: answer.headers });
  }

  async #answer(exchange: Exchange): Promise<PlainAnswer> {
    const { request, kind, identity } = exchange;
    const { trouble, tokens } = this.#setup;
    exchange.end = this.#concurrency.begin(kind, trouble.cores);
    const down = trouble.draw("serviceError", kind);
    if (down) return this.#failure(unavailable(down.status ?? 503), exchange, down.retryAfter);
    const throttle = trouble.draw("throttle", kind);
    if (throttle) return this.#failure(throttled(kind, 1), exchange, throttle.retryAfter);
    if (kind === "metadata") {
      if (request.method !== "GET") return notAllowed(identity, "GET");
      return ok(metadataBody(this.#setup.loginEndpoint), identity);
    }
    const roles = trouble.draw("expiredToken", kind)
      ? undefined
      : rolesOf(tokens, request.headers.get("authorization"));
    if (roles === undefined) return unauthorized(identity);
    const known = { ...exchange, roles };
    try {
      if (kind === "ingest") return await this.#ingest(known);
      if (request.method !== "POST" && !(request.method === "GET" && kind === "query")) {
        return notAllowed(identity, "POST");
      }
      return await this.#execute(known);
    } finally {
      exchange.identity = known.identity;
      exchange.subject = known.subject;
      exchange.rows = known.rows;
    }
  }

  async #execute(exchange: Exchange): Promise<PlainAnswer> {
    const { request, kind } = exchange;
    const fields = await this.#fields(request);
    const timeout = kind === "command" ? commandTimeout : queryTimeout;
    const properties = readProperties(fields["properties"], timeout);
    if (properties.clientRequestId !== undefined && !request.headers.has(clientRequestHeader)) {
      exchange.identity = { ...exchange.identity, clientRequestId: properties.clientRequestId };
    }
    const readOnly = properties.readOnly || request.headers.has("x-ms-readonly");
    const text = fields["csl"];
    if (typeof text !== "string" || text.trim() === "") {
      throw badRequest("The request has no query or command text (csl).");
    }
    exchange.subject = text.trim().slice(0, 200);
    const needsDatabase = kind === "query" ||
      !/^\s*\.show\s+(?:cluster|version|databases)\b/i.test(text);
    this.#checkDatabase(fields["db"], needsDatabase);
    const isV2 = request.url.pathname.toLowerCase().startsWith("/v2/");
    refuseElsewhere(properties, kind, isV2);
    const isCommand = text.trimStart().startsWith(".") ||
      /^(?:\s*\/\/[^\n]*\n)+\s*\./.test(text);
    const begun = this.#setup.elapsed();
    const checkTime = (): void => {
      if (this.#setup.elapsed() - begun > properties.timeout) throw timedOut(properties.timeout);
    };
    const body = kind === "command"
      ? await this.#inTurn(() =>
        this.#runCommand(text, isCommand, properties, exchange, readOnly, checkTime)
      )
      : await this.#runQuery(text, isCommand, fields["properties"], exchange, checkTime);
    // What a command has done by now is done, and is not to be answered with an error.
    if (kind === "query") checkTime();
    return ok(body, exchange.identity);
  }

  async #runCommand(
    text: string,
    isCommand: boolean,
    properties: RequestProperties,
    { roles, identity }: Exchange,
    readOnly: boolean,
    checkTime: () => void,
  ): Promise<string> {
    checkTime();
    if (!isCommand) {
      throw badRequest("The management endpoint takes commands, which begin with a dot.");
    }
    const { database, queries, schemaCache, streaming, operations, newId } = this.#setup;
    const context = {
      database,
      queries,
      schemaCache,
      streaming,
      operations,
      newId,
      roles,
      checkTime,
    };
    const { tables, isPipeline } = await runCommand(text, context, readOnly);
    return isPipeline
      ? answerV1(tables, properties, identity, database.now())
      : answerCommand(tables[0]!, properties);
  }

  async #runQuery(
    text: string,
    isCommand: boolean,
    given: unknown,
    { request, roles, identity }: Exchange,
    checkTime: () => void,
  ): Promise<string> {
    const { database, queries } = this.#setup;
    const isV2 = request.url.pathname.toLowerCase().startsWith("/v2/");
    if (isCommand) {
      throw badRequest(
        isV2
          ? "Control commands (starting with a dot '.') do not support api_version=v2"
          : "The query endpoint takes queries; commands begin with a dot and go to /v1/rest/mgmt.",
      );
    }
    demandRole(roles, "viewer", "read", database.database);
    await queries.load();
    const catalog = securedCatalog(
      database,
      (policy, seen) => queries.runOne(policy, seen, checkTime),
    );
    const settings = queries.settings(text, catalog, checkTime);
    const properties = readProperties(given, queryTimeout, settings);
    refuseElsewhere(properties, "query", isV2);
    const tables = queries.run(text, catalog, {
      parameters: properties.parameters,
      honoursSettings: true,
      checkTime,
      ...(properties.now !== undefined && { now: properties.now }),
    });
    const write = isV2 ? answerV2 : answerV1;
    return write(tables, properties, identity, database.now());
  }

  async #ingest(exchange: Exchange): Promise<PlainAnswer> {
    const { request, roles, identity } = exchange;
    if (request.method !== "POST") return notAllowed(identity, "POST");
    const { database, schemaCache, streaming, trouble } = this.#setup;
    const [, , , , db = "", table = ""] = request.url.pathname.split("/").map(decoded);
    exchange.subject = table;
    this.#checkDatabase(db, true);
    demandRole(roles, "ingestor", "ingest", database.database);
    if (!streaming) return { status: 404, headers: headersOf(identity), body: "" };
    if (request.headers.has("x-ms-readonly")) throw readOnlyRequest("it may bring no rows");
    const { format, mapping } = ingestionParameters(request.url.searchParams);
    const body = await readBody(
      request.body,
      request.headers.get("content-encoding"),
      streamingLimit,
    );
    exchange.rows = ingestStream(
      {
        table,
        format,
        mapping,
        body,
        delay: BigInt(Math.round(trouble.visibilityDelayMs * 10_000)),
        copies: trouble.draw("duplicate", "ingest") ? 2 : 1,
      },
      database,
      schemaCache,
    );
    return ok(
      answerCommand(streamingAnswer(exchange.rows) as QueryTable, readProperties(undefined, 0)),
      identity,
    );
  }

  async #fields(request: PlainRequest): Promise<Record<string, unknown>> {
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

  #checkDatabase(name: unknown, isNeeded: boolean): void {
    const { database } = this.#setup.database;
    if (typeof name === "string" && name.toLowerCase() === database.toLowerCase()) return;
    if ((name === undefined || name === null || name === "") && !isNeeded) return;
    throw badRequest(
      typeof name === "string" && name !== ""
        ? `Entity ID '${name}' of kind 'Database' was not found.`
        : "The request names no database (db).",
      "BadRequest_DatabaseNotExist",
    );
  }

  /** Commands that change things run one after the other. */
  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(run);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  #identify(request: PlainRequest, database: string): RequestIdentity {
    const { newId } = this.#setup;
    const activityId = newId();
    return {
      clientRequestId: request.headers.get(clientRequestHeader) ?? `unspecified;${newId()}`,
      activityId,
      startedAt: this.#setup.database.now(),
      database,
    };
  }

  #failure(error: unknown, { identity }: Exchange, retryAfter?: number): PlainAnswer {
    const refusal = error instanceof ServiceError ? error : engineLimit(error);
    const known = refusal ?? new ServiceError({
      status: 500,
      code: "General_InternalServerError",
      type: "Kusto.Data.Exceptions.KustoServiceException",
      message: `The embedded Kusto failed: ${error instanceof Error ? error.message : error}`,
      permanent: true,
    });
    return {
      status: known.status,
      headers: {
        ...headersOf(identity),
        ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }),
      },
      body: errorBody(known, identity),
    };
  }
}

/** Refuses options that would have no effect on the endpoint that they were sent to. */
function refuseElsewhere(properties: RequestProperties, kind: RequestKind, isV2: boolean): void {
  const { progressive, fragmented, newlines, errorPlacement, now } = properties;
  if (!isV2 && (progressive || fragmented || newlines || errorPlacement !== "in_data")) {
    throw badRequest("The options 'results_...' are for the v2 query endpoint alone.");
  }
  if (kind === "command" && now !== undefined) {
    throw badRequest("The option 'query_now' is for queries alone.");
  }
}

/** The parameters of a streaming request; their names are matched in any case. */
function ingestionParameters(parameters: URLSearchParams) {
  const found = { streamformat: undefined, mappingname: undefined } as {
    streamformat: string | undefined;
    mappingname: string | undefined;
  };
  for (const [name, value] of parameters) {
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

const clientRequestHeader = "x-ms-client-request-id";

function headersOf(identity: RequestIdentity): Record<string, string> {
  return {
    "content-type": "application/json; charset=utf-8",
    // Headers hold no characters beyond Latin-1.
    [clientRequestHeader]: identity.clientRequestId.replace(/[^\x20-\x7e]/g, "?"),
    "x-ms-activity-id": identity.activityId,
  };
}

function ok(body: string, identity: RequestIdentity): PlainAnswer {
  return { status: 200, headers: headersOf(identity), body };
}

function unauthorized(identity: RequestIdentity): PlainAnswer {
  return {
    status: 401,
    headers: {
      ...headersOf(identity),
      "www-authenticate":
        'Bearer authorization_uri="https://login.microsoftonline.com/organizations"',
    },
    body: JSON.stringify({ Message: "Authorization has been denied for this request." }),
  };
}

function plainError(status: number, code: string, message: string): ServiceError {
  const type = "Kusto.Data.Exceptions.KustoBadRequestException";
  return new ServiceError({ status, code, type, message, permanent: true });
}

function notFound(identity: RequestIdentity): PlainAnswer {
  const error = plainError(404, "NotFound", "There is no such endpoint.");
  return { status: 404, headers: headersOf(identity), body: errorBody(error, identity) };
}

function notAllowed(identity: RequestIdentity, allowed: string): PlainAnswer {
  const error = plainError(405, "MethodNotAllowed", `The endpoint takes ${allowed} requests.`);
  return {
    status: 405,
    headers: { ...headersOf(identity), allow: allowed },
    body: errorBody(error, identity),
  };
}

function timedOut(limit: number): ServiceError {
  return new ServiceError({
    status: 504,
    code: "Timeout",
    type: "Kusto.Data.Exceptions.KustoServiceTimeoutException",
    message: `The request took longer than the ${limit} ms that it was given (servertimeout).`,
    permanent: false,
  });
}

function recordOf(exchange: Exchange, status: number, responseBytes: number): RequestRecord {
  const { request, kind, identity, subject, rows } = exchange;
  return {
    kind,
    path: request.url.pathname,
    status,
    requestBytes: request.body.length,
    responseBytes,
    clientRequestId: identity.clientRequestId,
    subject,
    rows,
  };
}
