/**
 * Scalar expressions, compiled.
 *
 * @module
 */
import type { Column } from "./catalog.ts";
import { commonType, compareValues, keyText } from "../values/compare.ts";
import { convertValue, toDynamic } from "../values/convert.ts";
import { makeDatetime } from "../values/datetime.ts";
import { isArray, isBag, makeBag, parseJson } from "../values/dynamic.ts";
import { callFunction } from "../functions/functions.ts";
import { binaryOperator, lowerAscii, negate } from "./operators_scalar.ts";
import { compileRelation } from "./relations.ts";
import { constantScalar, convertTo, NO_ROW, type Scalar } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { part, refuse, type SyntaxNode } from "./syntax.ts";
import { parseScalar, type ScalarType, type Value } from "../values/values.ts";
import { callUserFunction, findFunction } from "./user_functions.ts";

type Compile = (node: SyntaxNode, scope: Scope) => Scalar;

/** Compiles a scalar expression. */
export function compileScalar(node: SyntaxNode, scope: Scope): Scalar {
  const compile = Object.hasOwn(expressions, node.kind) ? expressions[node.kind] : undefined;
  if (!compile) throw refuse(node, `the expression '${node.text.slice(0, 40)}'`);
  return compile(node, scope);
}

const expressions: Readonly<Record<string, Compile>> = {
  LiteralExpression: compileLiteral,
  CompoundStringLiteralExpression: (node) => constantScalar("string", node.literal ?? ""),
  DynamicExpression: (node) => constantScalar("dynamic", dynamicLiteral(part(node, "Expression"))),
  NameReference: compileName,
  ParenthesizedExpression: (node, scope) => compileScalar(part(node, "Expression"), scope),
  SimpleNamedExpression: (node, scope) => compileScalar(part(node, "Expression"), scope),
  PathExpression: compilePath,
  ElementExpression: compileElement,
  BinaryExpression: (node, scope) =>
    binaryOperator(
      node,
      compileScalar(part(node, "Left"), scope),
      compileScalar(part(node, "Right"), scope),
    ),
  PrefixUnaryExpression: (node, scope) => {
    const operand = compileScalar(part(node, "Expression"), scope);
    return part(node, "Operator").text.trim() === "-" ? negate(node, operand) : operand;
  },
  InExpression: compileIn,
  HasAnyExpression: compileHasSome,
  HasAllExpression: compileHasSome,
  BetweenExpression: compileBetween,
  FunctionCallExpression: compileCall,
  ToScalarExpression: compileToScalar,
  TypeOfLiteralExpression: (node) =>
    constantScalar("string", node.text.replace(/^\s*typeof\s*\(\s*|\s*\)\s*$/g, "")),
};

