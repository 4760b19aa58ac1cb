/**
 * The options of a saver, their defaults, and the one check of both.
 *
 * @module
 */
import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { type Connection, parseConnection } from "./service/connection.ts";
import { type Credential, type Identity, identityFrom } from "./service/credential.ts";
import { KustoOptionsError } from "./errors.ts";
import { trustedOrigin } from "./service/hosts.ts";
import type { Logger, Meter, Tracer } from "./observability/observers.ts";
import { LONGEST_TIMER_MS, sleep } from "./sleep.ts";

/** Options of a saver; all but the first two go for any cluster. */
export interface KustoSaverOptions {
  /**
   * The cluster: an address such as `https://mycluster.westeurope.kusto.windows.net`, or a full Kusto
   * connection string.
   */
  readonly connection: string;
  /** The database; may stand in the connection string instead. */
  readonly database?: string;
  /**
   * Who signs in: a `TokenCredential` of `@azure/identity`, a function that gives a token,
   * `"app-id;app-key;tenant-id"`, or `"none"`. The token of an application is shared by all savers of a
   * process that have the same cluster, `trustedHosts`, `fetch` and `now`.
   *
   * @default {`DefaultAzureCredential`, loaded when first needed; none for this machine}
   */
  readonly credential?: Credential;
  /**
   * Turns values into bytes and back.
   *
   * @default {LangGraph's `JsonPlusSerializer`}
   */
  readonly serde?: SerializerProtocol;
  /**
   * When a write resolves: `"acknowledged"`, once the service has it, or `"buffered"`, once it is
   * queued; then a crash loses what `flush()` has not sent.
   *
   * @default {"acknowledged"}
   */
  readonly durability?: "acknowledged" | "buffered";
  /**
   * The most rows of one request.
   *
   * @default {100}
   */
  readonly batchSize?: number;
  /**
   * How long a buffered row may wait to be sent, in milliseconds.
   *
   * @default {30_000}
   */
  readonly flushIntervalMs?: number;
  /**
   * How many bytes of rows to keep in memory, as they are sent: those that are queued, and those that
   * are stored but may not be visible to queries yet. Above it writes wait; a larger row waits until
   * it is alone.
   *
   * @default {67_108_864}
   */
  readonly maxPendingBytes?: number;
  /**
   * How long one request may take, for the service and for the client, and how long a sign-in, in
   * milliseconds.
   *
   * @default {30_000}
   */
  readonly queryTimeoutMs?: number;
  /**
   * How often a request that failed for the moment is repeated; `Infinity` leaves it to `deadlineMs`.
   * While the cluster is in trouble requests wait for their turn, and few are repeated as often.
   *
   * @default {3}
   */
  readonly maxRetries?: number;
  /**
   * The wait before the first repetition at most, in milliseconds; doubles with each up to 30 seconds,
   * with full jitter. Also the first pause of all requests together when the cluster is in trouble,
   * which doubles up to 10 seconds, at least half of it.
   *
   * @default {1_000}
   */
  readonly retryBackoffMs?: number;
  /**
   * How long all attempts of a request may take together, waits included, and a `put` or `putWrites` as a
   * whole, in milliseconds; only waits for room (`maxPendingBytes`) do not count.
   *
   * @default {30_000}
   */
  readonly deadlineMs?: number;
  /**
   * How long `deleteThread` waits until its deletion is visible, in milliseconds.
   *
   * @default {60_000}
   */
  readonly deleteTimeoutMs?: number;
  /**
   * How long a checkpoint that is asked for by id may be waited for, in milliseconds: it may have been
   * written by another process a moment ago.
   *
   * @default {0}
   */
  readonly visibilityTimeoutMs?: number;
  /**
   * Put before the name of every table, so that several installations share a database.
   *
   * @default {""}
   */
  readonly tablePrefix?: string;
  /**
   * Further hosts that tokens may be sent to: exact names, or suffixes that begin with a dot.
   *
   * @default {[]}
   */
  readonly trustedHosts?: readonly string[];
  /**
   * How rows are appended: by `"streaming"` ingestion, or `"inline"`, within management commands, where
   * streaming cannot be switched on, as in Microsoft's Kusto emulator. Kusto's own documentation has the
   * latter for trying things out, not for production
   * (https://learn.microsoft.com/kusto/management/data-ingestion/ingest-inline).
   *
   * @default {"streaming"}
   */
  readonly ingestion?: "streaming" | "inline";
  /**
   * Whether requests that append rows are compressed, from 1 KB on. It takes more processor time than
   * all else in a large write, so it pays off only where the network is slow or each byte is paid for:
   * `docs/performance.md` has the measurements.
   *
   * @default {"none"}
   */
  readonly compression?: "none" | "gzip";
  /**
   * Keys of a run's `configurable` or `metadata` that `list` can filter on beside the checkpoint's
   * own metadata, such as `user_id`. They are stored in the clear, also by a serializer that encrypts;
   * of its checkpoints the service then reads only those that match by these keys.
   *
   * @default {[]}
   */
  readonly searchKeys?: readonly string[];
  /**
   * Takes log lines: ids, times and amounts, never a stored value; `console` is one.
   *
   * @default {none: nothing is logged}
   */
  readonly logger?: Logger;
  /**
   * Measures, as a `Meter` of OpenTelemetry does: `metrics.getMeter("kusto-checkpoint")`.
   *
   * @default {none}
   */
  readonly meter?: Meter;
  /**
   * Makes a span for each call, as a `Tracer` of OpenTelemetry does:
   * `trace.getTracer("kusto-checkpoint")`.
   *
   * @default {none}
   */
  readonly tracer?: Tracer;
  /**
   * Makes the requests.
   *
   * @default {globalThis.fetch}
   */
  readonly fetch?: typeof fetch;
  /**
   * Tells the time, in milliseconds since 1970.
   *
   * @default {Date.now}
   */
  readonly now?: () => number;
  /**
   * Waits some milliseconds.
   *
   * @default {`delay` of `@std/async`}
   */
  readonly sleep?: Sleep;
  /**
   * Gives numbers from 0 up to 1, for jitter, versions and the writer's name.
   *
   * @default {Math.random}
   */
  readonly random?: () => number;
}

