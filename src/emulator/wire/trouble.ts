/**
 * Trouble on demand: what a network and a busy service do to requests, at will and reproducibly.
 *
 * @module
 */
import { amount, checkFields, count, oneOf, type Rule } from "../checks.ts";
import { ServiceError } from "../errors.ts";

/** The kinds of request that can be told apart. */
export type RequestKind = "query" | "command" | "ingest" | "metadata";

/** One kind of trouble. */
export type TroubleKind =
  /** 429 before anything is done. */
  | "throttle"
  /** A 5xx before anything is done. */
  | "serviceError"
  /** The connection breaks before anything is done. */
  | "reset"
  /** The cluster is stopped: its name is not found, or a connection to where it listened breaks. */
  | "stopped"
  /** The request is carried out, and the connection breaks before the answer. */
  | "lostReply"
  /** Rows are ingested twice. */
  | "duplicate"
  /** The body comes late. */
  | "slowBody"
  /** The body breaks off half-way. */
  | "cutBody"
  /** 401, as for a token that has expired. */
  | "expiredToken";

/** Trouble to come. */
export interface Trouble {
  /** What happens. */
  readonly kind: TroubleKind;
  /** Which requests it befalls; all of them when absent. */
  readonly on?: RequestKind;
  /** How many requests it befalls before it is over; without end when absent. */
  readonly times?: number;
  /** With which probability it befalls a request. @default 1 */
  readonly rate?: number;
  /** The status of a `serviceError`. @default 503 */
  readonly status?: number;
  /** The `Retry-After` header of a `throttle` or `serviceError`, in seconds; none when absent. */
  readonly retryAfter?: number;
  /** How late a `slowBody` comes, in milliseconds. @default 1000 */
  readonly delayMs?: number;
}

interface Active {
  readonly trouble: Trouble;
  left: number;
}

const kinds: Readonly<Record<TroubleKind, true>> = {
  throttle: true,
  serviceError: true,
  reset: true,
  stopped: true,
  lostReply: true,
  duplicate: true,
  slowBody: true,
  cutBody: true,
  expiredToken: true,
};

const fields: Readonly<Record<keyof Trouble, Rule>> = {
  kind: oneOf(Object.keys(kinds)),
  on: oneOf(["query", "command", "ingest", "metadata"]),
  times: count,
  rate: {
    wanted: "a number from 0 to 1",
    holds: (value) => amount.holds(value) && value as number <= 1,
  },
  status: {
    wanted: "a status from 500 to 599",
    holds: (value) => count.holds(value) && value as number >= 500 && value as number < 600,
  },
  retryAfter: amount,
  delayMs: amount,
};

/**
 * Checks the fields of a trouble.
 *
 * @throws EmulatorError `WRONG_OPTION` for a field that is unknown or out of range, and without a kind.
 */
export function checkTrouble(trouble: Partial<Trouble>): asserts trouble is Trouble {
  checkFields("field of a trouble", { ...trouble, kind: trouble.kind ?? null }, fields);
}

/** Trouble that lasts: how far behind and how small the service is. */
export interface Conditions {
  /** Milliseconds before streamed rows, though acknowledged, are seen by queries and views. @default 0 */
  readonly visibilityDelayMs?: number | undefined;
  /**
   * Milliseconds by which `materialized_view('V')` is behind the rows of its source, up to 60 000 on the service. `V`
   * itself is never behind; but rows that are deleted before they are materialized never come into the view. @default 0
   */
  readonly viewLagMs?: number | undefined;
  /**
   * Cores of the cluster: above 10 queries or 6 streaming requests for each that are under way at once, the next is
   * answered with 429. Without it there is no limit.
   */
  readonly cores?: number | undefined;
}

/** What the fields of {@linkcode Conditions} may be. */
export const conditionRules: Readonly<Record<keyof Conditions, Rule>> = {
  visibilityDelayMs: amount,
  viewLagMs: amount,
  cores: count,
};

/** The trouble that an emulator makes, settable at any time. */
export class TroubleMaker {
  readonly #random: () => number;
  #active: Active[] = [];
  #conditions: Conditions = {};

  /** Makes no trouble yet; draws are made with `random`. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** See {@linkcode Conditions}; as with the others, setting it throws an `EmulatorError` for what it cannot be. */
  get visibilityDelayMs(): number {
    return this.#conditions.visibilityDelayMs ?? 0;
  }

  set visibilityDelayMs(value: number) {
    this.set({ visibilityDelayMs: value });
  }

  /** See {@linkcode Conditions}. */
  get viewLagMs(): number {
    return this.#conditions.viewLagMs ?? 0;
  }

  set viewLagMs(value: number) {
    this.set({ viewLagMs: value });
  }

  /** See {@linkcode Conditions}; undefined for no limit. */
  get cores(): number | undefined {
    return this.#conditions.cores;
  }

  set cores(value: number | undefined) {
    this.set({ cores: value });
  }

  /**
   * Sets conditions that last; those that are not given stay, those given as undefined are lifted.
   *
   * @throws {EmulatorError} `WRONG_OPTION` for a condition that is unknown or out of range.
   */
  set(conditions: Conditions): void {
    checkFields("condition", conditions, conditionRules);
    this.#conditions = { ...this.#conditions, ...conditions };
  }

  /**
   * Adds trouble to what there is.
   *
   * @throws {EmulatorError} `WRONG_OPTION` for a field that is unknown or out of range.
   */
  add(trouble: Trouble): void {
    checkTrouble(trouble);
    this.#active.push({ trouble, left: trouble.times ?? Infinity });
  }

  /** Ends all trouble, conditions included. */
  clear(): void {
    this.#active = [];
    this.#conditions = {};
  }

  /** Draws the trouble of one kind that befalls a request of the kind given, if any. */
  draw(kind: TroubleKind, on: RequestKind): Trouble | undefined {
    for (const active of this.#active) {
      const { trouble } = active;
      if (trouble.kind !== kind || (trouble.on !== undefined && trouble.on !== on)) continue;
      if (active.left < 1) continue;
      if ((trouble.rate ?? 1) < 1 && this.#random() >= trouble.rate!) continue;
      active.left--;
      return trouble;
    }
    return undefined;
  }
}

/** What throttled requests are called in their error. */
const requestNames: Readonly<Record<RequestKind, string>> = {
  query: "query",
  command: "management command",
  ingest: "streaming ingestion",
  metadata: "request",
};

/** The error of a request above the capacity given. */
export function throttled(on: RequestKind, capacity: number): ServiceError {
  const type = on === "command" ? "ControlCommandThrottledException" : "QueryThrottledException";
  return new ServiceError({
    status: 429,
    code: "TooManyRequests",
    type: `Kusto.DataNode.Exceptions.${type}`,
    message: `The ${
      requestNames[on]
    } was aborted due to throttling. Retrying after some backoff might succeed. Capacity: ${capacity}, Origin: 'RequestRateLimitPolicy/WorkloadGroup/default'`,
    permanent: false,
  });
}

/** The error of a service that is down for a moment. */
export function unavailable(status: number): ServiceError {
  return new ServiceError({
    status,
    code: status === 504 ? "Timeout" : status === 503 ? "ServiceUnavailable" : "ServiceError",
    type: "Kusto.Data.Exceptions.KustoServiceException",
    message: "The service could not handle the request at this time.",
    permanent: false,
  });
}
