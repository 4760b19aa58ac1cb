/**
 * A service that answers by script: a `fetch` with the true shapes of Kusto's answers, and a clock
 * that only waits move.
 *
 * @module
 */
import { type KustoSaverOptions, type Settings, settingsFrom } from "../src/config.ts";

/** A request as it arrived. */
export interface SeenRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly redirect: string | undefined;
}

/** An answer, or how there is none. */
export type Reply = (request: SeenRequest, signal: AbortSignal) => Response | Promise<Response>;

/** A scripted service with its clock. */
export class ScriptedService {
  /** All requests so far. */
  readonly seen: SeenRequest[] = [];
  /** All waits so far, in milliseconds. */
  readonly waits: number[] = [];
  /** The time, in milliseconds since 1970. */
  time = Date.UTC(2024, 0, 1);
  readonly #script: Reply[];

  /** @param script One reply for each request; the last one goes on. */
  constructor(...script: Reply[]) {
    this.#script = script;
  }

  /** The bodies of all requests so far, as JSON. */
  get bodies(): Record<string, unknown>[] {
    return this.seen.map(({ body }) => JSON.parse(new TextDecoder().decode(body)));
  }

  /** Settings of a saver that talks to this service. */
  settings(options: Partial<KustoSaverOptions> = {}): Settings {
    return settingsFrom({
      connection: "https://c.kusto.windows.net",
      database: "db",
      credential: "none",
      now: () => this.time,
      random: () => 0.5,
      sleep: (ms, { signal }) => {
        signal?.throwIfAborted();
        this.waits.push(ms);
        this.time += ms;
        return Promise.resolve();
      },
      fetch: this.fetch,
      ...options,
    });
  }

  /** Answers the next request of the script. */
  readonly fetch = async (input: string | URL | Request, init: RequestInit = {}) => {
    const request = new Request(input, {
      method: init.method ?? "GET",
      headers: init.headers ?? {},
    });
    const body = init.body ? await new Response(init.body).arrayBuffer() : new ArrayBuffer(0);
    const seen = {
      url: request.url,
      method: request.method,
      headers: request.headers,
      body: new Uint8Array(body),
      redirect: init.redirect,
    };
    const reply = this.#script[Math.min(this.seen.length, this.#script.length - 1)]!;
    this.seen.push(seen);
    return await reply(seen, init.signal ?? new AbortController().signal);
  };
}

/** An answer of the service. */
export function answer(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): Reply {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return () =>
    new Response(text, { status, headers: { "x-ms-activity-id": "activity", ...headers } });
}

/** A failure in the shape of the service's errors. */
export function failure(
  status: number,
  code: string,
  message: string,
  more: Record<string, unknown> = {},
): Reply {
  const error = {
    code,
    message: "Request is invalid and cannot be executed.",
    "@type": "Kusto.Data.Exceptions.KustoBadRequestException",
    "@message": message,
    "@context": { activityId: "activity" },
    ...more,
  };
  return answer(status, { error });
}

/** A query's answer with one table. */
export function queryAnswer(columns: Record<string, string>, rows: unknown[]): Reply {
  return answer(200, [
    { FrameType: "DataSetHeader", IsProgressive: false, Version: "v2.0" },
    {
      FrameType: "DataTable",
      TableId: 1,
      TableKind: "PrimaryResult",
      TableName: "PrimaryResult",
      Columns: Object.entries(columns).map(([ColumnName, ColumnType]) => ({
        ColumnName,
        ColumnType,
      })),
      Rows: rows,
    },
    { FrameType: "DataSetCompletion", HasErrors: false, Cancelled: false },
  ]);
}

/** A command's answer, or that of an ingestion, with one table. */
export function commandAnswer(columns: Record<string, string>, rows: unknown[]): Reply {
  const Columns = Object.entries(columns).map(([ColumnName, ColumnType]) => ({
    ColumnName,
    ColumnType,
  }));
  return answer(200, { Tables: [{ TableName: "Table_0", Columns, Rows: rows }] });
}

/** What a streamed request answers. */
export const ingested: Reply = commandAnswer({ ConsumedRecordsCount: "long" }, [[1]]);

/** No answer: the connection breaks. */
export const unreachable: Reply = () => {
  throw new TypeError("error sending request: connection refused");
};

/** No answer, ever, and no heed to the signal. */
export const silent: Reply = () => new Promise(() => {});
