/**
 * Aggregation functions, as `summarize` uses them.
 *
 * Sources: the pages of the aggregation functions (Kusto documentation). Nulls are left out, unless a
 * function's page says otherwise.
 *
 * @module
 */
import type { Decimal } from "../values/decimal.ts";
import type { Row } from "../language/catalog.ts";
import { compareForSort, compareValues, keyText } from "../values/compare.ts";
import { convertValue, toDynamic } from "../values/convert.ts";
import { type Dynamic, isArray, isBag, makeBag } from "../values/dynamic.ts";
import { sumOf } from "../values/numbers.ts";
import { convertTo, NO_ROW, type Run, type Scalar } from "../language/scalars.ts";
import type { Scope } from "../language/scope.ts";
import { part, refuse, type SyntaxNode } from "../parser/syntax.ts";
import { emptyCell, type ScalarType, type Value } from "../values/values.ts";

/** A compiled aggregate: the columns that it fills, and how from the rows of a group. */
export interface Aggregate {
  readonly types: readonly ScalarType[];
  readonly of: (rows: readonly Row[], run: Run) => readonly Value[];
}

/** Compiles an aggregate, or an expression over aggregates. */
export function compileAggregate(
  node: SyntaxNode,
  scope: Scope,
  grouped: ReadonlySet<string>,
): Aggregate {
  const inner = node.kind === "SimpleNamedExpression" || node.kind === "CompoundNamedExpression"
    ? part(node, "Expression")
    : node;
  if (inner.kind === "FunctionCallExpression") {
    const name = part(inner, "Name").text.trim();
    if (Object.hasOwn(rowAggregates, name)) return rowAggregates[name]!(inner, scope, grouped);
    if (Object.hasOwn(valueAggregates, name)) return valueAggregate(name, inner, scope);
  }
  return expressionOverAggregates(inner, scope, grouped);
}

/** `sum(x) / count()` and the like: aggregates first, then the expression over their results. */
function expressionOverAggregates(
  node: SyntaxNode,
  scope: Scope,
  grouped: ReadonlySet<string>,
): Aggregate {
  const found: { node: SyntaxNode; aggregate: Aggregate }[] = [];
  const collect = (at: SyntaxNode): SyntaxNode => {
    const name = at.kind === "FunctionCallExpression" ? part(at, "Name").text.trim() : "";
    if (Object.hasOwn(valueAggregates, name) || Object.hasOwn(rowAggregates, name)) {
      const aggregate = compileAggregate(at, scope, grouped);
      if (aggregate.types.length !== 1) throw refuse(at, `several columns of '${name}' here`);
      const column = `$aggregate${found.push({ node: at, aggregate }) - 1}`;
      return {
        ...at,
        kind: "NameReference",
        text: column,
        parts: {},
        items: [],
        symbol: undefined,
      };
    }
    return {
      ...at,
      items: at.items.map(collect),
      parts: Object.fromEntries(
        Object.entries(at.parts).map(([key, child]) => [key, collect(child)]),
      ),
    };
  };
  const rewritten = collect(node);
  const columns = found.map(({ aggregate }, at) => ({
    name: `$aggregate${at}`,
    type: aggregate.types[0]!,
  }));
  const scalar = scope.over(columns).scalar(rewritten);
  return {
    types: [scalar.type],
    of: (rows, run) => [
      scalar.get(found.map(({ aggregate }) => aggregate.of(rows, run)[0]!), run),
    ],
  };
}

type RowAggregate = (node: SyntaxNode, scope: Scope, grouped: ReadonlySet<string>) => Aggregate;

/** Aggregates that see whole rows. */
export const rowAggregates: Readonly<Record<string, RowAggregate>> = {
  arg_max: (node, scope, grouped) => extreme(node, scope, grouped, 1),
  arg_min: (node, scope, grouped) => extreme(node, scope, grouped, -1),
  percentiles,
  take_any: takeAny,
  take_anyif: takeAnyIf,
  any: takeAny,
  anyif: takeAnyIf,
};

function extreme(
  node: SyntaxNode,
  scope: Scope,
  grouped: ReadonlySet<string>,
  sign: 1 | -1,
): Aggregate {
  const [by, ...rest] = part(node, "ArgumentList").items;
  const key = scope.scalar(by!);
  const others = returned(rest, scope, new Set([...grouped, by!.text.trim()]));
  const types = [key.type, ...others.map(({ type }) => type)];
  return {
    types,
    of: (rows, run) => {
      let best: Row | undefined;
      let bestKey: Value = null;
      for (const row of rows) {
        const value = key.get(row, run);
        if (best === undefined || beats(value, bestKey, sign)) [best, bestKey] = [row, value];
      }
      if (best === undefined) return types.map(emptyCell);
      return [bestKey, ...others.map((other) => other.get(best, run))];
    },
  };
}

function beats(value: Value, best: Value, sign: number): boolean {
  if (value === null) return false;
  return best === null || compareValues(value, best) * sign > 0;
}

