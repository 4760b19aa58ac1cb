/**
 * Order without a server: stamps that are unique, grow with time and never run behind what was read.
 *
 * Kusto has no sequence numbers and its ingestion time orders nothing, so each writer stamps its
 * rows itself with a hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014): the
 * time part is the wall clock, but always greater than every stamp this writer made or read. What a
 * person answers after reading a state is thus newer than that state, however wrong a clock is.
 *
 * @module
 */

/** `<16 digits of microseconds>-<writer>`; greater text is later. The empty stamp is before all. */
export type Stamp = string;

/** `<checkpoint id>U+0001<stamp>`: sorts by checkpoint id first, then by stamp. */
export type Revision = string;

const DIGITS = 16;
const SEPARATOR = "\u0001";

/** Makes the {@link Revision} of a checkpoint's row. */
export function revisionOf(checkpointId: string, stamp: Stamp): Revision {
  return checkpointId + SEPARATOR + stamp;
}

/** A source of stamps for one writer. */
export class StampClock {
  readonly #now: () => number;
  readonly #writer: string;
  #last = 0;

  /**
   * @param now Milliseconds since 1970.
   * @param writer Text that no other writer uses; makes equal times differ.
   */
  constructor(now: () => number, writer: string) {
    this.#now = now;
    this.#writer = writer;
  }

  /** A stamp greater than all that this clock has made or {@link observe}d. */
  next(): Stamp {
    this.#last = Math.max(Math.floor(this.#now() * 1000), this.#last + 1);
    return `${String(this.#last).padStart(DIGITS, "0")}-${this.#writer}`;
  }

  /** Takes note of a stamp that was read, so that later stamps are greater. */
  observe(stamp: Stamp): void {
    const time = stampTime(stamp);
    if (Number.isSafeInteger(time) && time > this.#last) this.#last = time;
  }

  /** Takes note of the stamp within a revision that was read. */
  observeRevision(revision: Revision): void {
    this.observe(stampOf(revision));
  }
}

function stampOf(revision: Revision): Stamp {
  return revision.slice(revision.lastIndexOf(SEPARATOR) + 1);
}

/** In microseconds since 1970. */
function stampTime(stamp: Stamp): number {
  return Number(stamp.slice(0, DIGITS));
}

/** Compares two stamps or revisions as every reader must: by character value. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
