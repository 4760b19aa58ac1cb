/**
 * Faults in what the embedded Kusto keeps of the texts that it has analysed.
 *
 * @module
 */
import type { Mutation } from "./mutation.ts";

const guards = "Analysed texts are shared by databases that look the same, their rows are not";

/** The faults. */
export const analyses: readonly Mutation[] = [
  {
    guards,
    fault: "runs a text on the rows of the database that it was first compiled for",
    file: "src/emulator/language/evaluate.ts",
    find: "const trees = compiledFor(catalog);",
    replace: "const trees = (globalThis as any).trees ??= compiledFor(catalog);",
    test: "tests/emulator/analyses_test.ts",
    title: "Databases that look the same do not see each other's rows",
  },
  {
    guards,
    fault: "goes on with what was compiled before a change of the schema",
    file: "src/emulator/language/evaluate.ts",
    find: "if (known?.version !== catalog.schemaVersion) {",
    replace: "if (known === undefined) {",
    test: "tests/emulator/analyses_test.ts",
    title: "A table that was dropped and made anew is another one for a text that is known already",
  },
  {
    guards,
    fault: "takes databases for the same whose functions differ",
    file: "src/emulator/parser/parser.ts",
    find: "name, parameters, body]),",
    replace: "name]),",
    test: "tests/emulator/analyses_test.ts",
    title: "Databases that differ in a ",
  },
  {
    guards,
    fault: "takes databases for the same whose columns differ in type",
    file: "src/emulator/parser/parser.ts",
    find: "...columns.flatMap(({ name, type }) => [name, type]),",
    replace: "...columns.map(({ name }) => name),",
    test: "tests/emulator/analyses_test.ts",
    title: "Databases that differ in a ",
  },
];
