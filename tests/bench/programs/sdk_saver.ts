/**
 * The saver that one would write with Microsoft's SDK in an afternoon: a row for a checkpoint, a row
 * for a write, a query for each table. It keeps no promise beyond that, and is here to be compared.
 *
 * @module
 */
import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  type Checkpoint,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  type PendingWrite,
} from "@langchain/langgraph-checkpoint";
import { Client, ClientRequestProperties } from "azure-kusto-data";
import { DataFormat, IngestionProperties, StreamingIngestClient } from "azure-kusto-ingest";
import { Readable } from "node:stream";

const DATABASE = "NetDefaultDB";
/** The table of its checkpoints. */
export const CHECKPOINTS = "SdkCheckpoints";
const WRITES = "SdkWrites";

/** Reads a checkpoint: the latest where the id is empty. */
export const CHECKPOINT_QUERY =
  `declare query_parameters(thread:string, namespace:string, id:string);
${CHECKPOINTS}
| where thread_id == thread and checkpoint_ns == namespace and (id == "" or checkpoint_id == id)
| summarize arg_max(checkpoint_id, *) by thread_id`;
const WRITES_QUERY = `declare query_parameters(thread:string, namespace:string, id:string);
${WRITES}
| where thread_id == thread and checkpoint_ns == namespace and checkpoint_id == id
| summarize arg_max(created_at, *) by task_id, idx
| order by task_id asc, idx asc`;

/** Commands that make its tables. */
const COMMANDS = [
  `.create-merge table ${CHECKPOINTS} (thread_id:string, checkpoint_ns:string, checkpoint_id:string, parent_id:string, type:string, checkpoint:string, metadata_type:string, metadata:string, created_at:datetime)`,
  `.create-merge table ${WRITES} (thread_id:string, checkpoint_ns:string, checkpoint_id:string, task_id:string, idx:int, channel:string, type:string, value:string, created_at:datetime)`,
  ...[CHECKPOINTS, WRITES].flatMap((table) => [
    `.alter table ${table} policy streamingingestion enable`,
    `.clear table ${table} cache streamingingestion schema`,
  ]),
];

type Row = Record<string, unknown>;

/** See the module. */
export class SdkSaver extends BaseCheckpointSaver {
  readonly #client: Client;
  readonly #checkpoints: StreamingIngestClient;
  readonly #writes: StreamingIngestClient;

  constructor(url: string) {
    super();
    this.#client = new Client(url);
    const into = (table: string) =>
      new StreamingIngestClient(
        url,
        new IngestionProperties({ database: DATABASE, table, format: DataFormat.JSON }),
      );
    this.#checkpoints = into(CHECKPOINTS);
    this.#writes = into(WRITES);
  }

  async setup(): Promise<void> {
    for (const command of COMMANDS) await this.#client.executeMgmt(DATABASE, command);
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const { thread_id, checkpoint_ns = "", checkpoint_id = "" } = config.configurable ?? {};
    const [row] = await this.#read(CHECKPOINT_QUERY, thread_id, checkpoint_ns, checkpoint_id);
    if (!row) return undefined;
    const id = String(row.checkpoint_id);
    const writes = await this.#read(WRITES_QUERY, thread_id, checkpoint_ns, id);
    const configOf = (checkpoint_id: unknown) => ({
      configurable: { thread_id, checkpoint_ns, checkpoint_id },
    });
    return {
      config: configOf(id),
      checkpoint: await this.#load(row.type, row.checkpoint),
      metadata: await this.#load(row.metadata_type, row.metadata),
      pendingWrites: await Promise.all(
        writes.map(async ({ task_id, channel, type, value }) =>
          [task_id, channel, await this.#load(type, value)] as CheckpointPendingWrite
        ),
      ),
      ...(row.parent_id !== "" && { parentConfig: configOf(row.parent_id) }),
    };
  }

  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
  ): Promise<RunnableConfig> {
    const { thread_id, checkpoint_ns = "", checkpoint_id = "" } = config.configurable ?? {};
    const [type, value] = await this.#dump(checkpoint);
    const [metadata_type, metadataText] = await this.#dump(metadata);
    const key = { thread_id, checkpoint_ns, checkpoint_id: checkpoint.id };
    await this.#append(this.#checkpoints, [{
      ...key,
      parent_id: checkpoint_id,
      type,
      checkpoint: value,
      metadata_type,
      metadata: metadataText,
    }]);
    return { configurable: key };
  }

  override async putWrites(
    config: RunnableConfig,
    writes: PendingWrite[],
    task_id: string,
  ): Promise<void> {
    const { thread_id, checkpoint_ns = "", checkpoint_id } = config.configurable ?? {};
    const key = { thread_id, checkpoint_ns, checkpoint_id, task_id };
    const rows = await Promise.all(writes.map(async ([channel, written], idx) => {
      const [type, value] = await this.#dump(written);
      return { ...key, idx, channel, type, value };
    }));
    if (rows.length > 0) await this.#append(this.#writes, rows);
  }

  // deno-lint-ignore require-yield
  override async *list(): AsyncGenerator<CheckpointTuple> {
    throw new Error("It does not list");
  }

  override deleteThread(): Promise<void> {
    return Promise.reject(new Error("It does not delete"));
  }

  async #append(client: StreamingIngestClient, rows: readonly Row[]): Promise<void> {
    const created_at = new Date().toISOString();
    const lines = rows.map((row) => `${JSON.stringify({ ...row, created_at })}\n`).join("");
    await client.ingestFromStream(Readable.from([Buffer.from(lines)]));
  }

  async #read(text: string, thread: string, namespace: string, id: string): Promise<Row[]> {
    const quote = (value: string) => JSON.stringify(value);
    const properties = new ClientRequestProperties({}, {
      thread: quote(thread),
      namespace: quote(namespace),
      id: quote(id),
    });
    const { primaryResults } = await this.#client.execute(DATABASE, text, properties);
    return [...primaryResults[0]!.rows()].map((row) => row.toJSON<Row>());
  }

  async #dump(value: unknown): Promise<[type: string, text: string]> {
    const [type, bytes] = await this.serde.dumpsTyped(value);
    return [type, new TextDecoder().decode(bytes)];
  }

  // deno-lint-ignore no-explicit-any
  #load(type: unknown, text: unknown): Promise<any> {
    return Promise.resolve(this.serde.loadsTyped(String(type), String(text)));
  }
}
