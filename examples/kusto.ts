/**
 * Where the examples keep their state: in the cluster that `KUSTO_CLUSTER_URI` names (database
 * `KUSTO_DATABASE`, signed in as `@azure/identity` does), else in an embedded Kusto.
 *
 * @module
 */
import { KustoSaver, type KustoSaverOptions } from "../mod.ts";
import { KustoEmulator } from "../src/emulator/mod.ts";

/** A Kusto with all tables. */
export class Kusto implements AsyncDisposable {
  /** How many requests there have been. */
  requests = 0;
  readonly #cluster = Deno.env.get("KUSTO_CLUSTER_URI");
  readonly #embedded = this.#cluster ? undefined : new KustoEmulator();

  /** Opens it, and makes what tables are missing. */
  static async open(): Promise<Kusto> {
    const kusto = new Kusto();
    await using saver = kusto.saver();
    await saver.setup({ provision: true });
    kusto.requests = 0;
    return kusto;
  }

  /** A saver that knows no more than one in a process of its own. */
  saver(options: Partial<KustoSaverOptions> = {}): KustoSaver {
    const send = this.#embedded?.fetch ?? fetch;
    const database = this.#cluster && Deno.env.get("KUSTO_DATABASE");
    return KustoSaver.fromConnectionString(this.#cluster || "http://localhost/NetDefaultDB", {
      ...(database && { database }),
      // A cluster shows rows to others some time after it took them: a checkpoint that is asked for by
      // its id is waited for so long.
      visibilityTimeoutMs: 60_000,
      fetch: (input, init) => {
        this.requests++;
        return send(input, init);
      },
      ...options,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#embedded?.close();
  }
}
