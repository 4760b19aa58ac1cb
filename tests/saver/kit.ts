/**
 * Savers on an embedded Kusto, for tests.
 *
 * @module
 */
import type { Checkpoint, CheckpointMetadata } from "@langchain/langgraph-checkpoint";
import { KustoSaver, type KustoSaverOptions } from "../../mod.ts";
import { KustoEmulator, type KustoEmulatorOptions } from "../../src/emulator/mod.ts";
import type { Case, Cluster } from "./cases.ts";

const PATIENCE_MS = 600_000;

/** A provisioned embedded Kusto and the savers opened on it, closed together. */
export class Lab implements Cluster, AsyncDisposable {
  readonly emulator: KustoEmulator;
  readonly #savers: KustoSaver[] = [];

  private constructor(emulator: KustoEmulator) {
    this.emulator = emulator;
  }

  /**
   * An embedded Kusto with all tables, and nothing in its request log.
   *
   * @param administrator How the saver signs in that makes the tables.
   */
  static async open(
    options: KustoEmulatorOptions = {},
    administrator: Partial<KustoSaverOptions> = {},
  ): Promise<Lab> {
    const lab = new Lab(new KustoEmulator(options));
    await lab.saver(administrator).setup({ provision: true });
    lab.emulator.requests.clear();
    return lab;
  }

  /** Another saver, as another process would have it. */
  saver(options: Partial<KustoSaverOptions> = {}): KustoSaver {
    const saver = new KustoSaver({
      connection: "http://localhost",
      database: "NetDefaultDB",
      fetch: this.emulator.fetch,
      // A machine that is busy with other things may take longer than a user would wait.
      deadlineMs: PATIENCE_MS,
      queryTimeoutMs: PATIENCE_MS,
      ...options,
    });
    this.#savers.push(saver);
    return saver;
  }

  /** The same: rows are visible as soon as they are acknowledged. */
  reader(options: Partial<KustoSaverOptions> = {}): Promise<KustoSaver> {
    return Promise.resolve(this.saver(options));
  }

  /** The kinds and subjects of the requests since the last call. */
  requests(): string[] {
    const records = this.emulator.requests.records
      .map(({ kind, subject }) => kind === "query" ? "query" : `${kind} ${subject}`);
    this.emulator.requests.clear();
    return records;
  }

  /** Runs a management command, as an administrator would. */
  async command(text: string): Promise<void> {
    const answer = await this.emulator.fetch("http://localhost/v1/rest/mgmt", {
      method: "POST",
      body: JSON.stringify({ db: this.emulator.database, csl: text }),
    });
    if (!answer.ok) throw new Error(await answer.text());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#savers.map((saver) => saver.close()));
    await this.emulator.close();
  }
}

/**
 * Makes a test of each case, on an embedded Kusto of its own.
 *
 * @param how Stands behind the titles, and the options that all savers get beside those of the cases.
 */
export function testCases(
  cases: readonly Case[],
  how: { readonly title: string; readonly options: Partial<KustoSaverOptions> } = {
    title: "",
    options: {},
  },
): void {
  for (const { name, run } of cases) {
    Deno.test(`${name}${how.title}`, async () => {
      await using lab = await Lab.open();
      await run({
        saver: (options) => lab.saver({ ...how.options, ...options }),
        reader: (options) => lab.reader({ ...how.options, ...options }),
      }, "t");
    });
  }
}

/** A checkpoint with the values given, all of them versioned. */
export function checkpointOf(
  id: string,
  values: Record<string, unknown> = {},
  rest: Partial<Checkpoint> = {},
): Checkpoint {
  return {
    v: 4,
    id,
    ts: "2026-01-01T00:00:00.000Z",
    channel_values: values,
    channel_versions: Object.fromEntries(Object.keys(values).map((channel) => [channel, 1])),
    versions_seen: {},
    ...rest,
  };
}

/** Metadata as LangGraph's loop writes them. */
export const LOOP: CheckpointMetadata = { source: "loop", step: 1, parents: {} };

/** Addresses a thread, and maybe a namespace and a checkpoint in it. */
export function at(thread_id: unknown, checkpoint_id?: string, checkpoint_ns = "") {
  return {
    configurable: {
      thread_id,
      checkpoint_ns,
      ...(checkpoint_id !== undefined && { checkpoint_id }),
    },
  };
}
