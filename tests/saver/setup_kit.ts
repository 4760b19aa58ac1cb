/**
 * An embedded Kusto to set up, for tests.
 *
 * @module
 */
import { KustoSaver, type KustoSaverOptions } from "../../mod.ts";
import { KustoEmulator, type KustoEmulatorOptions } from "../../src/emulator/mod.ts";

/** An embedded Kusto without any table. */
export class EmptyLab {
  readonly emulator: KustoEmulator;
  readonly now = (): number => Date.UTC(2026, 0, 1);

  constructor(options: KustoEmulatorOptions = {}) {
    this.emulator = new KustoEmulator({ now: this.now, ...options });
  }

  saver(options: Partial<KustoSaverOptions> = {}): KustoSaver {
    return KustoSaver.fromConnectionString("http://localhost", {
      database: "NetDefaultDB",
      fetch: this.emulator.fetch,
      sleep: () => Promise.resolve(),
      ...options,
    });
  }

  /** Runs a command; gives the rows of its first table. */
  command(csl: string): Promise<unknown[][]> {
    return this.#rows("mgmt", csl);
  }

  /** Runs a query; gives the rows of its first table. */
  query(csl: string): Promise<unknown[][]> {
    return this.#rows("query", csl);
  }

  async #rows(endpoint: "mgmt" | "query", csl: string): Promise<unknown[][]> {
    const answer = await this.emulator.fetch(`http://localhost/v1/rest/${endpoint}`, {
      method: "POST",
      body: JSON.stringify({ db: "NetDefaultDB", csl }),
    });
    const body = await answer.json();
    if (!answer.ok) throw new Error(JSON.stringify(body));
    return body.Tables[0].Rows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.emulator.close();
  }
}
