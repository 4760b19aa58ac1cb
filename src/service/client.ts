/**
 * Kusto's REST endpoints: queries, management commands and streaming ingestion.
 *
 * @module
 */
import {
  detailsOf,
  type RequestKind,
  type RequestListener,
  type TransportReply,
} from "./attempt.ts";
import type { Settings } from "../config.ts";
import {
  type KustoError,
  KustoLimitError,
  KustoPermissionError,
  KustoRequestError,
  KustoSchemaError,
} from "../errors.ts";
import { type Answer, readCommandAnswer, readQueryAnswer, type ResultTable } from "./frames.ts";
import { inlineIngestion, literal, type QueryParameters } from "./kql.ts";
import { MAPPING_NAME } from "../schema.ts";
import { bothOf, Transport, type TransportListeners } from "./transport.ts";

const LINE_END = 10;
/** The service lets no request run longer. */
const LONGEST_SERVER_TIMEOUT_MS = 60 * 60_000;
/** The service's texts can be long; what is shown of them is enough to find the rest by its ids. */
const SHOWN_TEXT = 300;
/** Refusals of what an identity may not do come with other statuses than 403 too. */
const REFUSED_ACCESS = /not authorized|Unauthorized\w*Exception|(?:Database|Table)AccessDenied/i;
/**
 * What queries, commands and streaming call a thing that is not there: each has codes and types of
 * its own, some with status 404.
 */
const MISSING_ENTITY =
  /DatabaseNotExist|TableNotExist|MappingReferenceWasNotFound|EntityNotFound|EntityNameDoesNotExist|of kind '\w+' (?:was not found|does not exist)/;

/** Options of one call. */
export interface CallOptions {
  /** Gives the call up. */
  readonly signal?: AbortSignal;
  /**
   * How long one attempt may take, for the service and for the client, in milliseconds.
   *
   * @default {the option `queryTimeoutMs`}
   */
  readonly timeoutMs?: number;
  /** When all attempts must have ended at the latest, in milliseconds since 1970. */
  readonly deadline?: number;
  /** Told of each request that the call makes. */
  readonly onRequest?: RequestListener | undefined;
}

/** Talks to one database. */
export class KustoClient {
  readonly #settings: Settings;
  readonly #transport: Transport;
  readonly #encoder = new TextEncoder();
  /** Shared with the clients that are {@link heardBy} others. */
  readonly #known: { asksForConsistency: boolean };
  readonly #onRequest: RequestListener | undefined;

  constructor(settings: Settings, listeners: TransportListeners = {}, shared?: KustoClient) {
    this.#settings = settings;
    this.#transport = shared ? shared.#transport : new Transport(settings, listeners);
    this.#known = shared ? shared.#known : { asksForConsistency: true };
    this.#onRequest = shared && bothOf(shared.#onRequest, listeners.onRequest);
  }

