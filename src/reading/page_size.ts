/**
 * How much to ask for at a time, where nobody knows how large the answer will be.
 *
 * The service fails a query whose result passes 64 MiB or 500 000 rows
 * (https://learn.microsoft.com/kusto/concepts/query-limits) instead of giving a part of it.
 *
 * @module
 */
import { KustoLimitError } from "../errors.ts";

/** The size of pages: grows with every answer, shrinks when one is too large. */
export class PageSize {
  #size: number;
  readonly #largest: number;

  /**
   * @param first The size to begin with, at least 1.
   * @param largest The size to stop growing at.
   */
  constructor(first: number, largest: number) {
    this.#size = first;
    this.#largest = largest;
  }

  /**
   * Asks for one page, again for ever smaller ones while the answer is too large.
   *
   * @param ask Asks for a page of at most so many things.
   * @throws {KustoLimitError} If an answer about a single thing is too large.
   */
  async read<T>(ask: (size: number) => Promise<T>): Promise<T> {
    for (let shrunk = false;; shrunk = true) {
      const size = this.#size;
      try {
        const page = await ask(size);
        // What was too large a moment ago most likely still is.
        if (!shrunk) this.#size = Math.min(size * 2, this.#largest);
        return page;
      } catch (error) {
        if (!(error instanceof KustoLimitError) || size === 1) throw error;
        this.#size = Math.ceil(size / 8);
      }
    }
  }
}
