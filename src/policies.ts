/**
 * The policies of a database's entities, as `.show` gives them.
 *
 * @module
 */
import type { KustoClient } from "./client.ts";
import { rowsOf } from "./frames.ts";
import { entityName } from "./kql.ts";

/** The JSON text of a policy; `undefined` where none is set. */
export async function readPolicy(
  client: KustoClient,
  of: string,
  entity: string,
  policy: string,
): Promise<string | undefined> {
  const path = entity.split(".").map(entityName).join(".");
  const [rows] = await client.command(`.show ${of} ${path} policy ${policy}`);
  const found = rowsOf<{ Policy: string | null }>(rows)[0]?.Policy;
  return found && found !== "null" ? found : undefined;
}

/** How many whole days a retention policy keeps rows; `undefined` where none is set. */
export async function readRetentionDays(
  client: KustoClient,
  of: string,
  entity: string,
): Promise<number | undefined> {
  const policy = await readPolicy(client, of, entity, "retention");
  const period: unknown = policy && JSON.parse(policy)?.SoftDeletePeriod;
  if (typeof period !== "string") return undefined;
  // Without a dot it is less than a day: "23:00:00".
  return Number(/^(\d+)\./.exec(period)?.[1] ?? 0);
}
