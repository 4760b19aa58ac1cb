/**
 * Tables of pages, to be compared with what they are about.
 *
 * @module
 */

/** The rows of the table that follows a heading. */
export function tableAfter(page: string, heading: string): string[][] {
  const lines = page.slice(page.indexOf(`## ${heading}`)).split("\n");
  const start = lines.findIndex((line) => line.startsWith("|"));
  const end = lines.findIndex((line, at) => at > start && !line.startsWith("|"));
  return lines.slice(start + 2, end).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim())
  );
}
