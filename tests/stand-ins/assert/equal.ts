/** Whether two values are deeply equal: as `equal` of `@std/assert` has it. */
export function equal(a: unknown, b: unknown): boolean {
  return equalWithin(a, b, new Map());
}

function equalWithin(a: unknown, b: unknown, seen: Map<object, object>): boolean {
  if (Object.is(a, b) || (a === 0 && b === 0)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b) && a.constructor !== b.constructor) {
    return false;
  }
  if (seen.get(a) === b) return true;
  seen.set(a, b);
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
  if (a instanceof RegExp && b instanceof RegExp) return String(a) === String(b);
  if (a instanceof Set && b instanceof Set) {
    const left = [...b];
    return a.size === b.size && [...a].every((item) => {
      const at = left.findIndex((other) => equalWithin(item, other, seen));
      if (at >= 0) left.splice(at, 1);
      return at >= 0;
    });
  }
  if (a instanceof Map && b instanceof Map) {
    const left = [...b];
    return a.size === b.size && [...a].every((entry) => {
      const at = left.findIndex((other) => equalWithin(entry, other, seen));
      if (at >= 0) left.splice(at, 1);
      return at >= 0;
    });
  }
  if (a instanceof Error && b instanceof Error && (a.name !== b.name || a.message !== b.message)) {
    return false;
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return a.length === b.length && a.every((byte, at) => byte === b[at]);
  }
  const keys = Reflect.ownKeys(a).filter((key) => isEnumerable(a, key));
  return keys.length === Reflect.ownKeys(b).filter((key) => isEnumerable(b, key)).length &&
    keys.every((key) =>
      isEnumerable(b, key) &&
      equalWithin(
        (a as Record<PropertyKey, unknown>)[key],
        (b as Record<PropertyKey, unknown>)[key],
        seen,
      )
    );
}

function isEnumerable(object: object, key: PropertyKey): boolean {
  return Object.prototype.propertyIsEnumerable.call(object, key);
}
