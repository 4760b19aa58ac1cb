/**
 * Trouble on demand: what a network and a busy service do to requests, at will and reproducibly.
 *
 * @module
 */
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

/** The trouble that an emulator makes, settable at any time. */
export class TroubleMaker {
  /** Milliseconds before streamed rows are seen by queries. */
  visibilityDelayMs: number;
  readonly #random: () => number;
  #active: Active[] = [];

  /** Makes the trouble given to begin with; draws are made with `random`. */
  constructor(random: () => number, visibilityDelayMs: number, troubles: readonly Trouble[]) {
    this.#random = random;
    this.visibilityDelayMs = visibilityDelayMs;
    for (const trouble of troubles) this.add(trouble);
  }

  /** Adds trouble to what there is. */
  add(trouble: Trouble): void {
    this.#active.push({ trouble, left: trouble.times ?? Infinity });
  }

  /** Ends all trouble, the visibility delay included. */
  clear(): void {
    this.#active = [];
    this.visibilityDelayMs = 0;
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

/** The error of a throttled request. */
export function throttled(on: RequestKind): ServiceError {
  const type = on === "command" ? "ControlCommandThrottledException" : "QueryThrottledException";
  return new ServiceError({
    status: 429,
    code: "TooManyRequests",
    type: `Kusto.DataNode.Exceptions.${type}`,
    message:
      "The request was aborted due to throttling. Retrying after some backoff might succeed. Capacity: 1, Origin: 'RequestRateLimitPolicy/WorkloadGroup/default'",
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