  /** The same client, with one more listener that is told of its requests. */
  heardBy(onRequest: RequestListener | undefined): KustoClient {
    return onRequest ? new KustoClient(this.#settings, { onRequest }, this) : this;
  }

  /**
   * Runs a query; resolves to one table for each tabular statement, in their order.
   *
   * Asks for strong consistency, so that acknowledged rows show, and for no right to change anything.
   *
   * @throws {KustoSchemaError} If the database lacks what the query names.
   * @throws {KustoLimitError} If the result is larger than the service gives.
   */
  async query(
    text: string,
    parameters: QueryParameters,
    options: CallOptions = {},
  ): Promise<ResultTable[]> {
    const call: Call = { kind: "query", action: "run a query", role: "Database Viewer" };
    const send = () =>
      this.#post(call, "/v2/rest/query", text, options, {
        Options: {
          servertimeout: timespan(options.timeoutMs ?? this.#settings.queryTimeoutMs),
          request_readonly: true,
          ...(this.#known.asksForConsistency && { queryconsistency: "strongconsistency" }),
        },
        Parameters: Object.fromEntries(
          Object.entries(parameters).map(([name, value]) => [name, literal(value)]),
        ),
      }, readQueryAnswer);
    let reply = await send();
    // Fabric does not have the option; strong consistency is what it does anyway.
    if (reply.status === 400 && /queryconsistency/i.test(reply.failure?.message ?? "")) {
      this.#known.asksForConsistency = false;
      reply = await send();
    }
    return tablesOf(call, reply);
  }

  /**
   * Runs a management command; resolves to its result tables.
   *
   * @throws {KustoPermissionError} If the identity lacks the role that the command needs, named.
   */
  async command(text: string, options: CallOptions = {}): Promise<ResultTable[]> {
    const call: Call = {
      kind: "command",
      action: `run "${commandName(text)}"`,
      role: roleFor(text),
    };
    return tablesOf(call, await this.#manage(call, text, options));
  }

  /**
   * Appends rows to a table the way that the option `ingestion` names; resolves when the service has them.
   *
   * @param lines One JSON object each. A bad one fails the request: the format that is sent, `MultiJSON`,
   * drops none silently.
   * @throws {KustoSchemaError} If the table or its mapping is missing, or streaming ingestion is off.
   */
  async ingest(
    table: string,
    lines: readonly Uint8Array[],
    options: CallOptions = {},
  ): Promise<void> {
    const rows = lines.length === 1 ? "1 row" : `${lines.length} rows`;
    const isInline = this.#settings.ingestion === "inline";
    const call: Call = {
      kind: isInline ? "command" : "ingest",
      action: `append ${rows} to table "${table}"`,
      table,
      rows: lines.length,
      role: "Database Ingestor",
    };
    const reply = isInline
      ? await this.#manage(call, inlineIngestion(table, MAPPING_NAME, lines), options)
      : await this.#stream(call, table, lines, options);
    tablesOf(call, reply);
  }

  #stream(
    call: Call,
    table: string,
    lines: readonly Uint8Array[],
    options: CallOptions,
  ): Promise<TransportReply> {
    const { database, queryTimeoutMs } = this.#settings;
    return this.#transport.send({
      ...call,
      path: `/v1/rest/ingest/${encodeURIComponent(database)}/${encodeURIComponent(table)}` +
        `?streamFormat=MultiJSON&mappingName=${encodeURIComponent(MAPPING_NAME)}`,
      body: joinLines(lines),
      read: readCommandAnswer,
      timeoutMs: options.timeoutMs ?? queryTimeoutMs,
      deadline: options.deadline,
      signal: options.signal,
      onRequest: options.onRequest ?? this.#onRequest,
    });
  }

  #manage(call: Call, text: string, options: CallOptions): Promise<TransportReply> {
    return this.#post(call, "/v1/rest/mgmt", text, options, {
      Options: { servertimeout: timespan(options.timeoutMs ?? this.#settings.queryTimeoutMs) },
    }, readCommandAnswer);
  }

  #post(
    call: Call,
    path: string,
    csl: string,
    options: CallOptions,
    properties: Readonly<Record<string, unknown>>,
    read: (body: string) => Answer,
  ): Promise<TransportReply> {
    const body = JSON.stringify({ db: this.#settings.database, csl, properties });
    return this.#transport.send({
      ...call,
      path,
      body: this.#encoder.encode(body),
      read,
      timeoutMs: options.timeoutMs ?? this.#settings.queryTimeoutMs,
      deadline: options.deadline,
      signal: options.signal,
      onRequest: options.onRequest ?? this.#onRequest,
    });
  }
}

interface Call {
  readonly kind: RequestKind;
  readonly action: string;
  readonly table?: string;
  readonly rows?: number;
  /** The least role that may do it. */
  readonly role: string;
}

function tablesOf(call: Call, reply: TransportReply): ResultTable[] {
  if (!reply.tables) throw errorFor(call, reply);
  return reply.tables;
}

/**
 * The error for a refusal, by what the caller can do about it.
 *
 * The service's own text goes into the message only where it is about names and roles: others quote
 * the query or the values.
 */
