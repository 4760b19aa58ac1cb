/**
 * What is made when it is first needed.
 *
 * @module
 */

/** Something that is made once, when it is first asked for. */
export class Lazy<T> {
  readonly #make: () => Promise<T>;
  #made: Promise<T> | undefined;

  constructor(make: () => Promise<T>) {
    this.#make = make;
  }

  /** What was made, or is being made; `undefined` before anybody has asked for it. */
  get current(): Promise<T> | undefined {
    return this.#made;
  }

  /** Makes it, or gives what was made; what failed is tried anew for whoever asks next. */
  get(): Promise<T> {
    return this.#made ??= this.#make().catch((error) => {
      this.#made = undefined;
      throw error;
    });
  }
}
