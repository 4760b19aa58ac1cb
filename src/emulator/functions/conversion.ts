/**
 * Functions that convert, and that tell what a value is.
 *
 * @module
 */
import { dynamicScalarType, toDynamic } from "../values/convert.ts";
import { isArray, isBag, parseJson } from "../values/dynamic.ts";
import type { ScalarFunction } from "./functions.ts";
import { convertValue } from "../values/convert.ts";
import type { ScalarType, Value } from "../values/values.ts";

function to(type: ScalarType): ScalarFunction {
  return { type, nulls: true, of: ([value], [from]) => convertValue(value!, from!, type) };
}

const parse: ScalarFunction = {
  type: "dynamic",
  of: ([value], [type]) =>
    type === "string" ? parseJson(value as string) : toDynamic(value!, type!),
};

function typeName(value: Value, type: ScalarType): string {
  if (type !== "dynamic") return type === "real" ? "real" : type;
  if (value === null) return "null";
  if (isArray(value)) return "array";
  if (isBag(value)) return "dictionary";
  const inner = dynamicScalarType(value)!;
  const small = inner === "long" &&
    BigInt.asIntN(32, BigInt(value as number)) === BigInt(value as number);
  return small ? "int" : inner;
}

const empty: ScalarFunction["of"] = ([value], [type]) =>
  value === null || (value === "" && (type === "string" || type === "dynamic"));

/** The functions by name. */
export const conversions: Readonly<Record<string, ScalarFunction>> = {
  tostring: to("string"),
  toint: to("int"),
  tolong: to("long"),
  toreal: to("real"),
  todouble: to("real"),
  todecimal: to("decimal"),
  tobool: to("bool"),
  toboolean: to("bool"),
  todatetime: to("datetime"),
  totimespan: to("timespan"),
  toguid: to("guid"),
  parse_json: parse,
  parsejson: parse,
  todynamic: parse,
  toobject: parse,
  gettype: { type: "string", nulls: true, of: ([value], [type]) => typeName(value!, type!) },
  isnull: { type: "bool", nulls: true, of: ([value]) => value === null },
  isnotnull: { type: "bool", nulls: true, of: ([value]) => value !== null },
  notnull: { type: "bool", nulls: true, of: ([value]) => value !== null },
  isempty: { type: "bool", nulls: true, of: empty },
  isnotempty: { type: "bool", nulls: true, of: (args, types, run) => !empty(args, types, run) },
  notempty: { type: "bool", nulls: true, of: (args, types, run) => !empty(args, types, run) },
};
