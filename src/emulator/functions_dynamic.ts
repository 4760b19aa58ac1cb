/**
 * Functions of arrays, bags and JSON.
 *
 * Sources: the pages of the dynamic, array and set functions (Kusto documentation).
 *
 * @module
 */
import { compareForSort, keyText } from "./compare.ts";
import { convertValue, dynamicScalarType, toDynamic } from "./convert.ts";
import { dynamicWire, isArray, isBag, makeBag, parseJson } from "./dynamic.ts";
import type { ScalarFunction } from "./functions.ts";
import { type ScalarType, toText, type Value } from "./values.ts";

const array = (call: ScalarFunction["call"]): ScalarFunction => ({ gives: "dynamic", call });

function arrayOf(value: Value | undefined): readonly Value[] {
  return isArray(value ?? null) ? value as readonly Value[] : [];
}

function distinct(values: readonly Value[]): Value[] {
  return [...new Map(values.map((value) => [keyText(value), value])).values()];
}

function keysOf(value: Value | undefined): Set<string> {
  return new Set(arrayOf(value).map(keyText));
}

function parse([value]: readonly Value[], [type]: readonly ScalarType[]): Value {
  return type === "dynamic" ? value! : parseJson(toText(type!, value!));
}

function slice([list, start, end]: readonly Value[]): Value {
  if (!isArray(list!)) return null;
  const last = Number(end);
  return list.slice(Number(start), last === -1 ? undefined : last + 1);
}

function sortBy(descending: boolean): ScalarFunction {
  return array(([list]) =>
    isArray(list!)
      ? list.toSorted((a, b) => compareForSort(a, b, { descending, nullsFirst: false }))
      : null
  );
}

function indexOfArray([list, wanted]: readonly Value[], types: readonly ScalarType[]): Value {
  if (!isArray(list!)) return null;
  const key = keyText(toDynamic(wanted!, types[1]!));
  return BigInt(list.findIndex((item) => keyText(item) === key));
}

function numbersOf(value: Value | undefined): number[] {
  return arrayOf(value).map((item) => Number(convertValue(item, "dynamic", "real")));
}

