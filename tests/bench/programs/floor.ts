/**
 * What no saver on Kusto can do without: the serializer, JSON and `fetch`.
 *
 * @module
 */
import type { Checkpoint, CheckpointMetadata } from "@langchain/langgraph-checkpoint";
import { JsonPlusSerializer } from "@langchain/langgraph-checkpoint";

/** The least that a `put` and a `getTuple` take, on the tables of `SdkSaver`. */
export class Floor {
  readonly #url: string;
  readonly #query: string;
  readonly #table: string;
  readonly #serde = new JsonPlusSerializer();

  constructor(url: string, query: string, table: string) {
    this.#url = url;
    this.#query = query;
    this.#table = table;
  }

  async put(thread: string, checkpoint: Checkpoint, metadata: CheckpointMetadata): Promise<void> {
    const [type, bytes] = await this.#serde.dumpsTyped(checkpoint);
    const [metadata_type, metadataBytes] = await this.#serde.dumpsTyped(metadata);
    const row = JSON.stringify({
      thread_id: thread,
      checkpoint_ns: "",
      checkpoint_id: checkpoint.id,
      parent_id: "",
      type,
      checkpoint: new TextDecoder().decode(bytes),
      metadata_type,
      metadata: new TextDecoder().decode(metadataBytes),
      created_at: new Date().toISOString(),
    });
    await this.#post(`/v1/rest/ingest/NetDefaultDB/${this.#table}?streamFormat=json`, row);
  }

  async getTuple(thread: string): Promise<Checkpoint> {
    const quote = (value: string) => JSON.stringify(value);
    const answer = await this.#post(
      "/v2/rest/query",
      JSON.stringify({
        db: "NetDefaultDB",
        csl: this.#query,
        properties: { Parameters: { thread: quote(thread), namespace: quote(""), id: quote("") } },
      }),
    );
    const frames = JSON.parse(answer) as Frame[];
    const { Columns, Rows } = frames.find(({ TableKind }) => TableKind === "PrimaryResult")!;
    const cell = (name: string) =>
      String(Rows[0]![Columns.findIndex(({ ColumnName }) => ColumnName === name)]);
    await this.#serde.loadsTyped(cell("metadata_type"), cell("metadata"));
    return await this.#serde.loadsTyped(cell("type"), cell("checkpoint"));
  }

  async #post(path: string, body: string): Promise<string> {
    const answer = await fetch(this.#url + path, {
      method: "POST",
      body,
      headers: { "Content-Type": "application/json; charset=utf-8" },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return text;
  }
}

interface Frame {
  readonly TableKind?: string;
  readonly Columns: readonly { readonly ColumnName: string }[];
  readonly Rows: readonly (readonly unknown[])[];
}
