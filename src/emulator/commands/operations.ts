/**
 * Operations that were asked for with `async`: here they are done when the command answers.
 *
 * @module
 */

/** One operation as `.show operations` tells of it. */
export interface Operation {
  readonly id: string;
  readonly name: string;
  /** Ticks. */
  readonly startedOn: bigint;
  readonly state: "Completed" | "Failed";
  readonly status: string;
}

const longestList = 1_000;

/** The operations of this process, oldest first. */
export class Operations {
  readonly #all: Operation[] = [];

  /** Notes an operation; the oldest is forgotten when there are very many. */
  add(operation: Operation): void {
    this.#all.push(operation);
    if (this.#all.length > longestList) this.#all.shift();
  }

  /** All operations, or the one with the id given. */
  list(id?: string): readonly Operation[] {
    return id === undefined ? this.#all : this.#all.filter((operation) => operation.id === id);
  }
}
