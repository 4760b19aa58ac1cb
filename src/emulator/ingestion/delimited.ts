/**
 * Records of delimited text: CSV and its sisters.
 *
 * Source: ingestion-supported-formats (Kusto documentation); quoting as in RFC 4180.
 *
 * @module
 */

/** The delimiter of each delimited format, by its name in lower case. */
export const delimiters: ReadonlyMap<string, string> = new Map([
  ["csv", ","],
  ["tsv", "\t"],
  ["scsv", ";"],
  ["sohsv", "\x01"],
  ["psv", "|"],
]);

/** Reads records of fields; empty lines are passed over. */
export function readDelimited(text: string, delimiter: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const end = (): void => {
    if (record.length > 1 || record[0] !== "") records.push(record);
    record = [];
  };
  if (at >= text.length) return records;
  for (;;) {
    let value = "";
    if (text[at] === '"') {
      at++;
      for (;;) {
        const quote = text.indexOf('"', at);
        if (quote < 0) {
          value += text.slice(at);
          at = text.length;
          break;
        }
        value += text.slice(at, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        value += '"';
        at++;
      }
    }
    const start = at;
    while (at < text.length && text[at] !== delimiter && text[at] !== "\n") at++;
    const plain = text.slice(start, at);
    record.push(
      value + (text[at] === "\n" || at >= text.length ? plain.replace(/\r$/, "") : plain),
    );
    if (at >= text.length) break;
    if (text[at] === "\n") {
      end();
      at++;
      if (at >= text.length) return records;
    } else {
      at++;
      if (at >= text.length) {
        record.push("");
        break;
      }
    }
  }
  end();
  return records;
}
