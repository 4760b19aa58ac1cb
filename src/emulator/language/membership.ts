/**
 * `in`, `has_any` and `has_all`.
 *
 * Sources: in-cs-operator.md, has-any-operator.md, has-all-operator.md (Kusto documentation).
 *
 * @module
 */
import type { Row } from "./catalog.ts";
import { commonType, keyText } from "../values/compare.ts";
import { convertValue } from "../values/convert.ts";
import { isArray } from "../values/dynamic.ts";
import { convertTo, NO_ROW, type Run, type Scalar } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { isTabular, part, refuse, type SyntaxNode } from "../parser/syntax.ts";
import { hasTerm, lowerAscii } from "./text_match.ts";
import type { ScalarType, Value } from "../values/values.ts";

/** What stands to the right of an operator: values, arrays among them, or a table's first column. */
interface Members {
  readonly type: ScalarType;
  readonly constant: boolean;
  readonly values: (row: Row, run: Run) => readonly Value[];
}

function membersOf(node: SyntaxNode, scope: Scope): Members[] {
  return part(node, "Right").items.map((item) => {
    if (!isTabular(item)) {
      const { type, constant, get } = scope.scalar(item);
      return { type, constant, values: (row, run) => [get(row, run)] };
    }
    const relation = scope.relation(item);
    return {
      type: relation.columns[0]?.type ?? "string",
      constant: true,
      values: (_row, run) => relation.rows(run).map((found) => found[0]!),
    };
  });
}

/** Compiles `in` and its kin. */
export function compileIn(node: SyntaxNode, scope: Scope): Scalar {
  const operator = part(node, "Operator").text.trim();
  const [ignoreCase, negated] = [operator.endsWith("~"), operator.startsWith("!")];
  const left = scope.scalar(part(node, "Left"));
  const members = membersOf(node, scope);
  const type = members.map((member) => member.type).reduce((common, other) => {
    const shared = commonType(common, other);
    if (shared === undefined) throw refuse(node, `a comparison of ${common} with ${other}`);
    return shared;
  }, left.type);
  const operand = convertTo(left, type);
  const key = (value: Value) =>
    keyText(ignoreCase && typeof value === "string" ? lowerAscii(value) : value);
  const keysFor = (row: Row, run: Run) => {
    const keys = new Set<string>();
    for (const { type: from, values } of members) {
      for (const value of values(row, run)) {
        for (const member of from === "dynamic" ? opened(value) : [value]) {
          const converted = isLossy(member, type) ? null : convertValue(member, from, type);
          if (converted !== null) keys.add(key(converted));
        }
      }
    }
    return keys;
  };
  const constant = members.every((member) => member.constant);
  const remembered = constant ? scope.remember((run) => keysFor(NO_ROW, run)) : undefined;
  return {
    type: "bool",
    constant: constant && left.constant,
    get: (row, run) => {
      const value = operand.get(row, run);
      const keys = remembered ? remembered(run) : keysFor(row, run);
      return (value !== null && keys.has(key(value))) !== negated;
    },
  };
}

/** The elements of an array and of those in it; any other value alone. */
function opened(value: Value): readonly Value[] {
  return isArray(value) ? value.flatMap(opened) : [value];
}

/** A fraction inside a dynamic equals no whole number. */
function isLossy(value: Value, type: ScalarType): boolean {
  return (type === "int" || type === "long") && typeof value === "number" &&
    !Number.isInteger(value);
}

/** Compiles `has_any` and `has_all`. */
export function compileHasSome(node: SyntaxNode, scope: Scope): Scalar {
  const left = convertTo(scope.scalar(part(node, "Left")), "string");
  const members = membersOf(node, scope);
  const all = node.kind === "HasAllExpression";
  return {
    type: "bool",
    constant: left.constant && members.every((member) => member.constant),
    get: (row, run) => {
      const text = lowerAscii(left.get(row, run) as string);
      const terms = members.flatMap(({ type, values }) =>
        values(row, run).flatMap(opened).map((term) => convertValue(term, type, "string") as string)
      );
      const has = (term: string) => hasTerm(text, lowerAscii(term));
      return all ? terms.every(has) : terms.some(has);
    },
  };
}
