/**
 * Functions over arrays and bags.
 *
 * @module
 */
import { compareForSort, equalValues, keyText } from "../values/compare.ts";
import { convertValue, toDynamic } from "../values/convert.ts";
import { type Dynamic, dynamicText, isArray, isBag, makeBag } from "../values/dynamic.ts";
import { exhausted } from "../exhausted.ts";
import type { ScalarFunction } from "./functions.ts";
import type { ScalarType, Value } from "../values/values.ts";

/** As many elements as an array made by a function may have. */
const mostElements = 1_048_576;

type Of = ScalarFunction["of"];
type Items = readonly Dynamic[];

/** A function of an array; of what is none it gives null. */
function ofArray(type: ScalarType, of: (items: Items, ...args: Value[]) => Value): ScalarFunction {
  return {
    takes: ["dynamic", undefined],
    type,
    nulls: true,
    of: ([array, ...args]) => isArray(array!) ? of(array, ...args) : null,
  };
}

/** A function of several arrays; one that is none makes the result null. */
function ofArrays(of: (arrays: readonly Items[]) => Value): ScalarFunction {
  return {
    takes: ["dynamic"],
    type: "dynamic",
    nulls: true,
    of: (arrays) => arrays.every(isArray) ? of(arrays) : null,
  };
}

function distinct(items: Items): Dynamic[] {
  return [...new Map(items.map((item) => [keyText(item), item])).values()];
}

function keysOf(items: Items): Set<string> {
  return new Set(items.map(keyText));
}

function indexOf(items: Items, wanted: Value, from: number, length: number, nth: number): bigint {
  const first = from < 0 ? Math.max(0, items.length + from) : from;
  const last = length < 0 ? items.length : Math.min(items.length, first + length);
  for (let at = first; at < last; at++) {
    if (equalValues(items[at]!, wanted) && --nth === 0) return BigInt(at);
  }
  return -1n;
}

function sliceOf(items: Items, from: Value, to: Value): Dynamic[] {
  const place = (index: number) => index < 0 ? Math.max(0, items.length + index) : index;
  return items.slice(place(Number(from)), place(Number(to)) + 1);
}

function sorted(items: Items, descending: boolean, nullsLast: boolean): Dynamic[] {
  const ordering = { descending, nullsFirst: !nullsLast };
  return items.toSorted((a, b) => compareForSort(a, b, ordering));
}

/** Of one array; the parser gives a call with several another type. */
function arraySort(descending: boolean): ScalarFunction {
  return ofArray("dynamic", (items, ...rest) => sorted(items, descending, rest.at(-1) !== false));
}

function shift(items: Items, by: number, fill: Value): Dynamic[] {
  const padding = new Array<Dynamic>(Math.min(Math.abs(by), items.length)).fill(fill);
  return by >= 0 ? [...items.slice(by), ...padding] : [...padding, ...items.slice(0, by)];
}

