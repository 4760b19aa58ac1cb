/**
 * The policies of a database's entities, as `.show` gives them.
 *
 * @module
 */
import type { KustoClient } from "../service/client.ts";
import { rowsOf } from "../service/frames.ts";
import { entityName } from "../service/kql.ts";

/** Reads policies, each once. */
export class PolicyReader {
  readonly #client: KustoClient;
  readonly #read = new Map<string, Promise<string | undefined>>();

  constructor(client: KustoClient) {
    this.#client = client;
  }

  /**
   * The JSON text of a policy; `undefined` where none is set.
   *
   * @param of What kind of thing the entity is, as commands call it: `table`, `materialized-view`.
   */
  text(of: string, entity: string, policy: string): Promise<string | undefined> {
    const path = entity.split(".").map(entityName).join(".");
    const command = `.show ${of} ${path} policy ${policy}`;
    let found = this.#read.get(command);
    if (!found) this.#read.set(command, found = this.#show(command));
    return found;
  }

  async #show(command: string): Promise<string | undefined> {
    const [rows] = await this.#client.command(command);
    const found = rowsOf<{ Policy: string | null }>(rows)[0]?.Policy;
    return found && found !== "null" ? found : undefined;
  }

  /** How many whole days a retention policy keeps rows; `undefined` where none is set. */
  async retentionDays(of: string, entity: string): Promise<number | undefined> {
    const policy = await this.text(of, entity, "retention");
    return policy === undefined ? undefined : wholeDays(JSON.parse(policy)?.SoftDeletePeriod);
  }

  /** How many whole days a caching policy keeps rows at hand; `undefined` where none is set. */
  async hotDays(of: string, entity: string): Promise<number | undefined> {
    const policy = await this.text(of, entity, "caching");
    const span = policy === undefined ? undefined : JSON.parse(policy)?.DataHotSpan;
    return wholeDays(span?.Value ?? span);
  }

  /** Whether a table lets streamed rows in: by its own policy, or by that of the database where it has none. */
  async isStreaming(database: string, table: string): Promise<boolean> {
    const policy = await this.text("table", table, "streamingingestion") ??
      await this.text("database", database, "streamingingestion");
    return policy !== undefined && JSON.parse(policy)?.IsEnabled === true;
  }
}

/** The whole days of a timespan such as `90.00:00:00`. */
function wholeDays(span: unknown): number | undefined {
  if (typeof span !== "string") return undefined;
  // Without a dot before the hours it is less than a day: "23:00:00".
  return Number(/^(\d+)\./.exec(span)?.[1] ?? 0);
}
