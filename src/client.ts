/**
 * Kusto's REST endpoints: queries, management commands and streaming ingestion.
 *
 * @module
 */
import type { Settings } from "./config.ts";
import {
  type KustoError,
  type KustoErrorDetails,
  KustoLimitError,
  KustoPermissionError,
  KustoProtocolError,
  KustoRequestError,
  KustoSchemaError,
} from "./errors.ts";
import {
  type Answer,
  readCommandAnswer,
  readQueryAnswer,
  type ResultTable,
  type ServiceFailure,
} from "./frames.ts";
import { literal, type QueryParameters } from "./kql.ts";
import { MAPPING_NAME } from "./schema.ts";
import { Transport, type TransportReply } from "./transport.ts";

const JSON_TYPE = "application/json; charset=utf-8";
const LINE_END = 10;

/** Options of one call. */
export interface CallOptions {
  /** Gives the call up. */
  readonly signal?: AbortSignal;
}

/** Talks to one database. */
export class KustoClient {
  readonly #settings: Settings;
  readonly #transport: Transport;
  readonly #encoder = new TextEncoder();

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#transport = new Transport(settings);
  }

  /**
   * Runs a query; resolves to one table for each tabular statement, in their order.
   *
   * Asks for strong consistency, so that acknowledged rows show, and for no right to change anything.
   */
  async query(
    text: string,
    parameters: QueryParameters,
    options: CallOptions = {},
  ): Promise<ResultTable[]> {
    const call = { action: "run a query", role: "Database Viewer" };
    const reply = await this.#send(call, "/v2/rest/query", text, {
      Options: {
        servertimeout: timespan(this.#settings.queryTimeoutMs),
        queryconsistency: "strongconsistency",
        request_readonly: true,
      },
      Parameters: Object.fromEntries(
        Object.entries(parameters).map(([name, value]) => [name, literal(value)]),
      ),
    }, options.signal);
    return tablesOf(call, reply, readQueryAnswer);
  }

  /** Runs a management command; resolves to its result tables. */
  async command(text: string, options: CallOptions = {}): Promise<ResultTable[]> {
    const call = { action: `run "${commandName(text)}"`, role: "Database Admin" };
    const reply = await this.#send(call, "/v1/rest/mgmt", text, {
      Options: { servertimeout: timespan(this.#settings.queryTimeoutMs) },
    }, options.signal);
    return tablesOf(call, reply, readCommandAnswer);
  }

  /**
   * Appends rows to a table by streaming ingestion; resolves when the service has them.
   *
   * @param lines One JSON object each. A bad one fails the request: the format that is sent, `MultiJSON`,
   * drops none silently.
   */
  async ingest(table: string, lines: readonly Uint8Array[]): Promise<void> {
    const rows = lines.length === 1 ? "1 row" : `${lines.length} rows`;
    const call = { action: `append ${rows} to table "${table}"`, role: "Database Ingestor" };
    const { database } = this.#settings;
    const reply = await this.#transport.send({
      action: call.action,
      path: `/v1/rest/ingest/${encodeURIComponent(database)}/${encodeURIComponent(table)}` +
        `?streamFormat=MultiJSON&mappingName=${MAPPING_NAME}`,
      contentType: JSON_TYPE,
      body: joinLines(lines),
    });
    if (reply.status !== 200) throw errorFor(call, reply, reply.failure);
  }

  async #send(
    call: Call,
    path: string,
    csl: string,
    properties: Readonly<Record<string, unknown>>,
    signal: AbortSignal | undefined,
  ): Promise<TransportReply> {
    const body = JSON.stringify({ db: this.#settings.database, csl, properties });
    const reply = await this.#transport.send({
      action: call.action,
      path,
      contentType: JSON_TYPE,
      body: this.#encoder.encode(body),
      signal,
    });
    if (reply.status !== 200) throw errorFor(call, reply, reply.failure);
    return reply;
  }
}

interface Call {
  readonly action: string;
  /** The least role that may do it. */
  readonly role: string;
}

