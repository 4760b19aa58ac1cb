/**
 * `parse` and `parse-where`: columns taken out of a text by a pattern.
 *
 * Sources: parse-operator.md, parse-where-operator.md (Kusto documentation).
 *
 * @module
 */
import { type Column, columnIndex, type Row } from "./catalog.ts";
import { type Match, patternOf as compiledPattern } from "../functions/pattern.ts";
import { quotePattern } from "../functions/regex.ts";
import { convertTo, inOrderOf, type Relation } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import {
  checkParameters,
  itemsOf,
  nameOf,
  operatorParameter,
  part,
  refuse,
  refusingBadArguments,
  type SyntaxNode,
} from "../parser/syntax.ts";
import {
  emptyCell,
  parseScalar,
  type ScalarType,
  scalarType,
  type Value,
} from "../values/values.ts";

type Mode = "simple" | "relaxed" | "regex";

interface Pattern {
  readonly expression: string;
  readonly columns: readonly Column[];
}

/** Compiles `parse` and `parse-where`. */
export function compileParse(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  checkParameters(node, ["kind", "flags"]);
  const mode = operatorParameter(node, "kind") ?? "simple";
  if (mode !== "simple" && mode !== "relaxed" && mode !== "regex") {
    throw refuse(node, `the parse kind '${mode}'`);
  }
  const given = operatorParameter(node, "flags") ?? "";
  const flags = given.replace("U", "");
  if (/[^ims]/.test(flags)) throw refuse(node, `the parse flags '${flags}'`);
  const text = convertTo(scope.inside(input).scalar(part(node, "Expression")), "string");
  const { expression, columns: parsed } = patternOf(
    itemsOf(node, "Patterns"),
    mode,
    mode === "regex" && given === flags,
  );
  const regex = `${flags ? `(?${flags})` : ""}${expression}`;
  const columns: Column[] = [...input.columns];
  const places = parsed.map((column) => {
    const known = columnIndex(columns, column.name);
    if (known < 0) return columns.push(column) - 1;
    columns[known] = column;
    return known;
  });
  const drops = node.kind === "ParseWhereOperator";
  return {
    columns,
    ...inOrderOf(input),
    rows: (run) => {
      const rows: Row[] = [];
      for (const row of input.rows(run)) {
        const match = refusingBadArguments(
          node,
          () => compiledPattern(regex, run.budget).first(text.get(row, run) as string, run.budget),
        );
        const cells = match ? cellsOf(match, parsed, mode) : undefined;
        if (!cells && drops) continue;
        const made: Value[] = [...row];
        for (const [at, place] of places.entries()) {
          made[place] = cells?.[at] ?? emptyCell(parsed[at]!.type);
        }
        rows.push(made);
      }
      return rows;
    },
  };
}

/** The cells of a match; none where a strict match wants a type that a text has not. */
function cellsOf(
  match: Match,
  columns: readonly Column[],
  mode: Mode,
): Value[] | undefined {
  const cells: Value[] = [];
  for (const [at, { type }] of columns.entries()) {
    const value = parseScalar(type, match.named[`c${at}`] ?? "");
    if (value === null && mode !== "relaxed") return undefined;
    cells.push(value);
  }
  return cells;
}

function patternOf(items: readonly SyntaxNode[], mode: Mode, greedy: boolean): Pattern {
  const columns: Column[] = [];
  let expression = mode === "regex" ? "" : "(?s)^";
  for (const [at, item] of items.entries()) {
    const last = at === items.length - 1;
    switch (item.kind) {
      case "StarExpression":
        expression += last ? ".*" : ".*?";
        break;
      case "LiteralExpression":
      case "CompoundStringLiteralExpression":
        expression += mode === "regex" ? item.literal! : quotePattern(item.literal!);
        break;
      case "NameDeclaration":
      case "NameAndTypeDeclaration": {
        const typed = item.parts.Type;
        const name = nameOf(item.parts.Name && typed ? item.parts.Name : item);
        const type = typed ? scalarType(typed.text.trim()) : "string";
        if (!type) throw refuse(item, "this type");
        expression += `(?<c${columns.length}>${textOf(type, mode, last || greedy)})`;
        columns.push({ name, type });
        break;
      }
      default:
        throw refuse(item, "this part of a pattern");
    }
  }
  return { expression: mode === "regex" ? expression : `${expression}$`, columns };
}

function textOf(type: ScalarType, mode: Mode, greedy: boolean): string {
  const any = greedy ? ".*" : ".*?";
  const number = type === "long" || type === "int"
    ? "\\s*[-+]?\\d+"
    : type === "real" || type === "decimal"
    ? "\\s*[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?"
    : undefined;
  if (number === undefined) return any;
  return mode === "relaxed" ? `${number}|${any}` : number;
}