/** The expressions given, `*` standing for all columns that are not named otherwise. */
function returned(
  items: readonly SyntaxNode[],
  scope: Scope,
  except: ReadonlySet<string>,
): Scalar[] {
  return items.flatMap((item): Scalar[] => {
    if (item.kind !== "StarExpression") return [scope.scalar(item)];
    return scope.columns.flatMap(({ name, type }, at) =>
      except.has(name) ? [] : [{ type, constant: false, get: (row: Row) => row[at]! }]
    );
  });
}

function takeAny(node: SyntaxNode, scope: Scope, grouped: ReadonlySet<string>): Aggregate {
  const scalars = returned(part(node, "ArgumentList").items, scope, grouped);
  const types = scalars.map(({ type }) => type);
  return {
    types,
    of: (rows, run) => {
      const full = scalars.length === 1
        ? rows.find((row) => ![null, ""].includes(scalars[0]!.get(row, run) as null))
        : undefined;
      const row = full ?? rows[0];
      return row ? scalars.map((scalar) => scalar.get(row, run)) : types.map(emptyCell);
    },
  };
}

function takeAnyIf(node: SyntaxNode, scope: Scope): Aggregate {
  const [value, given] = part(node, "ArgumentList").items.map((item) => scope.scalar(item));
  const condition = convertTo(given!, "bool");
  return {
    types: [value!.type],
    of: (rows, run) => {
      const row = rows.find((each) => condition.get(each, run) === true);
      return [row ? value!.get(row, run) : emptyCell(value!.type)];
    },
  };
}

interface ValueAggregate {
  /** The type of the result, by those of the arguments. */
  readonly type: (types: readonly ScalarType[], node: SyntaxNode) => ScalarType;
  /** Whether an argument says which rows count. */
  readonly conditional?: boolean;
  /** Whether null values are handed over too. */
  readonly nulls?: boolean;
  /**
   * @param values One list of arguments for each row that counts.
   */
  readonly of: (values: readonly (readonly Value[])[], types: readonly ScalarType[]) => Value;
}

function valueAggregate(name: string, node: SyntaxNode, scope: Scope): Aggregate {
  const found = valueAggregates[name]!;
  const args = part(node, "ArgumentList").items.map((item) => scope.scalar(item));
  // The condition comes first in countif(), and behind the value in all others.
  const [given] = found.conditional ? args.splice(Math.min(1, args.length - 1), 1) : [];
  const condition = given && convertTo(given, "bool");
  const types = args.map(({ type }) => type);
  const own = found.type(types, node);
  const type = node.type ?? own;
  return {
    types: [type],
    of: (rows, run) => {
      const values: Value[][] = [];
      for (const row of rows) {
        if (condition && condition.get(row, run) !== true) continue;
        const list = args.map((arg) => arg.get(row, run));
        if (found.nulls || list[0] !== null) values.push(list);
      }
      return [convertValue(found.of(values, types), own, type)];
    },
  };
}

const first = (types: readonly ScalarType[]): ScalarType => types[0]!;
const declared = (_types: readonly ScalarType[], node: SyntaxNode): ScalarType => {
  if (node.type === undefined) throw refuse(node, "this aggregate here");
  return node.type;
};

function pick(sign: 1 | -1): ValueAggregate {
  return {
    type: first,
    of: (values, types) =>
      values.reduce<Value>(
        (best, [value]) => best === null || beats(value!, best, sign) ? value! : best,
        types[0] === "string" && values.length === 0 ? "" : null,
      ),
  };
}

const count: ValueAggregate = {
  type: () => "long",
  nulls: true,
  of: (values) => BigInt(values.length),
};

const total: ValueAggregate = {
  type: (types, node) => {
    if (types[0] === "datetime") throw refuse(node, "a sum of datetimes");
    return declared(types, node);
  },
  of: (values, types) => sumOf(values.map(([value]) => value!), types[0]!),
};

const average: ValueAggregate = {
  type: declared,
  of: (values, types) => {
    if (values.length === 0) {
      return types[0] === "decimal" || types[0] === "timespan" || types[0] === "datetime"
        ? null
        : NaN;
    }
    if (types[0] === "decimal") {
      return (sumOf(values.map(([value]) => value!), "decimal") as Decimal).div(values.length);
    }
    if (types[0] === "timespan" || types[0] === "datetime") {
      return values.reduce((sum, [value]) => sum + (value as bigint), 0n) / BigInt(values.length);
    }
    return values.reduce((sum, [value]) => sum + Number(value), 0) / values.length;
  },
};

function asList(values: readonly (readonly Value[])[], types: readonly ScalarType[]): Value[] {
  const limit = values[0]?.[1];
  const list = values.map(([value]) => toDynamic(value!, types[0]!));
  return limit === undefined ? list : list.slice(0, Number(limit));
}

