/**
 * The cluster that the environment names, for live tests.
 *
 * @module
 */
import { KustoSaver, type KustoSaverOptions } from "../../mod.ts";
import { TokenSource } from "../../src/service/auth.ts";
import { KustoClient } from "../../src/service/client.ts";
import { type Settings, settingsFrom } from "../../src/config.ts";
import { rowsOf } from "../../src/service/frames.ts";
import { entityName } from "../../src/service/kql.ts";
import type { Cluster } from "../saver/cases.ts";
import { isStale, type Names, newPrefix } from "./prefix.ts";

const VISIBLE_WITHIN_MS = 120_000;
const LONGEST_WAIT_MS = 2_000;

/** What an answer said, as it came. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** How to reach the cluster; `undefined` where the environment names none. */
export function connectionFromEnvironment(): Partial<KustoSaverOptions> | undefined {
  const connection = Deno.env.get("KUSTO_CLUSTER_URI");
  const database = Deno.env.get("KUSTO_DATABASE");
  if (!connection || !database) return undefined;
  const credential = Deno.env.get("KUSTO_CREDENTIAL");
  const ingestion = Deno.env.get("KUSTO_INGESTION") as KustoSaverOptions["ingestion"];
  return {
    connection,
    database,
    ...(credential && { credential }),
    ...(ingestion && { ingestion }),
  };
}

/** A database of a cluster that others use too: all that is made in it bears one prefix. */
export class LiveCluster implements Cluster, AsyncDisposable {
  /** Stands before the names of all tables and of the view. */
  readonly prefix: string;
  /** How often the cluster throttled, with what it said about when to come again. */
  readonly throttled: (string | null)[] = [];
  readonly #options: KustoSaverOptions;
  readonly #settings: Settings;
  readonly #client: KustoClient;
  readonly #tokens: TokenSource;
  readonly #savers: KustoSaver[] = [];
  /** Rows that the cluster has acknowledged, by table. */
  readonly #acknowledged = new Map<string, number>();

