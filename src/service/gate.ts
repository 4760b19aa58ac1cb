/**
 * The gate that all requests of a saver pass: a few at a time, and one by one while the cluster is
 * in trouble.
 *
 * One request that backs off is polite; hundreds that back off each on its own are a storm. So:
 *
 * - At most 32 requests are under way; the others wait for their turn, first come, first served, but
 *   those that append rows before all others: they are few, and many callers wait for each.
 * - After five failures in a row, or when the cluster asks to be left alone (429, `Retry-After`), the
 *   gate shuts. All wait for a pause, then one request goes as a probe. While probes fail the
 *   pauses double, from one second up to ten (`retryBackoffMs` is the first); chance shortens each by up to
 *   half.
 * - A probe that is answered opens the gate for two requests, and each answer from then on for one
 *   more, so that a cluster that comes back is not run over ("slow start",
 *   https://www.rfc-editor.org/rfc/rfc5681#section-3.1).
 *
 * However many calls there are, a cluster that is down sees at most 36 requests before the gate
 * shuts (32 under way and one more for each of four failures), then 14 probes in the first minute and
 * 12 in each that follows.
 *
 * A wait at the gate keeps the process alive: some call waits for it.
 *
 * @module
 */
import { pauseMs } from "./backoff.ts";
import type { Settings } from "../config.ts";
import { LONGEST_TIMER_MS } from "../sleep.ts";

/** The most requests under way; those that were sent before the gate shut do not count. */
const WIDEST = 32;
/** Fewer failures without an answer between them may be bad luck. */
const FAILURES_IN_A_ROW = 5;
/** One senseless header must not shut the gate for years. */
const LONGEST_ASKED_MS = 60_000;

/** What a request that was let through says of the cluster. */
export interface Verdict {
  /** Whether it failed for a reason that may pass. */
  readonly failed: boolean;
  /** How long the cluster asked to be left alone, in milliseconds; 0 where it did not say how long. */
  readonly leaveAloneMs?: number | undefined;
}

/** How long a request may wait for its turn. */
export interface Patience {
  /** Milliseconds since 1970. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether its turn comes before those of all that are not urgent. */
  readonly isUrgent?: boolean;
}

/** The settings that concern the gate. */
export type GateSettings = Pick<Settings, "now" | "random" | "retryBackoffMs" | "sleep">;

/** One request at the gate. */
interface Waiting {
  readonly deadline: number;
  /** Ends the wait with the turn, or without one when it would come too late. */
  readonly end: (turn: number | undefined) => void;
  readonly fail: (reason: unknown) => void;
}

/** Lets requests through; one for each client, since all of them concern one cluster. */
export class Gate {
  readonly #settings: GateSettings;
  readonly #urgent = new Set<Waiting>();
  readonly #others = new Set<Waiting>();
  #width = WIDEST;
  #underWay = 0;
  #failures = 0;
  /** Pauses since the last answer; 0 while the gate is open. */
  #pauses = 0;
  #pausedUntil = -Infinity;
  /** How often the gate has shut; a turn is the count of its time. */
  #shuts = 0;
  /** What calls {@link #admit} next, if nothing happens before. */
  #alarm: { readonly at: number; readonly stop: () => void } | undefined;

  constructor(settings: GateSettings) {
    this.#settings = settings;
  }

  /** Whether the cluster is in trouble, as far as is known. */
  get isShut(): boolean {
    return this.#pauses > 0;
  }

  /**
   * Makes a request when its turn has come.
   *
   * @param request Makes it.
   * @param judge What its result says of the cluster; a rejection says nothing.
   * @returns The result; `undefined` as soon as it is known that the turn would come after the deadline.
   * @throws What the request throws, or the signal's reason.
   */
  async pass<T>(
    patience: Patience,
    request: () => Promise<T>,
    judge: (result: T) => Verdict,
  ): Promise<T | undefined> {
    const turn = await this.#turn(patience);
    if (turn === undefined) return undefined;
    let verdict: Verdict | undefined;
    try {
      const result = await request();
      verdict = judge(result);
      return result;
    } finally {
      this.#leave(turn, verdict);
    }
  }

