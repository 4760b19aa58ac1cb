/**
 * The emulator as one object: a database behind the service's REST endpoints, in process or on loopback.
 *
 * @module
 */
import { areTokens, type Tokens } from "./wire/access.ts";
import { callable, checkFields, port, type Rule, text, truth } from "./checks.ts";
import { Database } from "./storage/database.ts";
import { ticksFromMilliseconds } from "./values/datetime.ts";
import { EmulatorError } from "./emulator_error.ts";
import { Handler } from "./wire/handler.ts";
import { Operations } from "./commands/operations.ts";
import { Queries } from "./language/queries.ts";
import { RequestLog, type RequestRecord } from "./wire/requests.ts";
import { SchemaCache } from "./storage/schema_cache.ts";
import { publicLoginEndpoint } from "./wire/metadata.ts";
import type { Server } from "./wire/server.ts";
import type { Store } from "./storage/store.ts";
import { conditionRules, type Conditions, type Trouble, TroubleMaker } from "./wire/trouble.ts";

/** What an emulator can be told when it is made. */
export interface KustoEmulatorOptions extends Conditions {
  /** The name of its one database. @default "NetDefaultDB" */
  readonly database?: string;
  /** A folder to keep everything in; without one no disk is touched. */
  readonly folder?: string;
  /** The clock, in milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
  /** Gives numbers from 0 up to 1: ids, `rand()` and the draws of trouble come from it. @default Math.random */
  readonly random?: () => number;
  /** Waits, for bodies that come late. @default a timer */
  readonly sleep?: (milliseconds: number) => Promise<void>;
  /** Tokens with their roles; when given, requests without one of them are answered with 401. */
  readonly tokens?: Tokens;
  /** The sign-in service that clients are told of, for tests with one of their own. @default the public cloud's */
  readonly loginEndpoint?: string;
  /**
   * Whether streaming ingestion learns of schema changes only after five minutes or a `.clear ... cache` command, as on
   * the service. @default true
   */
  readonly schemaCacheLag?: boolean;
  /**
   * Whether the cluster's switch for streaming ingestion is on. Where it is off, as in Microsoft's own emulator, the
   * commands that set a streaming policy fail, and streaming requests are answered with 404. @default true
   */
  readonly streaming?: boolean;
  /** Trouble to begin with. */
  readonly trouble?: readonly Trouble[];
  /** Told of each request that was answered. */
  readonly onRequest?: (record: RequestRecord) => void;
}

/** Where an emulator listens. */
export interface Listening {
  /** The address, such as `http://127.0.0.1:8080`. */
  readonly url: string;
}

/**
 * An embedded Kusto for tests and local runs: one database that understands management commands, streaming ingestion and
 * the query language, and answers as the service does.
 *
 * It starts empty, is as harsh as the service by default, and refuses what it does not know.
 *
 * @example A query in process
 * ```ts
 * import { KustoEmulator } from "@x/kusto-checkpoint/emulator";
 *
 * const emulator = new KustoEmulator();
 * const answer = await emulator.fetch("https://any.host/v2/rest/query", {
 *   method: "POST",
 *   body: JSON.stringify({ db: "NetDefaultDB", csl: "print answer = 6 * 7" }),
 * });
 * console.log(answer.status);
 * await emulator.close();
 * ```
 */