function compileLiteral(node: SyntaxNode): Scalar {
  const type = node.type ?? "string";
  const text = node.literal ?? "";
  if (type === "string") return constantScalar("string", text);
  const inner = /^[a-z0-9_]+\s*\(([\s\S]*)\)$/i.exec(node.text.trim())?.[1]?.trim() ?? text.trim();
  if (inner === "null" || (inner === "" && type !== "dynamic")) return constantScalar(type, null);
  const fields = type === "datetime" && /^\d+(\s*,\s*\d+){2,5}$/.test(inner)
    ? inner.split(",").map(Number)
    : undefined;
  if (fields) {
    const [year, month, ...rest] = fields;
    return constantScalar(type, makeDatetime(year!, month!, ...rest as [number]));
  }
  const unquoted = /^(["'])(.*)\1$/s.exec(inner)?.[2] ?? inner;
  const value = parseScalar(type, unquoted);
  if (value === null) throw refuse(node, `the literal '${node.text.slice(0, 40)}'`);
  return constantScalar(type, value);
}

function dynamicLiteral(node: SyntaxNode): Value {
  switch (node.kind) {
    case "JsonObjectExpression":
      return makeBag((node.parts.Pairs?.items ?? []).map((pair) => {
        const name = part(pair, "Name").text;
        const key = parseJson(name.startsWith("'") ? `"${name.slice(1, -1)}"` : name);
        return [String(key), dynamicLiteral(part(pair, "Value"))] as const;
      }));
    case "JsonArrayExpression":
      return (node.parts.Values?.items ?? []).map(dynamicLiteral);
    case "PrefixUnaryExpression": {
      const inner = dynamicLiteral(part(node, "Expression"));
      return typeof inner === "number" || typeof inner === "bigint" ? -inner : inner;
    }
    default: {
      if (node.text.trim() === "null") return null;
      const literal = compileScalar(node, undefined as never);
      return toDynamic(literal.get(NO_ROW, undefined as never), literal.type);
    }
  }
}

/** The index of a column by name. */
export function columnIndex(columns: readonly Column[], name: string): number {
  return columns.findIndex((column) => column.name === name);
}

function columnScalar(node: SyntaxNode, columns: readonly Column[], name: string): Scalar {
  const at = columnIndex(columns, name);
  if (at < 0) throw refuse(node, `the column '${name}' here`);
  return { type: columns[at]!.type, constant: false, get: (row) => row[at]! };
}

/** The name that a reference is written with, brackets and quotes taken off. */
export function nameOf(node: SyntaxNode): string {
  const text = node.text.trim();
  return /^\[\s*(["'])(.*)\1\s*\]$/s.exec(text)?.[2] ?? text;
}

function compileName(node: SyntaxNode, scope: Scope): Scalar {
  const name = node.symbol?.name || nameOf(node);
  if (node.symbol?.kind === "Column" || columnIndex(scope.columns, name) >= 0) {
    if (columnIndex(scope.columns, name) >= 0) return columnScalar(node, scope.columns, name);
  }
  const binding = scope.find(name);
  if (binding?.kind === "scalar") return binding.scalar;
  if (binding?.kind === "function") return callUserFunction(node, binding, scope);
  throw refuse(node, `the name '${name}' here`);
}

function compilePath(node: SyntaxNode, scope: Scope): Scalar {
  const owner = part(node, "Expression");
  const selector = part(node, "Selector");
  const side = owner.text.trim();
  if (scope.sides && (side === "$left" || side === "$right")) {
    const { left, right } = scope.sides;
    const found = columnScalar(node, side === "$left" ? left : right, nameOf(selector));
    if (side === "$left") return found;
    return { ...found, get: (row, run) => found.get(row.slice(left.length), run) };
  }
  const bag = compileScalar(owner, scope);
  const key = selector.kind === "BracketedExpression"
    ? compileScalar(part(selector, "Expression"), scope)
    : constantScalar("string", nameOf(selector));
  return element(bag, key);
}

function compileElement(node: SyntaxNode, scope: Scope): Scalar {
  const several = part(node, "Expression");
  if (several.type === undefined && several.columns) throw refuse(node, "one of several results");
  const owner = compileScalar(part(node, "Expression"), scope);
  const selector = part(node, "Selector");
  return element(owner, compileScalar(selector.parts.Expression ?? selector, scope));
}

function element(owner: Scalar, key: Scalar): Scalar {
  return {
    type: "dynamic",
    constant: owner.constant && key.constant,
    get: (row, run) => elementOf(owner.get(row, run), key.get(row, run)),
  };
}

/** What a bag holds under a name, or an array at an index, from its end if that is negative. */
export function elementOf(value: Value, key: Value): Value {
  if (isBag(value)) {
    return typeof key === "string" && Object.hasOwn(value, key) ? value[key]! : null;
  }
  if (!isArray(value) || (typeof key !== "number" && typeof key !== "bigint")) return null;
  return value.at(Number(key)) ?? null;
}

function compileCall(node: SyntaxNode, scope: Scope): Scalar {
  const name = part(node, "Name").text.trim();
  const found = findFunction(name, node, scope);
  if (found) return callUserFunction(node, found, scope);
  return callFunction(node, scope, compileScalar);
}

function compileToScalar(node: SyntaxNode, scope: Scope): Scalar {
  const inner = part(node, "Expression");
  if (inner.columns === undefined && inner.type !== undefined) return compileScalar(inner, scope);
  const relation = compileRelation(inner, scope);
  const type = relation.columns[0]?.type ?? "dynamic";
  const value = scope.remember((run) =>
    relation.rows(run)[0]?.[0] ?? (type === "string" ? "" : null)
  );
  return { type, constant: true, get: (_row, run) => value(run) };
}

/** What stands to the right of `in`: expressions, arrays in them opened, or a table's first column. */
function membersOf(node: SyntaxNode, scope: Scope): { types: ScalarType[]; scalars: Scalar[] } | {
  type: ScalarType;
  keys: (run: Parameters<Scalar["get"]>[1]) => ReadonlySet<string>;
} {
  const items = part(node, "Right").items;
  const [first] = items;
  if (items.length === 1 && first && (first.columns !== undefined && first.type === undefined)) {
    const relation = compileRelation(first, scope);
    const keys = scope.remember((run) =>
      new Set(relation.rows(run).filter((row) => row[0] !== null).map((row) => keyText(row[0]!)))
    );
    return { type: relation.columns[0]?.type ?? "string", keys };
  }
  const scalars = items.map((item) => compileScalar(item, scope));
  return { types: scalars.map(({ type }) => type), scalars };
}

function compileIn(node: SyntaxNode, scope: Scope): Scalar {
  const operator = part(node, "Operator").text.trim();
  const ignoreCase = operator.endsWith("~");
  const negated = operator.startsWith("!");
  const left = compileScalar(part(node, "Left"), scope);
  const members = membersOf(node, scope);
  const fold = (value: Value): Value =>
    ignoreCase && typeof value === "string" ? lowerAscii(value) : value;
  if ("keys" in members) {
    const { type } = members;
    const common = commonType(left.type, type) ?? type;
    const operand = convertTo(left, common);
    const keysOf = scope.remember((run) =>
      ignoreCase ? new Set([...members.keys(run)].map(lowerAscii)) : members.keys(run)
    );
    return {
      type: "bool",
      constant: left.constant,
      get: (row, run) => {
        const value = operand.get(row, run);
        return (value !== null && keysOf(run).has(keyText(fold(value)))) !== negated;
      },
    };
  }
  const { scalars } = members;
  const constant = scalars.every((scalar) => scalar.constant);
  const keysFor = (row: readonly Value[], run: Parameters<Scalar["get"]>[1]) => {
    const keys = new Set<string>();
    for (const scalar of scalars) {
      const value = scalar.get(row, run);
      for (const member of scalar.type === "dynamic" && isArray(value) ? value.flat(9) : [value]) {
        const converted = convertValue(member as Value, scalar.type, left.type);
        if (converted !== null) keys.add(keyText(fold(converted)));
      }
    }
    return keys;
  };
  const remembered = constant ? scope.remember((run) => keysFor(NO_ROW, run)) : undefined;
  return {
    type: "bool",
    constant: constant && left.constant,
    get: (row, run) => {
      const value = left.get(row, run);
      const keys = remembered ? remembered(run) : keysFor(row, run);
      return (value !== null && keys.has(keyText(fold(value)))) !== negated;
    },
  };
}

function compileHasSome(node: SyntaxNode, scope: Scope): Scalar {
  const left = convertTo(compileScalar(part(node, "Left"), scope), "string");
  const items = part(node, "Right").items.map((item) => compileScalar(item, scope));
  const all = node.kind === "HasAllExpression";
  return {
    type: "bool",
    constant: left.constant && items.every((item) => item.constant),
    get: (row, run) => {
      const text = lowerAscii(String(left.get(row, run)));
      const terms = items.flatMap((item) => {
        const value = item.get(row, run);
        const members = isArray(value) ? value : [value];
        return members.map((member) => String(convertValue(member, item.type, "string")));
      });
      const has = (term: string) => hasTerm(text, lowerAscii(term));
      return all ? terms.every(has) : terms.some(has);
    },
  };
}

/** Whether a term stands in a text as a run of letters and digits of its own. */
export function hasTerm(text: string, term: string): boolean {
  if (term === "") return true;
  const word = /[\p{L}\p{N}]/u;
  for (let at = text.indexOf(term); at >= 0; at = text.indexOf(term, at + 1)) {
    const before = text[at - 1];
    const after = text[at + term.length];
    const startsWord = word.test(term[0]!);
    const endsWord = word.test(term.at(-1)!);
    const free = !(startsWord && before !== undefined && word.test(before)) &&
      !(endsWord && after !== undefined && word.test(after));
    if (free) return true;
  }
  return false;
}

function compileBetween(node: SyntaxNode, scope: Scope): Scalar {
  const negated = part(node, "Operator").text.trim().startsWith("!");
  const couple = part(node, "Right");
  const [left, first, last] = [
    compileScalar(part(node, "Left"), scope),
    compileScalar(part(couple, "First"), scope),
    compileScalar(part(couple, "Second"), scope),
  ];
  // `between (t .. 1h)` counts the span from its start.
  const span = left.type === "datetime" && last.type === "timespan";
  const types = span ? [left.type, first.type] : [left.type, first.type, last.type];
  const type = types.reduce((a, b) => commonType(a, b) ?? a);
  const [value, from, to] = [
    convertTo(left, type),
    convertTo(first, type),
    span ? last : convertTo(last, type),
  ];
  return {
    type: "bool",
    constant: value.constant && from.constant && to.constant,
    get: (row, run) => {
      const [at, low, high] = [value.get(row, run), from.get(row, run), to.get(row, run)];
      if (at === null || low === null || high === null) return null;
      const end = span ? (low as bigint) + (high as bigint) : high;
      return (compareValues(at, low) >= 0 && compareValues(at, end) <= 0) !== negated;
    },
  };
}
