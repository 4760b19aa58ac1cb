/**
 * The savers that are compared, by name.
 *
 * @module
 */
import { type BaseCheckpointSaver, MemorySaver } from "@langchain/langgraph-checkpoint";
import { KustoSaver } from "../../../mod.ts";
import { SdkSaver } from "./sdk_saver.ts";

/** Which saver. */
export type SaverName = "KustoSaver" | "PostgresSaver" | "SqliteSaver" | "MemorySaver" | "SDK";

/** The requests of a saver on Kusto. */
export interface Requests {
  query: number;
  ingest: number;
}

/** A saver that is ready, and what it has asked for since the last reset. */
export interface Opened {
  readonly saver: BaseCheckpointSaver;
  readonly requests: Requests;
  /** The size of its tables, where the server tells. */
  readonly tableBytes?: () => Promise<number>;
}

interface Peer extends BaseCheckpointSaver {
  setup?(): Promise<void>;
  /** Of `PostgresSaver` alone. */
  readonly pool?: { query(text: string): Promise<{ rows: { bytes: string }[] }> };
}

const SIZE_OF_TABLES = `select sum(pg_total_relation_size(c)) as bytes
  from unnest(array['checkpoints', 'checkpoint_blobs', 'checkpoint_writes']::regclass[]) as c`;

/**
 * Opens a saver, with its tables.
 *
 * @param onIngest Told of each body that is sent to be stored in Kusto.
 */
export async function openSaver(
  name: SaverName,
  port: number,
  onIngest: (body: Uint8Array) => void = () => {},
): Promise<Opened> {
  const requests = { query: 0, ingest: 0 };
  const url = `http://127.0.0.1:${port}`;
  switch (name) {
    case "KustoSaver": {
      const saver = new KustoSaver({
        connection: url,
        database: "NetDefaultDB",
        fetch: (input, init) => {
          if (String(input).includes("/rest/ingest/")) {
            requests.ingest++;
            onIngest(init?.body as Uint8Array);
          }
          if (String(input).includes("/rest/query")) requests.query++;
          return fetch(input, init);
        },
      });
      await saver.setup({ provision: true });
      return { saver, requests };
    }
    case "SDK": {
      const saver = new SdkSaver(url);
      await saver.setup();
      return { saver, requests };
    }
    case "MemorySaver":
      return { saver: new MemorySaver(), requests };
    case "PostgresSaver": {
      const { PostgresSaver } = await peer("@langchain/langgraph-checkpoint-postgres");
      const saver = PostgresSaver!.fromConnString(
        `postgresql://postgres@127.0.0.1:${port}/postgres`,
      );
      await saver.setup?.();
      const tableBytes = async () => {
        const { rows } = await saver.pool!.query(SIZE_OF_TABLES);
        return Number(rows[0]!.bytes);
      };
      return { saver, requests, tableBytes };
    }
    case "SqliteSaver": {
      const { SqliteSaver } = await peer("@langchain/langgraph-checkpoint-sqlite");
      return { saver: SqliteSaver!.fromConnString(":memory:"), requests };
    }
  }
}

/** A package that is installed among the peers alone, so that nothing else knows it. */
async function peer(
  name: string,
): Promise<Record<string, { fromConnString(at: string): Peer }>> {
  return await import(name);
}