  constructor(connection: Partial<KustoSaverOptions>) {
    this.prefix = newPrefix(Date.now(), Math.random);
    this.#options = {
      connection: "",
      ...connection,
      tablePrefix: this.prefix,
      fetch: (input, init) => this.#fetch(input, init),
    };
    this.#settings = settingsFrom(this.#options);
    this.#client = new KustoClient(this.#settings);
    this.#tokens = new TokenSource(this.#settings);
  }

  /** The host and the way that rows are appended, for titles. */
  get description(): string {
    return `${new URL(this.#settings.origin).host}, ingestion ${this.#settings.ingestion}`;
  }

  /** Whether rows are streamed. */
  get streams(): boolean {
    return this.#settings.ingestion === "streaming";
  }

  /** Drops what earlier runs have left, then makes tables, mappings and the view. */
  async provision(): Promise<void> {
    await this.#drop((name) => isStale(name, Date.now()));
    await this.saver().setup({ provision: true });
  }

  /** Another saver, as another process would have it. */
  saver(options: Partial<KustoSaverOptions> = {}): KustoSaver {
    const saver = new KustoSaver({ ...this.#options, ...options });
    this.#savers.push(saver);
    return saver;
  }

  /** The same, once queries show as many rows as the cluster has acknowledged. */
  async reader(options: Partial<KustoSaverOptions> = {}): Promise<KustoSaver> {
    const until = Date.now() + VISIBLE_WITHIN_MS;
    for (let wait = 50;; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      const hidden = await this.#hiddenRows();
      if (hidden.length === 0) return this.saver(options);
      if (Date.now() > until) throw new Error(`Still not visible: ${hidden.join(", ")}`);
      await new Promise((resume) => setTimeout(resume, wait));
    }
  }

  /** Runs a management command; resolves to the rows of its first table. */
  async command(text: string): Promise<Record<string, unknown>[]> {
    const [rows] = await this.#client.command(text);
    return rowsOf(rows);
  }

  /** Sends a request as it is, signed in unless `headers` say otherwise. */
  async send(path: string, body: BodyInit, headers: HeadersInit = {}): Promise<RawAnswer> {
    const token = await this.#tokens.token();
    const all = new Headers({ accept: "application/json", ...(token && bearer(token)) });
    new Headers(headers).forEach((value, name) => all.set(name, value));
    const init = { method: "POST", body, headers: all };
    const answer = this.#noted(await fetch(`${this.#settings.origin}${path}`, init));
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  }

  /** Sends a query or a command as it is. */
  execute(
    endpoint: "query" | "mgmt",
    csl: string,
    properties: unknown = {},
    headers: HeadersInit = {},
  ): Promise<RawAnswer> {
    const body = JSON.stringify({ db: this.#settings.database, csl, properties });
    return this.send(`/v1/rest/${endpoint}`, body, {
      "content-type": "application/json; charset=utf-8",
      ...headers,
    });
  }

  /** Sends a streaming request as it is. */
  stream(table: string, body: BodyInit, parameters: string): Promise<RawAnswer> {
    const database = encodeURIComponent(this.#settings.database);
    return this.send(`/v1/rest/ingest/${database}/${table}?${parameters}`, body);
  }

  /** Closes all savers and drops all that was made. */
  async [Symbol.asyncDispose](): Promise<void> {
    // What a saver could not store was its test's failure.
    await Promise.allSettled(this.#savers.map((saver) => saver.close()));
    await this.#drop((name) => name.startsWith(this.prefix));
  }

  async #drop(isMeant: (name: string) => boolean): Promise<void> {
    const functions = await this.command(".show functions") as unknown as Names<"Name">;
    for (const { Name } of functions.filter(({ Name }) => isMeant(Name))) {
      await this.command(`.drop function ${entityName(Name)} ifexists`);
    }
    const views = await this.command(".show materialized-views") as unknown as Names<"Name">;
    // A table cannot go before its view.
    for (const { Name } of views.filter(({ Name }) => isMeant(Name))) {
      await this.command(`.drop materialized-view ${entityName(Name)} ifexists`);
    }
    const tables = await this.command(".show tables") as unknown as Names<"TableName">;
    for (const { TableName } of tables.filter(({ TableName }) => isMeant(TableName))) {
      await this.command(`.drop table ${entityName(TableName)} ifexists`);
    }
  }

  async #hiddenRows(): Promise<string[]> {
    const tables = [...this.#acknowledged.keys()];
    if (tables.length === 0) return [];
    const counts = tables.map((table) => `toscalar(${entityName(table)} | count)`);
    const [shown] = await this.#client.query(`print ${counts.join(", ")}`, {});
    return tables.flatMap((table, at) => {
      const wanted = this.#acknowledged.get(table)!;
      const found = Number(shown?.rows[0]?.[at]);
      return found < wanted ? [`${wanted - found} of ${wanted} rows of ${table}`] : [];
    });
  }

  #noted(answer: Response): Response {
    if (answer.status === 429) this.throttled.push(answer.headers.get("retry-after"));
    return answer;
  }

  async #fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const answer = this.#noted(await fetch(input, init));
    const path = /\/v1\/rest\/ingest\/[^/]+\/([^/?]+)/.exec(String(input));
    if (!path || !answer.ok) return answer;
    const text = await answer.text();
    const table = decodeURIComponent(path[1]!);
    this.#acknowledged.set(table, (this.#acknowledged.get(table) ?? 0) + consumedRecords(text));
    const { status, headers } = answer;
    return new Response(text, { status, headers });
  }
}

/** How many rows the answer to a streaming request says it has taken; 0 where it does not say. */
export function consumedRecords(answer: string): number {
  const { Tables: [table] } = JSON.parse(answer) as {
    Tables: { Columns: { ColumnName: string }[]; Rows: unknown[][] }[];
  };
  const at = table?.Columns.findIndex(({ ColumnName }) => ColumnName === "ConsumedRecordsCount");
  return Number(table?.Rows[0]?.[at ?? -1] ?? 0);
}

function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}
