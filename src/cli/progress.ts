/**
 * How far long work is, on standard error.
 *
 * @module
 */
import type { Call } from "./command.ts";

const EVERY_MS = 1_000;

/** Tells how far work is, at most once in a second: quick work tells nothing. */
export class Progress {
  readonly #call: Call;
  #toldAt: number;

  constructor(call: Call) {
    this.#call = call;
    this.#toldAt = call.now();
  }

  /** Tells what is done by now. */
  tell(text: string): void {
    const now = this.#call.now();
    if (now - this.#toldAt < EVERY_MS) return;
    this.#toldAt = now;
    this.#call.terminal.complain(`so far: ${text}\n`);
  }
}
