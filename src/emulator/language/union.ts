/**
 * `union`.
 *
 * Source: union-operator.md (Kusto documentation).
 *
 * @module
 */
import type { Column, Row } from "./catalog.ts";
import type { Relation } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import {
  checkParameters,
  itemsOf,
  operatorParameter,
  refuse,
  type SyntaxNode,
} from "../parser/syntax.ts";
import { emptyCell } from "../values/values.ts";

const PARAMETERS = ["kind", "withsource", "with_source", "isfuzzy", "hint.concurrency"];

/** Compiles `union`, with what is piped into it as its first leg. */
export function compileUnion(
  node: SyntaxNode,
  input: Relation | undefined,
  scope: Scope,
): Relation {
  checkParameters(node, [...PARAMETERS, "hint.spread"]);
  const source = operatorParameter(node, "withsource") ?? operatorParameter(node, "with_source");
  const inner = operatorParameter(node, "kind") === "inner";
  const names = [input && (input.name ?? "union_arg0")];
  const legs = [input];
  for (const item of itemsOf(node, "Expressions")) {
    if (item.columns === undefined) throw refuse(item, `'${item.text.trim()}' in a union`);
    const relation = scope.relation(item);
    names.push(relation.name ?? item.symbol?.name ?? `union_arg${legs.length - (input ? 0 : 1)}`);
    legs.push(relation);
  }
  const fields = fieldsOf(legs.filter((leg) => leg !== undefined), inner);
  const columns = nameFields(fields);
  return {
    columns: source === undefined ? columns : [{ name: source, type: "string" }, ...columns],
    rows: (run) =>
      legs.flatMap((leg, at) => {
        if (leg === undefined) return [];
        const from = fields.map((field) => fieldIndex(leg.columns, field));
        const rows = leg.rows(run);
        run.budget.spendRows(rows.length, columns.length);
        return rows.map((row): Row => {
          const cells = from.map((place, field) =>
            place < 0 ? emptyCell(fields[field]!.type) : row[place]!
          );
          return source === undefined ? cells : [names[at]!, ...cells];
        });
      }),
  };
}

function fieldIndex(columns: readonly Column[], { name, type }: Column): number {
  return columns.findIndex((column) => column.name === name && column.type === type);
}

/** The columns of all legs, told apart by name and type, in the order in which they first appear. */
function fieldsOf(legs: readonly Relation[], inner: boolean): Column[] {
  const fields: Column[] = [];
  for (const column of legs.flatMap((leg) => leg.columns)) {
    if (fieldIndex(fields, column) < 0) fields.push(column);
  }
  return inner
    ? fields.filter((field) => legs.every((leg) => fieldIndex(leg.columns, field) >= 0))
    : fields;
}

/** Fields of one name with different types become `name_type`, or another name where that is taken. */
function nameFields(fields: readonly Column[]): Column[] {
  const split = (name: string) => fields.filter((field) => field.name === name).length > 1;
  const taken = new Set(fields.map(({ name }) => name).filter((name) => !split(name)));
  return fields.map(({ name, type }) => {
    if (!split(name)) return { name, type };
    let free = `${name}_${type}`;
    for (let suffix = 1; taken.has(free); suffix++) free = `${name}_${type}${suffix}`;
    taken.add(free);
    return { name: free, type };
  });
}
