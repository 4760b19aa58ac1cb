/**
 * What the endpoints for queries, commands and streaming ingestion do with a request that may come in.
 *
 * Sources: request, response, streaming-ingest (Kusto documentation).
 *
 * @module
 */
import { demandRole, readOnlyRequest, type Role } from "./access.ts";
import { answerCommand, answerV1 } from "./answer_v1.ts";
import { answerV2 } from "./answer_v2.ts";
import { readBody } from "./bodies.ts";
import { runCommand } from "../commands/commands.ts";
import type { Database } from "../storage/database.ts";
import { badRequest, unknownDatabaseName, unknownEntity } from "../entity_errors.ts";
import type { RequestIdentity } from "./error_body.ts";
import { securedCatalog } from "../storage/row_level_security.ts";
import { ServiceError } from "../errors.ts";
import type { Operations } from "../commands/operations.ts";
import { readProperties, type RequestProperties } from "./options.ts";
import { notAllowed, ok, type PlainAnswer, streamingIsOff } from "./plain_answer.ts";
import {
  clientRequestHeader,
  ingestionParameters,
  ingestionTarget,
  isForV2,
  type PlainRequest,
  readFields,
} from "./plain_request.ts";
import type { Queries } from "../language/queries.ts";
import type { SchemaCache } from "../storage/schema_cache.ts";
import { ingestStream, streamingAnswer, streamingLimit } from "../ingestion/streaming.ts";
import type { RequestKind, TroubleMaker } from "./trouble.ts";

/** What the endpoints work with. */
export interface EndpointsSetup {
  readonly database: Database;
  readonly queries: Queries;
  readonly schemaCache: SchemaCache;
  /** Whether the cluster takes streaming ingestion at all. */
  readonly streaming: boolean;
  readonly operations: Operations;
  readonly trouble: TroubleMaker;
  readonly newId: () => string;
  /** Milliseconds of a clock that only goes forward, for time-outs. */
  readonly elapsed: () => number;
}

/** One request on its way to its answer, and what its record will tell. */
export interface Exchange {
  readonly request: PlainRequest;
  readonly kind: RequestKind;
  /** What the sender may do; nothing before the token was looked at. */
  roles: readonly Role[];
  identity: RequestIdentity;
  /** The text of a query or command, cut where it is long, or the table of an ingestion. */
  subject: string;
  /** Rows that an ingestion brought. */
  rows: number;
  /** Says that the request is no longer under way. */
  end: () => void;
}

const queryTimeout = 240_000;
const commandTimeout = 600_000;

/** Carries requests out. */
export class Endpoints {
  readonly #setup: EndpointsSetup;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(setup: EndpointsSetup) {
    this.#setup = setup;
  }

  /** Runs a query or a command. */
  async execute(exchange: Exchange): Promise<PlainAnswer> {
    const { request, kind, identity } = exchange;
    if (request.method !== "POST" && !(request.method === "GET" && kind === "query")) {
      return notAllowed(identity, "POST");
    }
    const fields = await readFields(request);
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
    const unknown = kind === "query" || /^\s*\.show\b/i.test(text)
      ? unknownDatabase
      : unknownDatabaseName;
    this.#checkDatabase(fields["db"], needsDatabase, unknown);
    refuseElsewhere(properties, kind, isForV2(request));
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
    const isV2 = isForV2(request);
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

  /** Takes streamed rows in. */
  async ingest(exchange: Exchange): Promise<PlainAnswer> {
    const { request, roles, identity } = exchange;
    if (request.method !== "POST") return notAllowed(identity, "POST");
    const { database, schemaCache, streaming, trouble } = this.#setup;
    const target = ingestionTarget(request);
    const { table } = target;
    exchange.subject = table;
    this.#checkDatabase(target.database, true, unknownDatabase);
    demandRole(roles, "ingestor", "ingest", database.database);
    if (!streaming) return streamingIsOff(identity);
    if (request.headers.has("x-ms-readonly")) throw readOnlyRequest("it may bring no rows");
    const { format, mapping } = ingestionParameters(request);
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
      answerCommand(streamingAnswer(exchange.rows), readProperties(undefined, 0)),
      identity,
    );
  }

  #checkDatabase(
    name: unknown,
    isNeeded: boolean,
    unknown: (name: string) => ServiceError,
  ): void {
    const { database } = this.#setup.database;
    if (typeof name === "string" && name.toLowerCase() === database.toLowerCase()) return;
    const isNamed = name !== undefined && name !== null && name !== "";
    if (!isNamed && !isNeeded) return;
    throw typeof name === "string" && isNamed
      ? unknown(name)
      : badRequest("The request names no database (db).");
  }

  /** Commands that change things run one after the other. */
  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(run);
    // Whoever sent a command hears of its failure; the next one goes on.
    this.#turn = result.catch(() => undefined);
    return result;
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

function unknownDatabase(name: string): ServiceError {
  return unknownEntity("Database", name);
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