function tablesOf(
  call: Call,
  reply: TransportReply,
  read: (body: string) => Answer,
): ResultTable[] {
  const answer = read(reply.body);
  if (answer.failure) throw errorFor(call, reply, answer.failure);
  return answer.tables;
}

/** The error for a refusal, by what the caller can do about it. */
function errorFor(
  { action, role }: Call,
  reply: TransportReply,
  failure: ServiceFailure | undefined,
): KustoError {
  const details: KustoErrorDetails = {
    status: reply.status,
    attempts: reply.attempts,
    clientRequestId: reply.clientRequestId,
    ...(reply.activityId !== undefined && { activityId: reply.activityId }),
    ...(failure && { serviceCode: failure.code }),
    ...(failure?.permanent !== undefined && { permanent: failure.permanent }),
  };
  const said = failure ? `${failure.code} ${failure.message}` : "";
  const request = `request ${reply.clientRequestId}`;
  if (reply.status >= 300 && reply.status < 400) {
    return new KustoProtocolError(
      `Cannot ${action}: the cluster redirects to another address (${reply.status}), which is never followed with a token; use that address itself`,
      details,
    );
  }
  if (reply.status === 403 || /not authorized/i.test(said)) {
    return new KustoPermissionError(
      `Cannot ${action}: the identity that signed in is not allowed to (${reply.status}, ${request}), give it the role ${role}`,
      details,
    );
  }
  const missing =
    /Failed to resolve (?:table|table or column|scalar|column)? ?expression named '([\w ]{1,200})'/
      .exec(said);
  if (missing) {
    return new KustoSchemaError(
      `Cannot ${action}: the database has nothing named "${
        missing[1]
      }" (${request}), run provision.kql or setup({ provision: true })`,
      details,
    );
  }
  if (/StreamingIngestionFunctionalityDisabled/.test(said) || isStreamingOff(reply, said)) {
    return new KustoSchemaError(
      `Cannot ${action}: streaming ingestion is off for the table or the cluster, or the table or its mapping is missing (${reply.status}, ${request}); run setup() to see which, or setup({ provision: true })`,
      details,
    );
  }
  if (/DatabaseNotExist|TableNotExist|MappingReferenceWasNotFound|EntityNotFound/.test(said)) {
    return new KustoSchemaError(
      `Cannot ${action}: the database, the table or its mapping does not exist (${failure?.code}, ${request}), check the option "database" and run provision.kql or setup({ provision: true })`,
      details,
    );
  }
  if (
    reply.status === 413 ||
    /LimitsExceeded|E_QUERY_RESULT_SET_TOO_LARGE|80DA0003|TooLarge/.test(said)
  ) {
    return new KustoLimitError(
      `Cannot ${action}: the request or its result is larger than the service takes (${reply.status}, ${request})`,
      details,
    );
  }
  return new KustoRequestError(
    `Cannot ${action}: the service refused it (${reply.status}${
      failure ? ` ${failure.code}` : ""
    }, ${request})`,
    details,
  );
}

function isStreamingOff({ status }: TransportReply, said: string): boolean {
  return (status === 404 && said === "") ||
    (status === 400 && /streaming/i.test(said) &&
      /disabled|not enabled|not exist|off\b/i.test(said));
}

/** The words of a command up to the first name: they are this library's own. */
function commandName(text: string): string {
  return /^\.[a-z-]+(?: [a-z-]+)?/.exec(text)?.[0] ?? "a command";
}

/** `hh:mm:ss.fff`, the form of `servertimeout`, at most an hour. */
function timespan(ms: number): string {
  return new Date(Math.min(ms, 60 * 60_000)).toISOString().slice(11, 23);
}

function joinLines(lines: readonly Uint8Array[]): Uint8Array {
  const body = new Uint8Array(lines.reduce((sum, line) => sum + line.length + 1, 0));
  let at = 0;
  for (const line of lines) {
    body.set(line, at);
    at += line.length;
    body[at++] = LINE_END;
  }
  return body;
}
