/**
 * A cluster in simulated time: so many ingest requests at once, each after a latency; more are refused.
 *
 * @module
 */
import { failure, ingested, type Reply, type SeenRequest } from "../../scripted_service.ts";
import type { SimulatedTime } from "../../simulated_time.ts";

/** What a cluster is like. */
export interface ClusterSize {
  /** Ingest requests at once; the service takes six a core. */
  readonly slots: number;
  /** How long each request takes, in milliseconds. */
  readonly latencyMs: number;
}

/** What a cluster has seen. */
export interface Traffic {
  ingests: number;
  queries: number;
  refused: number;
  rows: number;
  /** Bytes before compression, by table. */
  readonly bytes: Record<string, number>;
  /** The most ingest requests at once. */
  peak: number;
  /** The sum over all ingest requests of how many were under way. */
  underWay: number;
}

/** Answers the savers of many processes. */
export class SimulatedCluster {
  readonly #time: SimulatedTime;
  readonly #size: ClusterSize;
  /** The threads of the rows that can be seen, by table and revision. */
  readonly #visible: Record<string, Map<string, string>> = {};
  traffic: Traffic = newTraffic();
  #inFlight = 0;

  constructor(time: SimulatedTime, size: ClusterSize) {
    this.#time = time;
    this.#size = size;
  }

  /** Forgets what it has seen. */
  reset(): void {
    this.traffic = newTraffic();
  }

  readonly fetch = async (input: string | URL | Request, init: RequestInit = {}) => {
    const url = String(input);
    const body = new TextDecoder().decode(init.body as Uint8Array);
    const reply = url.includes("/rest/ingest/")
      ? await this.#ingest(/\/ingest\/[^/]+\/(\w+)/.exec(url)![1]!, body)
      : await this.#query(body);
    return await reply({} as SeenRequest, init.signal!);
  };

  async #ingest(table: string, body: string): Promise<Reply> {
    const { traffic } = this;
    traffic.ingests++;
    if (this.#inFlight >= this.#size.slots) {
      traffic.refused++;
      await this.#time.sleep(1);
      return failure(429, "TooManyRequests", "streaming ingestion was throttled");
    }
    this.#inFlight++;
    traffic.peak = Math.max(traffic.peak, this.#inFlight);
    traffic.underWay += this.#inFlight;
    await this.#time.sleep(this.#size.latencyMs);
    this.#inFlight--;
    traffic.bytes[table] = (traffic.bytes[table] ?? 0) + body.length;
    const visible = this.#visible[table] ??= new Map();
    for (const line of body.split("\n")) {
      if (line === "") continue;
      traffic.rows++;
      visible.set(fieldOf(line, "revision"), fieldOf(line, "thread_id"));
    }
    return ingested;
  }

  async #query(body: string): Promise<Reply> {
    this.traffic.queries++;
    await this.#time.sleep(this.#size.latencyMs);
    const { properties: { Parameters: parameters } } = JSON.parse(body);
    if (!("checkpoint_revisions" in parameters)) return primaryResults([[], [], [], [], []]);
    const shown = (table: string, revisions: string) =>
      (JSON.parse(revisions.slice("dynamic(".length, -1)) as string[])
        .map((guarded) => guarded.slice(1))
        .map((revision) => [this.#visible[table]?.get(revision), revision])
        .filter(([thread]) => thread !== undefined);
    return primaryResults([
      shown("Checkpoints", parameters.checkpoint_revisions),
      shown("CheckpointWrites", parameters.write_revisions),
      [],
    ]);
  }
}

/** The value of a text field, as JSON spells it: quicker than to read the whole line. */
function fieldOf(line: string, field: string): string {
  const start = line.indexOf(`"${field}":"`) + field.length + 4;
  return JSON.parse(`"${line.slice(start, line.indexOf('"', start))}"`);
}

/** A query's answer with tables of threads and revisions. */
function primaryResults(tables: readonly (readonly unknown[])[]): Reply {
  const Columns = ["thread_id", "revision"].map((ColumnName) => ({
    ColumnName,
    ColumnType: "string",
  }));
  return () =>
    Response.json([
      { FrameType: "DataSetHeader", IsProgressive: false, Version: "v2.0" },
      ...tables.map((Rows, at) => ({
        FrameType: "DataTable",
        TableId: at + 1,
        TableKind: "PrimaryResult",
        TableName: "PrimaryResult",
        Columns,
        Rows,
      })),
      { FrameType: "DataSetCompletion", HasErrors: false, Cancelled: false },
    ]);
}

function newTraffic(): Traffic {
  return { ingests: 0, queries: 0, refused: 0, rows: 0, bytes: {}, peak: 0, underWay: 0 };
}