export class KustoEmulator implements AsyncDisposable {
  /** The name of the database. */
  readonly database: string;
  /** Makes trouble at run time. */
  readonly trouble: TroubleMaker;
  /** The requests that were answered. */
  readonly requests: RequestLog;
  /**
   * Answers a request to any host as the service would; takes what the global `fetch` takes, and is bound, so that it may
   * be passed on.
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  readonly #options: KustoEmulatorOptions;
  readonly #random: () => number;
  #opening: Promise<Handler> | undefined;
  #store: Store | undefined;
  #server: Promise<Server> | undefined;
  #isClosed = false;

  /**
   * Makes an emulator; nothing is opened or loaded before it is first used.
   *
   * @throws {EmulatorError} `WRONG_OPTION` for an option that is unknown or has a value that it cannot have.
   */
  constructor(options: KustoEmulatorOptions = {}) {
    checkFields("option", options, optionRules);
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.database = options.database ?? "NetDefaultDB";
    this.trouble = new TroubleMaker(this.#random);
    const { visibilityDelayMs, viewLagMs, cores } = options;
    this.trouble.set({ visibilityDelayMs, viewLagMs, cores });
    for (const trouble of options.trouble ?? []) this.trouble.add(trouble);
    this.requests = new RequestLog(options.onRequest);
    this.fetch = async (input, init) => {
      const handler = await this.#open();
      const request = new Request(input, init);
      request.signal.throwIfAborted();
      const body = new Uint8Array(await request.arrayBuffer());
      const answer = await handler.handle({
        method: request.method,
        url: new URL(request.url),
        headers: request.headers,
        body,
        signal: request.signal,
      });
      request.signal.throwIfAborted();
      return answer;
    };
  }

  /**
   * Opens the folder, if there is one, ahead of the first request.
   *
   * @throws {EmulatorError} Where the folder cannot be opened or another process has it.
   */
  async open(): Promise<void> {
    await this.#open();
  }

  /**
   * Listens on loopback.
   *
   * @param options `port`: 0, the default, takes a free one.
   * @throws {EmulatorError} Where the port is none or taken, where the folder cannot be opened or
   * another process has it, and where the emulator is closed meanwhile.
   */
  async listen(options: { readonly port?: number } = {}): Promise<Listening> {
    checkFields("option", options, { port });
    const handler = await this.#open();
    this.#checkNotClosed();
    this.#server ??= import("./wire/server.ts")
      .then(({ startServer }) => startServer(handler, options.port ?? 0))
      .catch((error) => {
        // Another port may do.
        this.#server = undefined;
        throw error;
      });
    const { url } = await this.#server;
    return { url };
  }

  /** Ends listening and closes the folder; requests that come later are refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    // Whoever had it opened, or made it listen, has heard why that failed.
    const [server] = await Promise.all([
      this.#server?.catch(() => undefined),
      this.#opening?.catch(() => undefined),
    ]);
    await server?.close();
    this.#closeStore();
  }

  /** The same as {@linkcode close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #closeStore(): void {
    this.#store?.close();
    this.#store = undefined;
  }

  #checkNotClosed(): void {
    if (this.#isClosed) {
      throw new EmulatorError("CLOSED", "Cannot answer a request: the emulator is closed");
    }
  }

  #open(): Promise<Handler> {
    this.#checkNotClosed();
    // A folder that another process had may be free when it is tried again.
    this.#opening ??= this.#start().catch((error) => {
      this.#opening = undefined;
      this.#closeStore();
      throw error;
    });
    return this.#opening;
  }

  async #start(): Promise<Handler> {
    const { folder, tokens, loginEndpoint, schemaCacheLag, streaming, sleep } = this.#options;
    const clock = this.#options.now ?? Date.now;
    const now = (): bigint => ticksFromMilliseconds(clock());
    if (folder !== undefined) {
      const { openSqliteStore } = await import("./storage/sqlite_store.ts");
      this.#store = await openSqliteStore(folder);
    }
    const queries = new Queries(now, this.#random);
    const database = new Database({
      name: this.database,
      now,
      store: this.#store,
      runView: (query, catalog) => queries.runOne(query, catalog),
      viewLag: () => BigInt(Math.round(this.trouble.viewLagMs * 10_000)),
    });
    return new Handler({
      database,
      queries,
      schemaCache: new SchemaCache(database, schemaCacheLag ?? true),
      streaming: streaming ?? true,
      operations: new Operations(),
      trouble: this.trouble,
      log: this.requests,
      tokens,
      loginEndpoint: loginEndpoint ?? publicLoginEndpoint,
      newId: () => randomId(this.#random),
      elapsed: () => performance.now(),
      sleep: sleep ?? ((milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds))),
    });
  }
}

const optionRules: Readonly<Record<keyof KustoEmulatorOptions, Rule>> = {
  ...conditionRules,
  database: text,
  folder: text,
  loginEndpoint: text,
  now: callable,
  random: callable,
  sleep: callable,
  onRequest: callable,
  tokens: { wanted: "an object of roles by token", holds: areTokens },
  schemaCacheLag: truth,
  streaming: truth,
  trouble: { wanted: "a list", holds: Array.isArray },
};

/** A random UUID of the random numbers given. */
function randomId(random: () => number): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16));
  digits[12] = "4";
  digits[16] = "89ab"[Math.floor(random() * 4)]!;
  const text = digits.join("");
  return [8, 12, 16, 20].reduceRight((id, at) => `${id.slice(0, at)}-${id.slice(at)}`, text);
}
