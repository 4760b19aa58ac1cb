/**
 * Where to connect, and as whom: options that all commands on a cluster share.
 *
 * @module
 */
import type { KustoSaverOptions } from "../../mod.ts";
import { type Arguments, type Options, UsageError } from "./arguments.ts";
import type { Terminal } from "./terminal.ts";

/** The options, each with the variable that stands in for it. */
export const connectionOptions: Options = {
  cluster: {
    value: "ADDRESS",
    about: "the cluster, or a full Kusto connection string (KUSTO_CLUSTER_URI)",
  },
  database: { value: "NAME", about: "the database (KUSTO_DATABASE)" },
  credential: {
    value: "TEXT",
    about:
      '"app-id;app-key;tenant-id" or "none" (KUSTO_CREDENTIAL; else DefaultAzureCredential); others may see it here, so use the variable',
  },
  "table-prefix": {
    value: "PREFIX",
    about: "put before the name of every table (KUSTO_TABLE_PREFIX)",
  },
  ingestion: {
    value: "WAY",
    about: "streaming, or inline as in Microsoft's Kusto emulator (KUSTO_INGESTION)",
  },
  "trusted-host": {
    value: "HOST",
    multiple: true,
    about: "a further host that tokens may be sent to",
  },
};

/**
 * Options of a saver, as the command line and the environment name them.
 *
 * @throws {UsageError} If no cluster is named.
 */
export function connectionFrom(args: Arguments, terminal: Terminal): KustoSaverOptions {
  // An empty variable is one that is not set: a script may not be able to do else.
  const given = (option: string, variable: string) =>
    args.text(option) ?? (terminal.variable(variable) || undefined);
  const connection = given("cluster", "KUSTO_CLUSTER_URI");
  if (connection === undefined) {
    throw new UsageError(
      "No cluster is named: pass --cluster https://<cluster>.<region>.kusto.windows.net, or set KUSTO_CLUSTER_URI",
    );
  }
  const database = given("database", "KUSTO_DATABASE");
  const tablePrefix = given("table-prefix", "KUSTO_TABLE_PREFIX");
  const credential = given("credential", "KUSTO_CREDENTIAL");
  const ingestion = given("ingestion", "KUSTO_INGESTION");
  return {
    ...terminal.saverOptions,
    connection,
    trustedHosts: args.texts("trusted-host"),
    ...(database !== undefined && { database }),
    ...(tablePrefix !== undefined && { tablePrefix }),
    ...(credential !== undefined && { credential }),
    // What it may be is checked with the other options.
    ...(ingestion !== undefined &&
      { ingestion: ingestion as NonNullable<KustoSaverOptions["ingestion"]> }),
  };
}
