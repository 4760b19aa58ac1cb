/**
 * Words as the search and the local model see them: lower case, split where names are split, without
 * the commonest ones and without endings.
 *
 * @module
 */

const COMMON = new Set(
  ("a about above after again all also am an and any are as at be because been before being below " +
    "between both but by can could did do does doing down during each else ever every few for from " +
    "further had has have having he her here hers him his how i if in into is it its itself just let " +
    "like made make may me might more most much must my near need no nor not now of off on once one " +
    "only or other our out over own per please same she should show so some such tell than that the " +
    "their them then there these they this those through to too under until up upon us use used " +
    "uses using very via was we were what when where whether which while who whom whose why will " +
    "with within without would yes you your happen happens happened work works work's get gets got " +
    "give gives go goes thing things way ways explain describe find look")
    .split(" "),
);

/**
 * The words of a text in their order, ready to be compared.
 *
 * `KustoSaver.putWrites` gives the names whole and in parts (`kustosaver`, `kusto`, `saver`, …), so
 * that a question in prose finds the code.
 */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const [name] of text.matchAll(/[\p{L}\p{N}]+(?:'\p{L}+)?/gu)) {
    const parts = name.match(/\p{Lu}+(?!\p{Ll})|\p{Lu}?[\p{Ll}']+|\p{N}+|\p{L}+/gu) ?? [name];
    if (parts.length > 1) add(words, name);
    for (const part of parts) add(words, part);
  }
  return words;
}

/** The different words of a text, in the order of their first use. */
export function termsOf(text: string): string[] {
  return [...new Set(wordsOf(text))];
}

function add(words: string[], name: string): void {
  const lower = name.toLowerCase();
  if (lower.length < 2 || COMMON.has(lower)) return;
  words.push(stem(lower));
}

/** Takes off the endings that keep "stored", "stores" and "storing" from meeting "store". */
function stem(word: string): string {
  const shorter = stemOnce(word);
  // A stem is its own stem, or what is stemmed twice would not be found.
  return shorter === word ? word : stem(shorter);
}

function stemOnce(word: string): string {
  if (word.length < 4 || !/^[a-z']+$/.test(word)) return word;
  let rest = word.replace(/'s?$/, "");
  if (rest.endsWith("ies") && rest.length > 4) rest = rest.slice(0, -3) + "y";
  else if (/(?:ss|sh|ch|x|z)es$/.test(rest)) rest = rest.slice(0, -2);
  else if (rest.endsWith("s") && !/(?:ss|us|is)$/.test(rest)) rest = rest.slice(0, -1);
  for (const ending of ["ation", "ing", "ion", "ed", "ly"]) {
    if (rest.endsWith(ending) && rest.length - ending.length >= 4) {
      rest = rest.slice(0, -ending.length);
      break;
    }
  }
  return rest.length > 3 && rest.endsWith("e") ? rest.slice(0, -1) : rest;
}

/** The text cut at a word so that it has at most `length` characters. */
export function clip(text: string, length: number): string {
  const flat = text.replace(/\s+/g, " ").trim();
  if (flat.length <= length) return flat;
  const cut = flat.slice(0, length - 1);
  const space = cut.lastIndexOf(" ");
  return (space > length / 2 ? cut.slice(0, space) : cut) + "…";
}

/** "1 file", "2 files". */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;
}