  #turn({ deadline, signal, isUrgent }: Patience): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const queue = isUrgent ? this.#urgent : this.#others;
      const leaveQueue = () => {
        queue.delete(waiting);
        signal?.removeEventListener("abort", giveUp);
      };
      const giveUp = () => {
        waiting.fail(signal?.reason);
        this.#admit();
      };
      const waiting: Waiting = {
        deadline,
        end: (turn) => {
          leaveQueue();
          resolve(turn);
        },
        fail: (reason) => {
          leaveQueue();
          reject(reason);
        },
      };
      if (signal?.aborted) return reject(signal.reason);
      signal?.addEventListener("abort", giveUp, { once: true });
      queue.add(waiting);
      this.#admit();
    });
  }

  #leave(turn: number, verdict: Verdict | undefined): void {
    // What was sent before the gate shut says nothing of the time since.
    if (turn !== this.#shuts) return;
    this.#underWay--;
    if (verdict && !verdict.failed) {
      this.#failures = 0;
      this.#pauses = 0;
      this.#width = Math.min(this.#width + 1, WIDEST);
    } else {
      if (verdict) this.#failures++;
      const asked = verdict?.leaveAloneMs;
      if (this.isShut || asked !== undefined || this.#failures >= FAILURES_IN_A_ROW) {
        this.#shut(asked ?? 0);
      }
    }
    this.#admit();
  }

  #shut(leaveAloneMs: number): void {
    const { now, random, retryBackoffMs } = this.#settings;
    this.#shuts++;
    this.#underWay = 0;
    this.#width = 1;
    this.#failures = 0;
    const pause = pauseMs(++this.#pauses, { baseMs: retryBackoffMs, random });
    this.#pausedUntil = now() + Math.max(pause, Math.min(leaveAloneMs, LONGEST_ASKED_MS));
  }

  /** Gives turns to those who can have one, and sends away who would wait in vain. */
  #admit(): void {
    const now = this.#settings.now();
    const isPaused = now < this.#pausedUntil;
    const earliest = isPaused ? this.#pausedUntil : now;
    let firstDeadline = Infinity;
    for (const queue of [this.#urgent, this.#others]) {
      for (const waiting of queue) {
        if (waiting.deadline <= earliest) {
          waiting.end(undefined);
        } else if (!isPaused && this.#underWay < this.#width) {
          this.#underWay++;
          waiting.end(this.#shuts);
        } else {
          firstDeadline = Math.min(firstDeadline, waiting.deadline);
        }
      }
    }
    const isWaitedFor = this.#urgent.size + this.#others.size > 0;
    const at = isPaused ? this.#pausedUntil : firstDeadline;
    if (isWaitedFor && this.#alarm?.at === at) return;
    this.#alarm?.stop();
    this.#alarm = undefined;
    if (!isWaitedFor) return;
    this.#alarm = { at, stop: isPaused ? this.#pause(at - now) : this.#timer(at - now) };
  }

  /** Goes on after the pause; gives what ends the wait early. */
  #pause(ms: number): () => void {
    const controller = new AbortController();
    const { signal } = controller;
    this.#settings.sleep(ms, { signal }).then(() => {
      if (signal.aborted) return;
      // The wait is what counts: clocks are set back, and a timer may be a little early.
      this.#pausedUntil = -Infinity;
      this.#alarm = undefined;
      this.#admit();
    }, (reason) => {
      if (signal.aborted) return;
      this.#alarm = undefined;
      for (const waiting of [...this.#urgent, ...this.#others]) waiting.fail(reason);
    });
    return () => controller.abort();
  }

  /** Looks after those whose time is over; gives what ends the timer. */
  #timer(ms: number): () => void {
    const timer = setTimeout(() => {
      this.#alarm = undefined;
      this.#admit();
    }, Math.min(ms, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  }
}