function errorFor(call: Call, reply: TransportReply): KustoError {
  const { kind, action, role } = call;
  const { status, failure } = reply;
  const details = detailsOf(call, reply);
  const said = failure ? `${failure.kinds} ${failure.message}` : "";
  const request = `request ${reply.clientRequestId}`;
  const [text = ""] = failure?.message.slice(0, SHOWN_TEXT).split("\n") ?? [];
  if (status === 403 || REFUSED_ACCESS.test(said)) {
    return new KustoPermissionError(
      `Cannot ${action}: the identity that signed in is not allowed to (${status}, ${request}), give it the role ${role}${
        /not authorized/i.test(text) ? `; the service says: ${text}` : ""
      }`,
      details,
    );
  }
  const missing = /Failed to resolve [\w ]*named '([\w .-]{1,200})'/.exec(said);
  if (missing) {
    return new KustoSchemaError(
      `Cannot ${action}: the database has nothing named "${
        missing[1]
      }" (${request}), run provision.kql or setup({ provision: true })`,
      details,
    );
  }
  if (MISSING_ENTITY.test(said)) {
    // Of `provision.kql` streaming hears nothing, `setup()` tells it.
    const late = kind === "ingest" && !/DatabaseNotExist|kind 'Database'/.test(said)
      ? "; streaming knows new tables after five minutes, or after .clear database cache streamingingestion schema"
      : "";
    return new KustoSchemaError(
      `Cannot ${action}: the database, the table or its mapping does not exist (${failure?.code}, ${request}), check the option "database" and run provision.kql or setup({ provision: true })${late}`,
      details,
    );
  }
  if (kind === "ingest" && (status === 404 || isStreamingOff(said))) {
    return new KustoSchemaError(
      `Cannot ${action}: streaming ingestion is off for the table or the cluster, or the table or its mapping is missing (${status}, ${request}); run setup() to see which, or run provision.kql or setup({ provision: true }); where streaming cannot be switched on, as in Microsoft's Kusto emulator, pass ingestion: "inline"`,
      details,
    );
  }
  if (
    status === 413 ||
    /LimitsExceeded|E_QUERY_RESULT_SET_TOO_LARGE|80DA0003|E_RUNAWAY_QUERY|TooLarge/.test(said)
  ) {
    return new KustoLimitError(
      `Cannot ${action}: the request or its result is larger than the service takes (${status}, ${request})`,
      details,
    );
  }
  const reason = failure ? ` ${failure.code}` : "";
  const hint = status === 404 && !failure
    ? ", check that the cluster's address is that of its query endpoint"
    : "";
  return new KustoRequestError(
    `Cannot ${action}: the service refused it (${status}${reason}, ${request})${hint}`,
    details,
  );
}

function isStreamingOff(said: string): boolean {
  return /StreamingIngestion(?:FunctionalityDisabled|PolicyNotEnabled)/.test(said) ||
    (/streaming/i.test(said) && /disabled|not enabled|not exist|off\b/i.test(said));
}

/**
 * The role for a command of this library: some commands that provision need less than others, but
 * whoever provisions needs what the view needs
 * (https://learn.microsoft.com/kusto/access-control/role-based-access-control).
 */
function roleFor(command: string): string {
  if (/^\.show\b/.test(command)) return "Database Viewer";
  if (/^\.clear \S+(?: \S+)? cache streamingingestion\b/.test(command)) return "Database Ingestor";
  return "Database Admin";
}

/** The words of a command up to the first name: they are this library's own. */
function commandName(text: string): string {
  return /^\.[a-z-]+(?: [a-z-]+)?/.exec(text)?.[0] ?? "a command";
}

/** `hh:mm:ss.fff`, the form of `servertimeout`, at most an hour. */
function timespan(ms: number): string {
  return new Date(Math.min(ms, LONGEST_SERVER_TIMEOUT_MS)).toISOString().slice(11, 23);
}

function joinLines(lines: readonly Uint8Array[]): Uint8Array {
  if (lines.length === 1) return lines[0]!;
  const body = new Uint8Array(lines.reduce((sum, line) => sum + line.length + 1, 0));
  let at = 0;
  for (const line of lines) {
    body.set(line, at);
    at += line.length;
    body[at++] = LINE_END;
  }
  return body;
}