/** Waits some milliseconds; `persistent: false` lets the process end meanwhile. */
export type Sleep = (
  ms: number,
  options: { readonly signal?: AbortSignal; readonly persistent?: boolean },
) => Promise<void>;

/** Options with defaults filled in, checked. */
export interface Settings extends
  Required<
    Omit<
      KustoSaverOptions,
      "connection" | "serde" | "credential" | "logger" | "meter" | "tracer"
    >
  > {
  /** Scheme, host and port of the cluster. */
  readonly origin: string;
  /** As given, or from the connection string. */
  readonly credential: Identity | undefined;
  readonly logger: Logger | undefined;
  readonly meter: Meter | undefined;
  readonly tracer: Tracer | undefined;
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws {KustoOptionsError} On the first option that is not acceptable, named.
 */
export function settingsFrom(options: KustoSaverOptions): Settings {
  if (typeof options !== "object" || options === null) {
    throw new KustoOptionsError(
      'Cannot create a saver: its options are missing, pass { connection: "https://...", database: "..." }',
    );
  }
  const settings = checkedSettings(options);
  const unknown = Object.keys(options).find((name) =>
    name !== "connection" && name !== "serde" && (name === "origin" || !(name in settings))
  );
  if (unknown !== undefined) throw bad(unknown, "not known", "one of those in the documentation");
  return settings;
}

function checkedSettings(options: KustoSaverOptions): Settings {
  const connection = parseConnection(text("connection", options.connection, undefined));
  const trustedHosts = hosts(texts("trustedHosts", options.trustedHosts));
  const tablePrefix = text("tablePrefix", options.tablePrefix, "");
  if (!/^([A-Za-z_]\w{0,99})?$/.test(tablePrefix) || tablePrefix.startsWith("__")) {
    throw bad(
      "tablePrefix",
      "of other characters",
      "letters, digits and _, and begin with no digit",
    );
  }
  having("serde", options.serde || undefined, ["dumpsTyped", "loadsTyped"]);
  return Object.freeze({
    origin: trustedOrigin(connection.clusterUri, trustedHosts),
    database: databaseOf(options, connection),
    credential: identityFrom(options.credential, connection),
    durability: oneOf("durability", options.durability, ["acknowledged", "buffered"]),
    batchSize: whole("batchSize", options.batchSize, 100, 1),
    flushIntervalMs: time("flushIntervalMs", options.flushIntervalMs, 30_000, 1),
    maxPendingBytes: whole("maxPendingBytes", options.maxPendingBytes, 64 * 1024 * 1024, 1),
    queryTimeoutMs: time("queryTimeoutMs", options.queryTimeoutMs, 30_000, 1),
    maxRetries: options.maxRetries === Infinity
      ? Infinity
      : whole("maxRetries", options.maxRetries, 3, 0),
    retryBackoffMs: time("retryBackoffMs", options.retryBackoffMs, 1_000, 0),
    deadlineMs: time("deadlineMs", options.deadlineMs, 30_000, 1),
    deleteTimeoutMs: time("deleteTimeoutMs", options.deleteTimeoutMs, 60_000, 1),
    visibilityTimeoutMs: time("visibilityTimeoutMs", options.visibilityTimeoutMs, 0, 0),
    tablePrefix,
    trustedHosts,
    ingestion: oneOf("ingestion", options.ingestion, ["streaming", "inline"]),
    compression: oneOf("compression", options.compression, ["none", "gzip"]),
    searchKeys: texts("searchKeys", options.searchKeys),
    logger: having("logger", options.logger, ["debug", "info", "warn", "error"]),
    meter: having("meter", options.meter, [
      "createHistogram",
      "createCounter",
      "createObservableGauge",
    ]),
    tracer: having("tracer", options.tracer, ["startActiveSpan"]),
    fetch: callable("fetch", options.fetch, globalFetch),
    now: callable("now", options.now, Date.now),
    sleep: callable("sleep", options.sleep, sleep),
    random: callable("random", options.random, Math.random),
  });
}

/** A bare global would lose its receiver when called as a field of the settings. */
const globalFetch: typeof fetch = (input, init) => globalThis.fetch(input, init);

function databaseOf(options: KustoSaverOptions, connection: Connection): string {
  const given = options.database ?? connection.database;
  if (given === undefined) {
    throw bad(
      "database",
      "missing",
      'the name of a database, here or as "Initial Catalog" in the connection string',
    );
  }
  const database = text("database", given, undefined);
  if (database === "") throw bad("database", "empty", "the name of a database");
  return database;
}

/** An address or a bare dot would never or always match. */
function hosts(names: readonly string[]): readonly string[] {
  if (names.every((name) => /^(\.?[a-z\d_-]+(\.[a-z\d_-]+)*|\[[\da-f:.]+\])$/i.test(name))) {
    return names;
  }
  throw bad(
    "trustedHosts",
    "a list with something else in it",
    "a list of host names and of suffixes that begin with a dot, without scheme, port and path",
  );
}

function text(name: string, value: string | undefined, fallback: string | undefined): string {
  const found = value ?? fallback;
  if (found === undefined) throw bad(name, "missing", "a string");
  if (typeof found !== "string") throw bad(name, `of type ${typeof found}`, "a string");
  return found;
}

function texts(name: string, value: readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.some((entry) => typeof entry !== "string")) {
    throw bad(name, "something else", "a list of strings");
  }
  return Object.freeze([...value]);
}

