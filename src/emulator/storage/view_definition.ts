/**
 * What a materialized view computes: its source, and how results over new rows join those it already holds.
 *
 * Sources: materialized-view-create, materialized-views-limitations (Kusto documentation).
 *
 * @module
 */
import { findMark, readToken, splitAtCommas } from "../commands/text.ts";
import { ServiceError } from "../errors.ts";

/** An aggregate whose results over two sets of rows can be joined into that over both. */
export type JoinedAggregate = "arg_max" | "arg_min" | "take_any" | "min" | "max" | "sum";

/** An aggregate of the view, with the result columns that it fills. */
export interface ViewPart {
  readonly aggregate: JoinedAggregate;
  readonly first: number;
  readonly count: number;
}

/** A view's query, taken apart as far as keeping it up to date needs. */
export interface ViewDefinition {
  readonly source: string;
  readonly query: string;
  /** The group-by keys as written. */
  readonly keys: readonly string[];
  /** Each aggregate with how many columns it fills; -1 stands for "all that are left", as `*` does. */
  readonly aggregates: readonly {
    readonly aggregate: JoinedAggregate;
    readonly count: number;
  }[];
}

/** The error for a view query that the service or this emulator does not allow. */
export function badView(view: string, message: string): ServiceError {
  return new ServiceError({
    status: 400,
    code: "General_BadRequest",
    type: "Kusto.Data.Exceptions.KustoBadRequestException",
    message:
      `Request is invalid and cannot be executed. Cannot create materialized view '${view}': ${message}`,
    permanent: true,
  });
}

const operatorsBefore = new Set([
  "where",
  "extend",
  "project",
  "project-away",
  "project-keep",
  "project-rename",
  "project-reorder",
  "mv-expand",
  "parse",
]);

const joined: Readonly<Record<string, JoinedAggregate>> = {
  arg_max: "arg_max",
  arg_min: "arg_min",
  take_any: "take_any",
  any: "take_any",
  min: "min",
  max: "max",
  sum: "sum",
  sumif: "sum",
  count: "sum",
  countif: "sum",
};

/** Takes a view's query apart, and refuses what a view may not hold. */
export function readViewQuery(view: string, source: string, query: string): ViewDefinition {
  const stages: string[] = [];
  let start = 0;
  for (;;) {
    const pipe = findMark(query, "|", start);
    stages.push(query.slice(start, pipe < 0 ? query.length : pipe));
    if (pipe < 0) break;
    start = pipe + 1;
  }
  const table = readToken(stages[0]!, 0);
  if (table?.text !== source || readToken(stages[0]!, table.end) !== undefined) {
    throw badView(view, `the query must begin with its source table '${source}'`);
  }
  if (/\b(?:now|ago|ingestion_time|cursor_after|rand)\s*\(/i.test(query)) {
    throw badView(view, "the query depends on the current time or is not deterministic");
  }
  for (const stage of stages.slice(1, -1)) {
    const operator = readToken(stage, 0)?.text.toLowerCase() ?? "";
    if (!operatorsBefore.has(operator)) {
      throw badView(view, `operator '${operator}' is not allowed before summarize`);
    }
  }
  const last = stages.length > 1 ? stages.at(-1)! : "";
  const summarize = readToken(last, 0);
  if (summarize?.text.toLowerCase() !== "summarize") {
    throw badView(view, "the last operator must be summarize");
  }
  const by = findWord(last, "by", summarize.end);
  const aggregates = splitAtCommas(last.slice(summarize.end, by < 0 ? last.length : by))
    .filter((text) => text !== "")
    .map((text) => readAggregate(view, text));
  if (aggregates.length === 0) throw badView(view, "summarize has no aggregate");
  if (aggregates.filter(({ count }) => count < 0).length > 1) {
    throw badView(view, "more than one aggregate over all columns");
  }
  const keys = by < 0 ? [] : splitAtCommas(last.slice(by + 2));
  return { source, query, keys, aggregates };
}

function findWord(text: string, word: string, start: number): number {
  let at = findMark(text, word, start);
  while (at >= 0) {
    const whole = !/[\w-]/.test(text[at - 1] ?? " ") &&
      !/[\w-]/.test(text[at + word.length] ?? " ");
    if (whole) return at;
    at = findMark(text, word, at + word.length);
  }
  return -1;
}

function readAggregate(view: string, text: string): ViewDefinition["aggregates"][number] {
  const call = /^(?:(?:\w+|\([^)]*\))\s*=\s*)?(\w+)\s*\(([\s\S]*)\)$/.exec(text);
  const aggregate = call ? joined[call[1]!.toLowerCase()] : undefined;
  if (call === null || aggregate === undefined) {
    throw badView(view, `aggregate '${text}' is not supported in a view by this emulator`);
  }
  const args = splitAtCommas(call[2]!);
  if (args.includes("*")) return { aggregate, count: -1 };
  const many = aggregate === "arg_max" || aggregate === "arg_min" || aggregate === "take_any";
  return { aggregate, count: many ? args.length : 1 };
}

/** Which result columns each aggregate fills, in a result of `width` columns. */
export function partsOf(definition: ViewDefinition, width: number): readonly ViewPart[] {
  const fixed = definition.aggregates.reduce((sum, { count }) => sum + Math.max(count, 0), 0);
  let first = definition.keys.length;
  return definition.aggregates.map(({ aggregate, count }) => {
    const part = { aggregate, first, count: count < 0 ? width - first - fixed : count };
    first += part.count;
    return part;
  });
}
