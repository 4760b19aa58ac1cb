/**
 * How many requests may be under way at once, by the cores that the cluster has.
 *
 * Sources: ingest-data-streaming, query-limits, request-rate-limit-policy (Kusto documentation).
 *
 * @module
 */
import { type RequestKind, throttled } from "./trouble.ts";

/** Requests under way for each core; kinds that are absent have no limit. */
const perCore: Readonly<Partial<Record<RequestKind, number>>> = { query: 10, ingest: 6 };

/** Counts the requests under way. */
export class Concurrency {
  readonly #underWay = new Map<RequestKind, number>();

  /**
   * Notes that a request begins.
   *
   * @returns A function to call when it is over.
   * @throws ServiceError 429 where it is one too many.
   */
  begin(kind: RequestKind, cores: number | undefined): () => void {
    const capacity = (perCore[kind] ?? Infinity) * (cores ?? Infinity);
    const before = this.#underWay.get(kind) ?? 0;
    if (before >= capacity) throw throttled(kind, capacity);
    this.#underWay.set(kind, before + 1);
    let isUnderWay = true;
    return () => {
      if (isUnderWay) this.#underWay.set(kind, this.#underWay.get(kind)! - 1);
      isUnderWay = false;
    };
  }
}