function rotate(items: Items, by: number): Dynamic[] {
  if (items.length === 0) return [];
  const start = ((by % items.length) + items.length) % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

const bagPack: Of = (args, types) => {
  const entries: [string, Dynamic][] = [];
  for (let at = 0; at + 1 < args.length; at += 2) {
    entries.push([String(args[at]), toDynamic(args[at + 1]!, types[at + 1]!)]);
  }
  return makeBag(entries);
};

const pack: ScalarFunction = { type: "dynamic", nulls: true, of: bagPack };

/** The bags joined, the first one to hold a key keeping it. */
const bagMerge: Of = (bags) =>
  makeBag(bags.toReversed().flatMap((bag) => isBag(bag) ? Object.entries(bag) : []));

/** The keys that a path such as `$.a['b c']` goes through; a plain key stands for itself. */
function keyPath(path: string): string[] {
  if (!path.startsWith("$")) return [path];
  return [...path.matchAll(/\.([^.[\]]+)|\[(['"])(.*?)\2\]/g)].map(([, name, , quoted]) =>
    name ?? quoted!
  );
}

function hasKey(bag: Dynamic, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true;
  return isBag(bag) && Object.hasOwn(bag, key) && hasKey(bag[key]!, rest);
}

function without(bag: Dynamic, [key, ...rest]: readonly string[]): Dynamic {
  if (!isBag(bag) || key === undefined || !Object.hasOwn(bag, key)) return bag;
  const { [key]: inner, ...others } = bag;
  return rest.length === 0 ? others : { ...bag, [key]: without(inner!, rest) };
}

function withKey(bag: Dynamic, [key, ...rest]: readonly string[], value: Dynamic): Dynamic {
  if (key === undefined) return value;
  const entries = isBag(bag) ? bag : {};
  const inner = Object.hasOwn(entries, key) ? entries[key]! : null;
  return makeBag([...Object.entries(entries), [key, withKey(inner, rest, value)]]);
}

function removeKeys(bag: Value, keys: Value): Value {
  if (!isBag(bag) || !isArray(keys)) return null;
  return keys.reduce<Dynamic>((left, key) => without(left, keyPath(dynamicText(key))), bag);
}

/** Numbers or times from one to another. */
function rangeOf([from, to, step]: readonly Value[], types: readonly ScalarType[]): Value {
  const type = types[0] === "datetime" || types[0] === "timespan"
    ? types[0]
    : types.includes("real")
    ? "real"
    : "long";
  const stepType = type === "datetime" ? "timespan" : type;
  const hour = 36_000_000_000n;
  const one = type === "real" ? 1 : type === "long" ? 1n : hour;
  const first = convertValue(from!, types[0]!, type) as number;
  const last = convertValue(to!, types[1]!, type) as number;
  const by = (step === undefined ? one : convertValue(step, types[2]!, stepType)) as number;
  const items: Dynamic[] = [];
  if (!by || first === null || last === null) return null;
  for (let at = first; by > 0 ? at <= last : at >= last; at = at + by) {
    items.push(toDynamic(at, type));
    if (items.length === mostElements) break;
  }
  return items;
}

/** The paths of all that a value holds, elements of arrays standing for each other. */
function pathsOf(value: Value, at: string): Dynamic[] {
  if (isArray(value)) {
    const paths = value.flatMap((item) => pathsOf(item, `${at}[0]`));
    return distinct([`${at}[0]`, ...paths]);
  }
  if (!isBag(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const path = `${at}['${key}']`;
    return [path, ...pathsOf(item, path)];
  });
}

const array = (args: readonly Value[], types: readonly ScalarType[]): Dynamic[] =>
  args.map((arg, at) => toDynamic(arg, types[at]!));

const arrayIff: ScalarFunction = ofArray(
  "dynamic",
  (conditions, yes, no) =>
    conditions.map((condition, at) => {
      if (typeof condition !== "boolean" && typeof condition !== "number") return null;
      const chosen = (condition ? yes : no) ?? null;
      return isArray(chosen) ? chosen[at] ?? null : chosen;
    }),
);

/** The functions by name. */
export const dynamicFunctions: Readonly<Record<string, ScalarFunction>> = {
  array_length: ofArray("long", (items) => BigInt(items.length)),
  arraylength: ofArray("long", (items) => BigInt(items.length)),
  array_concat: ofArrays((arrays) => arrays.flat()),
  array_index_of: {
    type: "long",
    of: ([items, wanted, from, length, nth], types) =>
      isArray(items!)
        ? indexOf(
          items,
          toDynamic(wanted!, types[1]!),
          Number(from ?? 0),
          Number(length ?? -1),
          Number(nth ?? 1),
        )
        : null,
  },
  array_slice: ofArray("dynamic", (items, from, to) => sliceOf(items, from!, to!)),
  array_reverse: ofArray("dynamic", (items) => items.toReversed()),
  array_sort_asc: arraySort(false),
  array_sort_desc: arraySort(true),
  array_sum: ofArray(
    "real",
    (items) => items.reduce<number>((sum, item) => sum + Number(item ?? 0), 0),
  ),
  array_shift_left: ofArray("dynamic", (items, by, fill) => shift(items, Number(by), fill ?? null)),
  array_shift_right: ofArray(
    "dynamic",
    (items, by, fill) => shift(items, -Number(by), fill ?? null),
  ),
  array_rotate_left: ofArray("dynamic", (items, by) => rotate(items, Number(by))),
  array_rotate_right: ofArray("dynamic", (items, by) => rotate(items, -Number(by))),
  array_iff: arrayIff,
  array_iif: arrayIff,
  array_split: ofArray("dynamic", (items, at) => {
    const places = (isArray(at!) ? at : [at!]).map(Number);
    const edges = [
      0,
      ...places.map((place) => place < 0 ? Math.max(0, items.length + place) : place),
    ];
    return edges.map((edge, index) => items.slice(edge, edges[index + 1]));
  }),
  treepath: { takes: ["dynamic"], type: "dynamic", of: ([value]) => pathsOf(value!, "") },
  set_union: ofArrays((arrays) => distinct(arrays.flat())),
  set_intersect: ofArrays(([first = [], ...others]) => {
    const keys = others.map(keysOf);
    return distinct(first).filter((item) => keys.every((key) => key.has(keyText(item))));
  }),
  set_difference: ofArrays(([first = [], ...others]) => {
    const gone = keysOf(others.flat());
    return distinct(first).filter((item) => !gone.has(keyText(item)));
  }),
  set_has_element: {
    type: "bool",
    of: ([items, wanted], types) =>
      isArray(items!)
        ? items.some((item) => equalValues(item, toDynamic(wanted!, types[1]!)))
        : null,
  },
  jaccard_index: {
    takes: ["dynamic"],
    type: "real",
    of: ([a, b]) => {
      if (!isArray(a!) || !isArray(b!)) return null;
      const [left, right] = [keysOf(a), keysOf(b)];
      const both = [...left].filter((key) => right.has(key)).length;
      return both / (left.size + right.size - both);
    },
  },
  bag_keys: {
    takes: ["dynamic"],
    type: "dynamic",
    of: ([bag]) => isBag(bag!) ? Object.keys(bag) : null,
  },
  bag_has_key: {
    takes: ["dynamic", "string"],
    type: "bool",
    of: ([bag, key]) => isBag(bag!) ? hasKey(bag, keyPath(key as string)) : null,
  },
  bag_pack: pack,
  pack,
  pack_dictionary: pack,
  bag_merge: { takes: ["dynamic"], type: "dynamic", nulls: true, of: bagMerge },
  bag_remove_keys: {
    takes: ["dynamic"],
    type: "dynamic",
    of: ([bag, keys]) => removeKeys(bag!, keys!),
  },
  bag_set_key: {
    type: "dynamic",
    of: ([bag, key, value], types) =>
      isBag(bag!) ? withKey(bag, keyPath(key as string), toDynamic(value!, types[2]!)) : null,
  },
  bag_zip: {
    takes: ["dynamic"],
    type: "dynamic",
    of: ([keys, values]) => {
      if (!isArray(keys!)) return null;
      const items = isArray(values!) ? values : [];
      return makeBag(
        keys.flatMap((key, at): [string, Dynamic][] =>
          typeof key === "string" ? [[key, items[at] ?? null]] : []
        ),
      );
    },
  },
  pack_array: { type: "dynamic", nulls: true, of: array },
  repeat: {
    type: "dynamic",
    nulls: true,
    of: ([value, count], types) => {
      const length = Math.max(0, Number(count));
      if (length > mostElements) throw exhausted(`repeat() makes ${length} elements`);
      return new Array<Dynamic>(length).fill(toDynamic(value!, types[0]!));
    },
  },
  zip: ofArrays((arrays) => {
    const length = Math.max(...arrays.map((items) => items.length));
    return Array.from({ length }, (_, at) => arrays.map((items) => items[at] ?? null));
  }),
  range: { type: "dynamic", of: rangeOf },
};