function asSet(values: readonly (readonly Value[])[], types: readonly ScalarType[]): Value[] {
  const limit = values[0]?.[1];
  const members = values.flatMap(([value]) => {
    const member = toDynamic(value!, types[0]!);
    return isArray(member) ? [...member] : [member];
  }).filter((member) => member !== null);
  const distinct = [...new Map(members.map((member) => [keyText(member), member])).values()];
  return limit === undefined ? distinct : distinct.slice(0, Number(limit));
}

const dynamicType = (): ScalarType => "dynamic";
const list: ValueAggregate = { type: dynamicType, of: asList };
const set: ValueAggregate = { type: dynamicType, of: asSet };
const bag: ValueAggregate = {
  type: dynamicType,
  of: (values) => {
    const limit = values[0]?.[1];
    const entries = new Map<string, Dynamic>();
    for (const [key, value] of values.flatMap(([bag]) => isBag(bag!) ? Object.entries(bag) : [])) {
      const full = limit !== undefined && entries.size >= Number(limit);
      if (!full && !entries.has(key)) entries.set(key, value);
    }
    return makeBag(entries);
  },
};
const distinctCount: ValueAggregate = {
  type: () => "long",
  of: (values) => BigInt(new Set(values.map(([value]) => keyText(value!))).size),
};

function allBits(of: (a: bigint, b: bigint) => bigint): ValueAggregate {
  return {
    type: ([type], node) => {
      if (type !== "int" && type !== "long") throw refuse(node, `the bits of ${type}`);
      return "long";
    },
    of: (values) =>
      values.length === 0 ? null : values.map(([value]) => BigInt(value as bigint)).reduce(of),
  };
}

function deviation(sample: boolean, root: boolean): ValueAggregate {
  return {
    type: () => "real",
    of: (values) => {
      const numbers = values.map(([value]) => Number(value));
      const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length;
      const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      const variance = squares / (numbers.length - (sample ? 1 : 0));
      const result = numbers.length <= (sample ? 1 : 0) ? 0 : variance;
      return root ? Math.sqrt(result) : result;
    },
  };
}

function percentiles(node: SyntaxNode, scope: Scope): Aggregate {
  const [value, ...wanted] = part(node, "ArgumentList").items.map((item) => scope.scalar(item));
  const [from, type] = [value!.type, percentileType(value!.type, node)];
  return {
    types: wanted.map(() => type),
    of: (rows, run) => {
      const values = rows.map((row) => value!.get(row, run)).filter((each) => each !== null);
      return wanted.map((each) =>
        convertValue(percentileAt(values, Number(each.get(NO_ROW, run))), from, type)
      );
    },
  };
}

const PERCENTILE_TYPES: ReadonlySet<ScalarType> = new Set<ScalarType>([
  "int",
  "long",
  "real",
  "decimal",
  "datetime",
  "timespan",
]);

/** As the parser has it for percentile(). */
function percentileType(type: ScalarType, node: SyntaxNode): ScalarType {
  if (!PERCENTILE_TYPES.has(type)) throw refuse(node, `a percentile of ${type}`);
  return type === "int" ? "long" : type === "decimal" ? "real" : type;
}

function percentileAt(values: readonly Value[], percentile: number): Value {
  const sorted = values.toSorted((a, b) =>
    compareForSort(a, b, { descending: false, nullsFirst: false })
  );
  const rank = Math.ceil(percentile / 100 * sorted.length);
  return sorted[Math.max(0, Math.min(sorted.length - 1, rank - 1))] ?? null;
}

const conditional = (aggregate: ValueAggregate): ValueAggregate => ({
  ...aggregate,
  conditional: true,
});

/** Aggregates of one value a row. */
export const valueAggregates: Readonly<Record<string, ValueAggregate>> = {
  count,
  countif: conditional(count),
  sum: total,
  sumif: conditional(total),
  avg: average,
  avgif: conditional(average),
  min: pick(-1),
  minif: conditional(pick(-1)),
  max: pick(1),
  maxif: conditional(pick(1)),
  dcount: distinctCount,
  count_distinct: distinctCount,
  dcountif: conditional(distinctCount),
  count_distinctif: conditional(distinctCount),
  make_list: list,
  makelist: list,
  make_list_if: conditional(list),
  make_list_with_nulls: { ...list, nulls: true },
  make_set: set,
  makeset: set,
  make_set_if: conditional(set),
  make_bag: bag,
  make_bag_if: conditional(bag),
  stdev: deviation(true, true),
  stdevif: conditional(deviation(true, true)),
  stdevp: deviation(false, true),
  variance: deviation(true, false),
  varianceif: conditional(deviation(true, false)),
  variancep: deviation(false, false),
  binary_all_and: allBits((a, b) => a & b),
  binary_all_or: allBits((a, b) => a | b),
  binary_all_xor: allBits((a, b) => a ^ b),
  percentile: {
    type: ([type], node) => {
      percentileType(type!, node);
      return type!;
    },
    of: (values) => percentileAt(values.map(([value]) => value!), Number(values[0]?.[1] ?? 0)),
  },
};
