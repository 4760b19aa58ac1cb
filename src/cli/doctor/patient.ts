/**
 * The database that is looked at, and what was found out about it so far.
 *
 * @module
 */
import {
  KustoError,
  type KustoSaver,
  type KustoSaverOptions,
  KustoSchemaError,
} from "../../../mod.ts";
import type { SchemaProblem, SetupReport } from "../../../mod.ts";
import { TokenSource } from "../../service/auth.ts";
import { KustoClient } from "../../service/client.ts";
import { type Settings, settingsFrom } from "../../config.ts";
import { isLoopback } from "../../service/hosts.ts";
import type { Call } from "../command.ts";

/** What `setup()` tells: with errors it has no report. */
export interface SchemaFindings {
  readonly problems: readonly SchemaProblem[];
  readonly report: SetupReport | undefined;
}

/** A doctor is not to be kept waiting by what fails again and again. */
const RETRIES = 1;

/** The database of one call. */
export class Patient {
  /** The thread that rows are written to, new each time. */
  readonly threadId: string = `kusto-checkpoint-doctor-${crypto.randomUUID()}`;
  readonly #call: Call;
  #settings: Settings | undefined;
  #tokens: TokenSource | undefined;
  #client: KustoClient | undefined;
  #reading: Promise<KustoError | undefined> | undefined;
  #schema: Promise<SchemaFindings> | undefined;

  constructor(call: Call) {
    this.#call = call;
  }

  /** Signs in once for all; a token function is asked by each saver anew. */
  get #options(): Partial<KustoSaverOptions> {
    if (!this.signsIn) return { maxRetries: RETRIES };
    const tokens = this.#tokens ??= new TokenSource(this.settings);
    const credential = async () => await tokens.token() ?? "";
    return { maxRetries: RETRIES, credential };
  }

  /** Whether a token is sent at all: to this machine none is without a credential. */
  get signsIn(): boolean {
    const { credential, origin } = this.settings;
    return credential === undefined ? !isLoopback(new URL(origin).hostname) : credential !== "none";
  }

  /**
   * The options, checked.
   *
   * @throws {KustoOptionsError} If one is not acceptable.
   */
  get settings(): Settings {
    return this.#settings ??= settingsFrom(this.#call.connection());
  }

  /** Sends single requests. */
  get client(): KustoClient {
    return this.#client ??= new KustoClient(
      settingsFrom({ ...this.#call.connection(), ...this.#options }),
    );
  }

  /** A saver as an application has it. */
  saver(options: Partial<KustoSaverOptions> = {}): KustoSaver {
    return this.#call.saver({ ...this.#options, ...options });
  }

  /** Why a query of nothing fails, where it does; asked once. */
  reading(): Promise<KustoError | undefined> {
    return this.#reading ??= this.client.query("print 1", {}).then(() => undefined, (error) => {
      if (error instanceof KustoError) return error;
      throw error;
    });
  }

  /** What the database lacks; asked once. */
  schema(): Promise<SchemaFindings> {
    return this.#schema ??= this.#readSchema();
  }

  async #readSchema(): Promise<SchemaFindings> {
    try {
      const report = await this.saver().setup();
      return { problems: report.problems, report };
    } catch (error) {
      if (!(error instanceof KustoSchemaError) || error.problems.length === 0) throw error;
      return { problems: error.problems, report: undefined };
    }
  }
}
