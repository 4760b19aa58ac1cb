/**
 * Functions that see more than the row at hand: its neighbours, all its columns, when it was ingested.
 *
 * Sources: row-number-function, prev-function, next-function, row-cumsum-function,
 * ingestion-time-function, pack-all-function, estimate-data-size-function, column-ifexists-function.
 *
 * @module
 */
import type { Column } from "../language/catalog.ts";
import { toDynamic } from "../values/convert.ts";
import { dynamicWire, makeBag } from "../values/dynamic.ts";
import type { SpecialFunction } from "./functions.ts";
import { convertTo, NO_ROW, type Run, type Scalar } from "../language/scalars.ts";
import type { Scope } from "../language/scope.ts";
import { part, refuse, type SyntaxNode } from "../parser/syntax.ts";
import { emptyCell, type ScalarType, type Value } from "../values/values.ts";

/** The rows around the one at hand; only rows in a fixed order have neighbours. */
function useWindow(node: SyntaxNode, scope: Scope): (run: Run) => NonNullable<Run["window"]> {
  if (!scope.input?.sorted) {
    throw refuse(
      node,
      `'${part(node, "Name").text.trim()}' over rows whose order is not serialized`,
    );
  }
  scope.windowed = true;
  return (run) => run.window!;
}

function argumentsOf(node: SyntaxNode, scope: Scope): Scalar[] {
  return part(node, "ArgumentList").items.map((item) => scope.scalar(item));
}

function neighbour(direction: 1 | -1): SpecialFunction {
  return (node, scope) => {
    const window = useWindow(node, scope);
    const [value, offset, fallback] = argumentsOf(node, scope);
    const { type } = value!;
    const otherwise = fallback && convertTo(fallback, type);
    return {
      type,
      constant: false,
      get: (row, run) => {
        const { rows, at } = window(run);
        const distance = offset ? Number(offset.get(row, run)) : 1;
        const other = rows[at + direction * distance];
        if (other) return value!.get(other, run);
        return otherwise ? otherwise.get(row, run) : emptyCell(type);
      },
    };
  };
}

/** A value that goes on from row to row, computed for all rows when the first one asks. */
function running(
  node: SyntaxNode,
  scope: Scope,
  type: ScalarType,
  step: (before: Value, row: readonly Value[], run: Run, restart: boolean) => Value,
  restart: Scalar | undefined,
): Scalar {
  const window = useWindow(node, scope);
  const values = new WeakMap<object, Value[]>();
  return {
    type,
    constant: false,
    get: (_row, run) => {
      const seen = window(run);
      let known = values.get(seen);
      if (!known) {
        known = [];
        let before: Value = null;
        const at = seen.at;
        for (seen.at = 0; seen.at < seen.rows.length; seen.at++) {
          const row = seen.rows[seen.at]!;
          const anew = seen.at === 0 || restart?.get(row, run) === true;
          known.push(before = step(before, row, run, anew));
        }
        seen.at = at;
        values.set(seen, known);
      }
      return known[seen.at]!;
    },
  };
}

const rowNumber: SpecialFunction = (node, scope) => {
  const [start, restart] = argumentsOf(node, scope);
  return running(node, scope, "long", (before, row, run, anew) => {
    if (!anew) return (before as bigint) + 1n;
    return start ? convertTo(start, "long").get(row, run) : 1n;
  }, restart);
};

const cumulativeSum: SpecialFunction = (node, scope) => {
  const [term, restart] = argumentsOf(node, scope);
  const type: ScalarType = term!.type === "int" ? "long" : term!.type;
  if (type !== "long" && type !== "real" && type !== "timespan") {
    throw refuse(node, `row_cumsum of ${type}`);
  }
  const value = convertTo(term!, type);
  return running(node, scope, type, (before, row, run, anew) => {
    const added = value.get(row, run);
    const sum = anew ? null : before;
    if (added === null) return sum ?? (type === "real" ? 0 : 0n);
    if (sum === null) return added;
    return type === "real"
      ? (sum as number) + (added as number)
      : BigInt.asIntN(64, (sum as bigint) + (added as bigint));
  }, restart);
};

const ingestionTime: SpecialFunction = (node, scope) => {
  const { input } = scope;
  if (input && !input.ingestedAt && !input.detached) {
    throw refuse(node, "ingestion_time() after an operator that makes new rows");
  }
  return {
    type: "datetime",
    constant: false,
    get: (row) => input?.ingestedAt?.(row) ?? null,
  };
};

const packAll: SpecialFunction = (node, scope) => {
  const [flag] = argumentsOf(node, scope);
  const { columns } = scope;
  return {
    type: "dynamic",
    constant: false,
    get: (row, run) => {
      const skipEmpty = flag?.get(row, run) === true;
      const entries = columns.map(({ name, type }, at) =>
        [name, toDynamic(row[at]!, type)] as const
      );
      return makeBag(entries.filter(([, value]) => !skipEmpty || (value !== null && value !== "")));
    },
  };
};

const encoder = new TextEncoder();

function dataSize(value: Value, type: ScalarType): number {
  switch (type) {
    case "string":
      return encoder.encode(value as string).length;
    case "dynamic":
      return value === null ? 0 : encoder.encode(dynamicWire(value)).length;
    case "bool":
      return 1;
    case "int":
      return 4;
    case "guid":
    case "decimal":
      return 16;
    default:
      return 8;
  }
}

const estimateDataSize: SpecialFunction = (node, scope) => {
  const items = part(node, "ArgumentList").items;
  const columns: readonly Column[] = scope.columns;
  const all = items.some((item) => item.kind === "StarExpression");
  const scalars: Scalar[] = all
    ? columns.map(({ type }, at) => ({ type, constant: false, get: (row) => row[at]! }))
    : items.map((item) => scope.scalar(item));
  return {
    type: "long",
    constant: false,
    get: (row, run) =>
      BigInt(scalars.reduce((sum, { type, get }) => sum + dataSize(get(row, run), type), 0)),
  };
};

const columnIfExists: SpecialFunction = (node, scope) => {
  const [name, fallback] = part(node, "ArgumentList").items;
  const wanted = scope.scalar(name!).get(NO_ROW, undefined as never);
  const at = scope.columns.findIndex((column) => column.name === wanted);
  if (at < 0) return scope.scalar(fallback!);
  return { type: scope.columns[at]!.type, constant: false, get: (row) => row[at]! };
};

/** The functions by name. */
export const windowFunctions: Readonly<Record<string, SpecialFunction>> = {
  row_number: rowNumber,
  row_cumsum: cumulativeSum,
  prev: neighbour(-1),
  next: neighbour(1),
  ingestion_time: ingestionTime,
  pack_all: packAll,
  estimate_data_size: estimateDataSize,
  column_ifexists: columnIfExists,
  columnifexists: columnIfExists,
};
