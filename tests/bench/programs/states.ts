/**
 * Values of a chosen size.
 *
 * @module
 */

/** Text of so many characters that compresses as prose does, the same for the same seed. */
export function proseOf(seed: number, length: number): string {
  const words: string[] = [];
  for (let state = seed + 1, size = 0; size < length; size += words.at(-1)!.length + 1) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x297a2d39 | 0;
    words.push(WORDS[(state >>> 8) % WORDS.length]!);
  }
  return words.join(" ").slice(0, length);
}

/** As many words as a person uses, spelled of syllables. */
const WORDS = Array.from({ length: 3_000 }, (_, n) => {
  const syllables = [
    "ka",
    "lo",
    "mi",
    "ter",
    "san",
    "ve",
    "ring",
    "du",
    "ost",
    "e",
    "pra",
    "ny",
    "chi",
  ];
  let [word, rest] = ["", n];
  do {
    word += syllables[rest % syllables.length];
    rest = Math.floor(rest / syllables.length);
  } while (rest > 0);
  return word;
});
