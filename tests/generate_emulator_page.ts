/**
 * `docs/emulator.md`: what the embedded Kusto knows, read from the tables that it works by.
 *
 * @module
 */
import { commandSpecs } from "../src/emulator/commands/commands.ts";
import { rowAggregates, valueAggregates } from "../src/emulator/functions/aggregates.ts";
import { functions, special } from "../src/emulator/functions/functions.ts";
import { formats } from "../src/emulator/ingestion/ingest.ts";
import { operators } from "../src/emulator/language/executors.ts";
import { textOperators } from "../src/emulator/language/text_match.ts";
import { options } from "../src/emulator/wire/options.ts";

/** Operators that are written otherwise than the parser calls them. */
const written: Readonly<Record<string, string>> = {
  FilterOperator: "where",
  GetSchemaOperator: "getschema",
  PartitionByOperator: "__partitionby",
  ReduceByOperator: "reduce",
  SortOperator: "sort",
};

/** Kinds of node that are no operator that one can write after a bar. */
const unwritable = new Set([
  "BadQueryOperator",
  "InlineExternalTableExpression",
  "PrintOperator",
  "RangeOperator",
]);

function operatorName(kind: string): string {
  return written[kind] ?? kind.replace(/Operator$/, "")
    .replace(/[A-Z]/g, (letter, at) => `${at === 0 ? "" : "-"}${letter.toLowerCase()}`);
}

function named(names: Iterable<string>): string {
  return [...names].sort().map((name) => `\`${name}\``).join(", ");
}

/** The page. */
export function emulatorPage(): string {
  const kinds = Object.entries(operators).filter(([kind]) => !unwritable.has(kind));
  const known = kinds.filter(([, executor]) => executor !== "refused");
  const refused = kinds.filter(([, executor]) => executor === "refused");
  return [
    "<!-- deno-fmt-ignore-file -->",
    "# What the embedded Kusto knows",
    "All that is not on this page is refused with an error that names it. What is on it can still differ from the " +
    "service: see [the known differences](emulator-differences.md). `deno task generate` writes this page from the code.",
    "## Operators",
    `${
      named(known.map(([kind]) => operatorName(kind)))
    }, and as first of a query \`print\`, \`range\`, \`datatable\`, ` +
    "`union`, `materialize()`, `materialized_view()` and `table()`.",
    `Refused: ${named(refused.map(([kind]) => operatorName(kind)))}.`,
    "## Operators on text",
    `${named(Object.keys(textOperators))}.`,
    "## Scalar functions",
    `${named(Object.keys({ ...functions, ...special }))}.`,
    "## Aggregates",
    `${named(Object.keys({ ...rowAggregates, ...valueAggregates }))}.`,
    "## Commands",
    "`<...>` stands for a name, a text or what is in brackets, `[...]` for what may be left out. The role is the least " +
    "that may run the command where sign-in is asked for.",
    ["| command | role |", "| --- | --- |", ...commandSpecs.map(commandRow)].join("\n"),
    "## Request options",
    "Options that would change an answer in a way that is not known here are refused, not ignored.",
    `${named(Object.keys(options))}.`,
    "## Formats of ingestion",
    `${
      named(formats.keys())
    }, for streaming (plain or packed with gzip) and for \`.ingest inline\`.`,
  ].join("\n\n") + "\n";
}

function commandRow({ pattern, role }: (typeof commandSpecs)[number]): string {
  const text = pattern.replace(/:\w+>/g, ">").replaceAll("|", "\\|");
  return `| \`${text}\` | ${role} |`;
}
