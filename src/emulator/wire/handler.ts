/**
 * Requests → answers: what befalls a request on its way to the endpoints of the service and back.
 *
 * @module
 */
import { rolesOf, type Tokens } from "./access.ts";
import { cutBody, slowBody } from "./bodies.ts";
import { Concurrency } from "./concurrency.ts";
import { Endpoints, type EndpointsSetup, type Exchange } from "./endpoints.ts";
import type { RequestIdentity } from "./error_body.ts";
import { metadataBody } from "./metadata.ts";
import {
  failure,
  notAllowed,
  notFound,
  ok,
  type PlainAnswer,
  unauthorized,
} from "./plain_answer.ts";
import { clientRequestHeader, kindOf, type PlainRequest } from "./plain_request.ts";
import type { RequestLog, RequestRecord } from "./requests.ts";
import { throttled, unavailable } from "./trouble.ts";

/** There is no answer, as the connection breaks or is never made. */
export class ConnectionReset extends TypeError {
  override readonly name = "TypeError";

  constructor(reason = "connection reset by peer") {
    super(`error sending request: ${reason}`);
  }
}

/** What the handler works with. */
export interface HandlerSetup extends EndpointsSetup {
  readonly log: RequestLog;
  readonly tokens: Tokens | undefined;
  /** The sign-in service that clients are told of. */
  readonly loginEndpoint: string;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** Answers requests. */
export class Handler {
  readonly #setup: HandlerSetup;
  readonly #endpoints: Endpoints;
  readonly #concurrency = new Concurrency();

  constructor(setup: HandlerSetup) {
    this.#setup = setup;
    this.#endpoints = new Endpoints(setup);
  }

  /**
   * Answers a request.
   *
   * @throws ConnectionReset where the connection is to break.
   */
  async handle(request: PlainRequest): Promise<Response> {
    const kind = kindOf(request);
    const { database, trouble, log, sleep } = this.#setup;
    const exchange: Exchange = {
      request,
      kind: kind ?? "query",
      roles: [],
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
      : await this.#answer(exchange).catch((error: unknown) => failure(error, exchange.identity));
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
    if (down) return failure(unavailable(down.status ?? 503), identity, down.retryAfter);
    const throttle = trouble.draw("throttle", kind);
    if (throttle) return failure(throttled(kind, 1), identity, throttle.retryAfter);
    if (kind === "metadata") {
      if (request.method !== "GET") return notAllowed(identity, "GET");
      return ok(metadataBody(this.#setup.loginEndpoint), identity);
    }
    const roles = trouble.draw("expiredToken", kind)
      ? undefined
      : rolesOf(tokens, request.headers.get("authorization"));
    if (roles === undefined) return unauthorized(identity);
    exchange.roles = roles;
    return kind === "ingest"
      ? await this.#endpoints.ingest(exchange)
      : await this.#endpoints.execute(exchange);
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
