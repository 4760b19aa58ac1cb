/**
 * Where the agent's memory lies: an embedded Kusto with a folder, or a real cluster.
 *
 * @module
 */

import { KustoSaver } from "../../mod.ts";
import type { Options } from "./options.ts";
import type { Usage } from "./usage.ts";

/** A Kusto that answers at an address. */
export interface Kusto extends AsyncDisposable {
  readonly url: string;
  readonly database: string;
  /** What it is, for people. */
  readonly description: string;
}

/**
 * The Kusto that the options and the environment ask for.
 *
 * The embedded one belongs to this process and listens on a free port of this machine; other
 * processes reach it by its address, as they would reach a cluster.
 */
export async function openKusto(
  { url, database, data }: Options,
  environment: (name: string) => string | undefined,
): Promise<Kusto> {
  const cluster = url ?? environment("KUSTO_CLUSTER_URI");
  if (cluster !== undefined && cluster !== "") {
    return {
      url: cluster.replace(/\/+$/, ""),
      database: url === undefined ? environment("KUSTO_DATABASE") || database : database,
      description: cluster,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const folder = `${data}/kusto`;
  await Deno.mkdir(folder, { recursive: true });
  // Imported only here: with a cluster nobody needs the parser.
  const { KustoEmulator } = await import("../../src/emulator/mod.ts");
  const emulator = new KustoEmulator({ folder, database });
  const { url: address } = await emulator.listen({ port: 0 });
  return {
    url: address.replace(/\/+$/, ""),
    database,
    description: `embedded, at ${address}, rows in ${folder}`,
    [Symbol.asyncDispose]: () => emulator.close(),
  };
}

/** A new saver over a Kusto; `usage` counts its requests. */
export function openSaver(
  kusto: Kusto,
  usage: Usage,
  environment: (name: string) => string | undefined,
): KustoSaver {
  const token = environment("KUSTO_ACCESS_TOKEN");
  return KustoSaver.fromConnectionString(kusto.url, {
    database: kusto.database,
    fetch: usage.fetch,
    ...(token ? { credential: () => Promise.resolve(token) } : {}),
  });
}
