/**
 * What one query may cost, so that every query ends.
 *
 * @module
 */
import { exhausted } from "../exhausted.ts";
import { isArray, isBag } from "../values/dynamic.ts";
import type { Value } from "../values/values.ts";

/** Some hundred megabytes of rows, texts and arrays, or a few seconds of work. */
const mostUnits = 4_000_000;

/** Units between two looks at the clock. */
const betweenLooks = 4_096;

/** Texts and arrays below this size cost nothing of their own. */
const smallSize = 4_096;

/** Counts what a query reads and makes: a row is a unit for every eight columns begun. */
export class Budget {
  readonly #checkTime: () => void;
  #left = mostUnits;
  #nextLook = mostUnits - betweenLooks;
  /** How much arrays and bags hold in all, what they share counted each time. */
  readonly #weights = new WeakMap<object, number>();

  /** Makes a full budget; `checkTime` throws when the query's time is over. */
  constructor(checkTime: () => void) {
    this.#checkTime = checkTime;
  }

  /**
   * Takes units away.
   *
   * @throws ServiceError when none are left, or the query's time is over.
   */
  spend(units: number): void {
    this.#left -= units;
    if (this.#left >= this.#nextLook) return;
    if (this.#left < 0) {
      throw exhausted("The query reads or makes more than the embedded Kusto holds for one query");
    }
    this.#nextLook = this.#left - betweenLooks;
    this.#checkTime();
  }

  /**
   * Looks at the clock, where what comes next cannot be counted beforehand.
   *
   * @throws ServiceError when the query's time is over.
   */
  look(): void {
    this.#checkTime();
  }

  /** Takes away what rows of some columns cost. */
  spendRows(count: number, columns: number): void {
    this.spend(count * ((columns + 7) >> 3 || 1));
  }

  /** Takes away what a value costs that a function reads or makes. */
  spendValue(value: Value): void {
    if (typeof value === "string") {
      if (value.length > smallSize) this.spend(value.length >> 6);
    } else if (isArray(value) || isBag(value)) {
      const weight = this.#weigh(value);
      if (weight > smallSize) this.spend(weight);
    }
  }

  #weigh(value: Exclude<Value, null | boolean | number | bigint | string>): number {
    const known = this.#weights.get(value);
    if (known !== undefined) return known;
    let weight = 1;
    for (const part of Object.values(value)) {
      weight += typeof part === "object" && part !== null ? this.#weights.get(part) ?? 1 : 1;
    }
    this.#weights.set(value, weight);
    return weight;
  }
}
