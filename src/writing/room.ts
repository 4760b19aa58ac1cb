/**
 * Back-pressure: writers wait while the rows that are kept in memory leave no room for theirs.
 *
 * @module
 */
import { longerWait } from "../waits.ts";

const FIRST_WAIT_MS = 100;

/** How a {@link Room} works. */
export interface RoomOptions {
  /** The most bytes to keep. */
  readonly limit: number;
  /** The bytes that are kept now. */
  readonly kept: () => number;
  /** Tries to make room; there may be none afterwards. Never rejects. */
  readonly makeRoom: () => Promise<void>;
  readonly sleep: (ms: number) => Promise<void>;
}

interface Waiting {
  readonly bytes: number;
  readonly admit: () => void;
}

/** Lets writers in, in the order of their calls, while there is room. */
export class Room {
  readonly #options: RoomOptions;
  readonly #waiting: Waiting[] = [];
  #isMakingRoom = false;

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  /**
   * Calls `take`, which keeps so many bytes from then on, once there is room for them: at once if
   * there is. What is larger than all the room is let in when nothing else is kept.
   */
  enter<T>(bytes: number, take: () => T): Promise<T> {
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, admit: () => resolve(take()) });
      this.#admit();
      if (this.#waiting.length > 0 && !this.#isMakingRoom) this.#makeRoom();
    });
  }

  /** Lets those in whose bytes fit; tells whether there were any. */
  #admit(): boolean {
    const before = this.#waiting.length;
    while (this.#waiting.length > 0 && this.#fits(this.#waiting[0]!.bytes)) {
      this.#waiting.shift()!.admit();
    }
    return this.#waiting.length < before;
  }

  #fits(bytes: number): boolean {
    const kept = this.#options.kept();
    return kept === 0 || kept + bytes <= this.#options.limit;
  }

  async #makeRoom(): Promise<void> {
    const { makeRoom, sleep } = this.#options;
    this.#isMakingRoom = true;
    let wait = FIRST_WAIT_MS;
    while (this.#waiting.length > 0) {
      await makeRoom();
      if (this.#admit()) {
        wait = FIRST_WAIT_MS;
      } else {
        await sleep(wait);
        wait = longerWait(wait);
      }
    }
    this.#isMakingRoom = false;
  }
}