function atPath(value: Value, path: string): Value {
  let at: Value = value;
  for (
    const [, name, quoted, index] of path.matchAll(
      /\.([\p{L}\p{N}_]+)|\[['"](.*?)['"]\]|\[(\d+)\]/gu,
    )
  ) {
    const key = name ?? quoted;
    if (key !== undefined) at = isBag(at) && Object.hasOwn(at, key) ? at[key]! : null;
    else at = isArray(at) ? at[Number(index)] ?? null : null;
  }
  return at;
}

function typeName(value: Value, type: ScalarType): string {
  if (value === null) return "null";
  if (type !== "dynamic") return type === "real" ? "double" : type;
  if (isArray(value)) return "array";
  if (isBag(value)) return "dictionary";
  const inner = dynamicScalarType(value);
  if (inner === "long" && Number(value) === (Number(value) | 0)) return "int";
  return inner === "real" ? "double" : inner ?? "null";
}

/** The functions of dynamics. */
export const dynamicFunctions: Readonly<Record<string, ScalarFunction>> = {
  parse_json: { gives: "dynamic", call: parse },
  parsejson: { gives: "dynamic", call: parse },
  todynamic: { gives: "dynamic", call: parse },
  toobject: { gives: "dynamic", call: parse },
  dynamic_to_json: { takes: ["dynamic"], call: ([value]) => dynamicWire(value!) },
  gettype: { nulls: true, gives: "string", call: ([value], [type]) => typeName(value!, type!) },
  array_length: { gives: "long", call: ([list]) => isArray(list!) ? BigInt(list.length) : null },
  array_concat: array((lists) => lists.flatMap((list) => isArray(list) ? [...list] : [])),
  array_slice: array(slice),
  array_reverse: array(([list]) => isArray(list!) ? list.toReversed() : null),
  array_sort_asc: sortBy(false),
  array_sort_desc: sortBy(true),
  array_index_of: { gives: "long", call: indexOfArray },
  array_sum: {
    gives: "real",
    call: ([list]) => numbersOf(list).reduce((sum, value) => sum + value, 0),
  },
  array_iff: array(([conditions, yes, no]) =>
    arrayOf(conditions).map((condition, at) => {
      const chosen = condition ? yes! : no!;
      return isArray(chosen) ? chosen[at] ?? null : chosen;
    })
  ),
  array_rotate_left: array(([list, by]) => rotate(list!, Number(by))),
  array_rotate_right: array(([list, by]) => rotate(list!, -Number(by))),
  array_split: array(([list, at]) => {
    const places = isArray(at!) ? at.map(Number) : [Number(at)];
    const edges = [0, ...places.map((place) => place < 0 ? arrayOf(list).length + place : place)];
    return edges.map((edge, index) => arrayOf(list).slice(edge, edges[index + 1]));
  }),
  pack_array: {
    nulls: true,
    gives: "dynamic",
    call: (args, types) => args.map((arg, at) => toDynamic(arg, types[at]!)),
  },
  bag_pack: { nulls: true, gives: "dynamic", call: pack },
  pack: { nulls: true, gives: "dynamic", call: pack },
  bag_keys: array(([bag]) => isBag(bag!) ? Object.keys(bag) : null),
  bag_has_key: {
    gives: "bool",
    call: ([bag, key]) => isBag(bag!) && Object.hasOwn(bag, String(key)),
  },
  bag_merge: array((bags) =>
    makeBag(bags.toReversed().flatMap((bag) => isBag(bag) ? Object.entries(bag) : []))
  ),
  bag_remove_keys: array(([bag, keys]) => {
    const gone = new Set(arrayOf(keys).map(String));
    return isBag(bag!) ? makeBag(Object.entries(bag).filter(([key]) => !gone.has(key))) : null;
  }),
  bag_set_key: array(([bag, key, value], types) =>
    isBag(bag!)
      ? makeBag([...Object.entries(bag), [String(key), toDynamic(value!, types[2]!)]])
      : null
  ),
  bag_zip: array(([keys, values]) =>
    makeBag(arrayOf(keys).map((key, at) => [String(key), arrayOf(values)[at] ?? null]))
  ),
  set_union: array((sets) => distinct(sets.flatMap((set) => [...arrayOf(set)]))),
  set_intersect: array(([head, ...others]) => {
    const keys = others.map(keysOf);
    return distinct(arrayOf(head)).filter((item) => keys.every((set) => set.has(keyText(item))));
  }),
  set_difference: array(([head, ...others]) => {
    const keys = others.map(keysOf);
    return distinct(arrayOf(head)).filter((item) => !keys.some((set) => set.has(keyText(item))));
  }),
  set_has_element: {
    gives: "bool",
    call: ([set, item], types) =>
      isArray(set!) ? keysOf(set).has(keyText(toDynamic(item!, types[1]!))) : null,
  },
  extract_json: {
    takes: ["string"],
    call: ([path, json]) => {
      const found = atPath(parseJson(json as string), path as string);
      return found === null ? "" : toText("dynamic", found);
    },
  },
  extractjson: {
    takes: ["string"],
    call: ([path, json]) => {
      const found = atPath(parseJson(json as string), path as string);
      return found === null ? "" : toText("dynamic", found);
    },
  },
  zip: array((lists) => {
    const longest = Math.max(...lists.map((list) => arrayOf(list).length));
    return Array.from(
      { length: longest },
      (_, at) => lists.map((list) => arrayOf(list)[at] ?? null),
    );
  }),
  repeat: array(([value, times], types) =>
    Array.from({ length: Math.max(0, Number(times)) }, () => toDynamic(value!, types[0]!))
  ),
  range: array(([from, to, step], types) => {
    const items: Value[] = [];
    const by = step ??
      (types[0] === "datetime" || types[0] === "timespan"
        ? 36_000_000_000n
        : types[0] === "long"
        ? 1n
        : 1);
    const exact = [from, to, by].every((value) => typeof value === "bigint");
    const [first, last, width] = exact ? [from, to, by] : [from, to, by].map(Number);
    if (Number(width) === 0) return null;
    for (
      let at = first as number;
      Number(width) > 0 ? at <= (last as number) : at >= (last as number);
    ) {
      items.push(toDynamic(at, exact ? types[0]! : "real"));
      at = (at + (width as number)) as number;
    }
    return items;
  }),
  treepath: array(([value]) => paths(value!, "$")),
  estimate_data_size: {
    nulls: true,
    gives: "long",
    call: (args, types) =>
      args.reduce<bigint>((sum, arg, at) => sum + BigInt(toText(types[at]!, arg).length), 0n),
  },
};

function rotate(list: Value, by: number): Value {
  if (!isArray(list)) return null;
  if (list.length === 0) return list;
  const at = ((by % list.length) + list.length) % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

function pack(args: readonly Value[], types: readonly ScalarType[]): Value {
  const entries: [string, Value][] = [];
  for (let at = 0; at + 1 < args.length; at += 2) {
    entries.push([toText(types[at]!, args[at]!), toDynamic(args[at + 1]!, types[at + 1]!)]);
  }
  return makeBag(entries);
}

function paths(value: Value, at: string): Value[] {
  if (isArray(value)) return [`${at}[0]`, ...value.flatMap((item) => paths(item, `${at}[0]`))];
  if (!isBag(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const path = `${at}.${key}`;
    return [path, ...paths(item, path)];
  });
}
