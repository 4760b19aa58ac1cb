/**
 * Writes `src/provision_text.ts`: the text of `provision.kql` for runtimes that import no text.
 *
 * @module
 */

/** The module that holds a script's text. */
export function provisionModule(script: string): string {
  const lines = script.split("\n").map((line) => `  ${JSON.stringify(line)},`).join("\n");
  return `/**
 * The text of \`provision.kql\`; \`deno task generate\` writes this file.
 *
 * @module
 */

// deno-fmt-ignore-file
/** The commands that create the tables, the mappings, the view and the policies. */
export const provisionScript: string = [
${lines}
].join("\\n");
`;
}

if (import.meta.main) {
  const script = await Deno.readTextFile(new URL("../provision.kql", import.meta.url));
  const target = new URL("../src/provision_text.ts", import.meta.url);
  await Deno.writeTextFile(target, provisionModule(script));
}