function whole(
  name: string,
  value: number | undefined,
  fallback: number,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number {
  const found = value ?? fallback;
  if (!Number.isSafeInteger(found) || found < least || found > most) {
    const limit = most < Number.MAX_SAFE_INTEGER ? ` and at most ${most}` : "";
    // What an environment variable holds is text.
    const is = typeof found === "number" ? String(found) : `of type ${typeof found}`;
    throw bad(name, is, `a whole number, at least ${least}${limit}`);
  }
  return found;
}

/** Milliseconds, as many as a timer can count. */
function time(name: string, value: number | undefined, fallback: number, least: number): number {
  return whole(name, value, fallback, least, LONGEST_TIMER_MS);
}

function oneOf<T extends string>(
  name: string,
  value: T | undefined,
  choices: readonly [T, ...T[]],
): T {
  const found = value ?? choices[0];
  if (!choices.includes(found)) {
    throw bad(name, "something else", choices.map((choice) => JSON.stringify(choice)).join(" or "));
  }
  return found;
}

// deno-lint-ignore ban-types
function callable<T extends Function>(name: string, value: T | undefined, fallback: T): T {
  const found = value ?? fallback;
  if (typeof found !== "function") throw bad(name, `of type ${typeof found}`, "a function");
  return found;
}

/** An object that has methods. */
function having<T extends object>(
  name: string,
  value: T | undefined,
  methods: readonly (keyof T & string)[],
): T | undefined {
  if (value === undefined) return undefined;
  const missing = methods.find((method) => typeof value?.[method] !== "function");
  if (missing === undefined) return value;
  throw bad(name, `without a method "${missing}"`, `an object with ${methods.join(", ")}`);
}

function bad(name: string, is: string, wanted: string): KustoOptionsError {
  return new KustoOptionsError(
    `Cannot use the option "${name}": it is ${is}, it must be ${wanted}`,
  );
}
