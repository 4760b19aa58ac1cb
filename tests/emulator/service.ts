/** Requests to an emulator as tests write them: one line each, answers as plain values. */
import { KustoEmulator, type KustoEmulatorOptions } from "../../src/emulator/mod.ts";

/** A clock that a test moves. */
export class TestClock {
  ms = Date.UTC(2026, 0, 1);

  readonly now = (): number => this.ms;

  /** Moves on by days. */
  days(count: number): void {
    this.ms += count * 86_400_000;
  }

  /** Moves on by minutes. */
  minutes(count: number): void {
    this.ms += count * 60_000;
  }
}

interface ErrorBody {
  readonly code: string;
  readonly "@message": string;
  readonly "@permanent": boolean;
  readonly "@type": string;
  readonly innererror?: { readonly code: string; readonly "@message": string };
}

/** A v1 table as it comes. */
export interface WireTable {
  readonly TableName: string;
  readonly Columns: readonly { readonly ColumnName: string; readonly ColumnType: string }[];
  readonly Rows: readonly unknown[][];
}

/** An answer, read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly error: ErrorBody | undefined;
}

/** An emulator with short ways to talk to it. */
export class Service {
  readonly emulator: KustoEmulator;

  constructor(options: KustoEmulatorOptions = {}) {
    this.emulator = new KustoEmulator({ now: new TestClock().now, ...options });
  }

  async send(path: string, init: RequestInit): Promise<Answer> {
    const response = await this.emulator.fetch(`https://help.kusto.windows.net${path}`, init);
    const text = await response.text();
    const error = response.status === 200 || text === ""
      ? undefined
      : (JSON.parse(text) as { error?: ErrorBody }).error;
    return { status: response.status, headers: response.headers, text, error };
  }

  post(path: string, body: unknown, headers: HeadersInit = {}): Promise<Answer> {
    return this.send(path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  command(csl: string, properties?: unknown): Promise<Answer> {
    return this.post("/v1/rest/mgmt", { db: this.emulator.database, csl, properties });
  }

  query(csl: string, properties?: unknown): Promise<Answer> {
    return this.post("/v2/rest/query", { db: this.emulator.database, csl, properties });
  }

  /** Runs commands that must succeed. */
  async run(...commands: readonly string[]): Promise<void> {
    for (const command of commands) {
      const answer = await this.command(command);
      if (answer.status !== 200) throw new Error(`${command}: ${answer.text}`);
    }
  }

  /** The rows of a command that must succeed, as objects by column. */
  async show(command: string): Promise<Record<string, unknown>[]> {
    const answer = await this.command(command);
    if (answer.status !== 200) throw new Error(`${command}: ${answer.text}`);
    return objects((JSON.parse(answer.text) as { Tables: WireTable[] }).Tables[0]!);
  }

  /** The rows of the first table of a query that must succeed. */
  async rows(query: string, properties?: unknown): Promise<readonly unknown[][]> {
    const answer = await this.query(query, properties);
    if (answer.status !== 200) throw new Error(`${query}: ${answer.text}`);
    return framesOf(answer).find(({ TableKind }) => TableKind === "PrimaryResult")!.Rows!;
  }

  stream(
    table: string,
    body: BodyInit,
    parameters = "streamFormat=MultiJSON",
    headers: HeadersInit = {},
  ): Promise<Answer> {
    const path = `/v1/rest/ingest/${this.emulator.database}/${encodeURIComponent(table)}`;
    return this.send(`${path}?${parameters}`, { method: "POST", headers, body });
  }
}

/** A frame of a v2 answer. */
export interface Frame {
  readonly FrameType: string;
  readonly TableKind?: string;
  readonly TableName?: string;
  readonly TableId?: number;
  readonly Rows?: readonly unknown[][];
  readonly HasErrors?: boolean;
  readonly [name: string]: unknown;
}

/** The frames of a v2 answer. */
export function framesOf(answer: Answer): Frame[] {
  return JSON.parse(answer.text) as Frame[];
}

function objects(table: WireTable): Record<string, unknown>[] {
  return table.Rows.map((row) =>
    Object.fromEntries(table.Columns.map(({ ColumnName }, at) => [ColumnName, row[at]]))
  );
}

/** Commands that make a table which rows may be streamed into. */
export function streamable(table: string, columns: string): readonly string[] {
  return [
    `.create table ${table} (${columns})`,
    `.alter table ${table} policy streamingingestion enable`,
    ".clear database cache streamingingestion schema",
  ];
}
