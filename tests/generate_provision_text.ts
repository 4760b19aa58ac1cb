/**
 * `src/setup/provision_text.ts`: the text of `provision.kql` for runtimes that import no text.
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
