/**
 * A cluster whose every answer a test writes down, for tests of the rooms below the store.
 *
 * @module
 */
import { type KustoSaverOptions, type Settings, settingsFrom } from "../src/config.ts";

/** What a scripted cluster was asked. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly redirect: string;
  readonly signal: AbortSignal | null | undefined;
}

/** One answer: a response, a failure to be reached, or whatever a function makes of the request. */
export type Scripted = Response | Error | ((asked: Asked) => Response | Promise<Response>);

/** Settings whose `fetch`, clock, waits and randomness a test holds in its hands. */
export class ScriptedCluster {
  readonly settings: Settings;
  /** All requests, in their order. */
  readonly asked: Asked[] = [];
  /** All waits between attempts, in milliseconds. */
  readonly waits: number[] = [];
  /** The time; a wait moves it on. */
  now = Date.UTC(2026, 0, 1);
  readonly #script: Scripted[];

  constructor(script: Scripted[], options: Partial<KustoSaverOptions> = {}) {
    this.#script = script;
    this.settings = settingsFrom({
      connection: "http://localhost:8080/agents",
      compression: "none",
      fetch: (input, init) => this.#answer(String(input), init ?? {}),
      now: () => this.now,
      random: () => 1,
      sleep: (ms) => {
        this.waits.push(ms);
        this.now += ms;
        return Promise.resolve();
      },
      ...options,
    });
  }

  /** Answers that were not asked for. */
  get left(): number {
    return this.#script.length;
  }

  async #answer(url: string, init: RequestInit): Promise<Response> {
    const { method = "GET", headers, body, redirect = "follow", signal } = init;
    const bytes = new Uint8Array(await new Response(body ?? null).arrayBuffer());
    const asked = { method, url, headers: new Headers(headers), bytes, redirect, signal };
    this.asked.push(asked);
    const next = this.#script.shift();
    if (!next) throw new Error(`The script has no answer to request ${this.asked.length}: ${url}`);
    if (next instanceof Error) throw next;
    return typeof next === "function" ? await next(asked) : next;
  }
}

/** An answer with a JSON body. */
export function json(body: unknown, status = 200, headers: HeadersInit = {}): Response {
  return new Response(JSON.stringify(body), { status, headers });
}

/** What a v2 query answers whose one row holds a number. */
export function queryAnswer(value = 1): Response {
  return json(
    [
      { FrameType: "DataSetHeader", IsProgressive: false, Version: "v2.0" },
      {
        FrameType: "DataTable",
        TableId: 1,
        TableKind: "PrimaryResult",
        TableName: "PrimaryResult",
        Columns: [{ ColumnName: "n", ColumnType: "long" }],
        Rows: [[value]],
      },
      { FrameType: "DataSetCompletion", HasErrors: false, Cancelled: false },
    ],
    200,
    { "x-ms-activity-id": "11111111-2222-3333-4444-555555555555" },
  );
}

/** What a v1 command, or a streaming request, answers. */
export function commandAnswer(columns: string[] = ["n"], rows: unknown[][] = [[1]]): Response {
  const Columns = columns.map((ColumnName) => ({
    ColumnName,
    DataType: "Int64",
    ColumnType: "long",
  }));
  return json({ Tables: [{ TableName: "Table_0", Columns, Rows: rows }] });
}

/** An error of the service, in its own form. */
export function refusal(
  status: number,
  error: {
    readonly code: string;
    readonly type?: string;
    readonly message?: string;
    readonly permanent?: boolean;
    readonly inner?: { readonly code: string; readonly type?: string; readonly message: string };
  },
  headers: HeadersInit = {},
): Response {
  const { code, type = "Kusto.Data.Exceptions.KustoBadRequestException", inner } = error;
  return json(
    {
      error: {
        code,
        message: "Request is invalid and cannot be executed.",
        "@type": type,
        "@message": error.message ?? "",
        "@context": { timestamp: "2024-01-01T00:00:00Z", serviceAlias: null },
        ...(error.permanent !== undefined && { "@permanent": error.permanent }),
        ...(inner && {
          innererror: { code: inner.code, "@type": inner.type, "@message": inner.message },
        }),
      },
    },
    status,
    { "x-ms-activity-id": "11111111-2222-3333-4444-555555555555", ...headers },
  );
}

/** An answer that never comes, unless the request is given up. */
export function silence({ signal }: Asked): Promise<Response> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Throttling, as the service says it. */
export function throttled(headers: HeadersInit = {}): Response {
  return refusal(429, {
    code: "TooManyRequests",
    type: "Kusto.DataNode.Exceptions.QueryThrottledException",
    message: "The query was aborted due to throttling. Retrying after some backoff might succeed.",
    permanent: false,
  }, headers);
}
