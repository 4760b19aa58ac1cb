/**
 * Versions of channels.
 *
 * @module
 */

const COUNTER_DIGITS = 32;
const RANDOM_DIGITS = 16;

/**
 * The version after `current`.
 *
 * A number is counted on, so that a thread that began with another saver goes on as it began; all
 * others are text, `counter.random`: two branches of a fork never mint the same version, and fixed
 * widths make text order and number order one.
 *
 * @param random Gives numbers from 0 up to 1.
 */
export function nextChannelVersion(
  current: number | string | undefined,
  random: () => number,
): number | string {
  if (typeof current === "number") return current + 1;
  const counter = current === undefined ? 0 : Number.parseInt(current.split(".")[0]!, 10) || 0;
  const fraction = Math.floor(random() * 10 ** RANDOM_DIGITS);
  return `${String(counter + 1).padStart(COUNTER_DIGITS, "0")}.${
    String(fraction).padStart(RANDOM_DIGITS, "0")
  }`;
}
