/**
 * Whether two values are deeply equal, as `equal` of `@std/assert` has it: by content, own enumerable
 * properties included; `NaN` equals itself and `0` equals `-0`.
 *
 * @throws {TypeError} If the values are weak collections, whose content nobody can see.
 */
export function equal(a: unknown, b: unknown): boolean {
  return equalWithin(a, b, new Map());
}

type Seen = Map<object, object>;

function equalWithin(a: unknown, b: unknown, seen: Seen): boolean {
  if (Object.is(a, b) || a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (!haveSameClass(a, b)) return false;
  if (a instanceof WeakMap || a instanceof WeakSet) {
    throw new TypeError(`cannot compare ${a.constructor.name} instances`);
  }
  if (a instanceof WeakRef && b instanceof WeakRef) {
    return equalWithin(a.deref(), b.deref(), seen);
  }
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
  if ((a instanceof RegExp && b instanceof RegExp) || (a instanceof URL && b instanceof URL)) {
    return String(a) === String(b);
  }
  const bytes = bytesOf(a);
  if (bytes) return haveSameBytes(bytes, bytesOf(b)!);
  // What contains itself is equal unless something else in it is not.
  if (seen.get(a) === b) return true;
  seen.set(a, b);
  if (a instanceof Set && b instanceof Set && !haveSameItems(a, b, seen)) return false;
  if (a instanceof Map && b instanceof Map && !haveSameItems(a, b, seen)) return false;
  if (a instanceof Error && b instanceof Error && (a.name !== b.name || a.message !== b.message)) {
    return false;
  }
  return haveSameProperties(a, b, seen);
}

function haveSameClass(a: object, b: object): boolean {
  const classes = [a.constructor ?? Object, b.constructor ?? Object];
  return classes[0] === classes[1];
}

function bytesOf(value: object): Uint8Array | undefined {
  if (ArrayBuffer.isView(value)) {
    // Floats have more than one NaN, so they are compared as properties.
    if (/^(Big)?(Ui|I)nt\d+(Clamped)?Array$|^DataView$/.test(value.constructor.name)) {
      return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    }
    return undefined;
  }
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined;
}

function haveSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** Whether each item has a counterpart of its own; items that are objects are compared deeply. */
function haveSameItems(a: Iterable<unknown>, b: Iterable<unknown>, seen: Seen): boolean {
  const left = [...b];
  for (const item of a) {
    // An attempt that fails must leave no trace of what it took for equal.
    const at = left.findIndex((other) => equalWithin(item, other, new Map(seen)));
    if (at < 0) return false;
    left.splice(at, 1);
  }
  return left.length === 0;
}

function haveSameProperties(a: object, b: object, seen: Seen): boolean {
  const keys = enumerableKeys(a);
  return keys.length === enumerableKeys(b).length &&
    keys.every((key) =>
      Object.prototype.propertyIsEnumerable.call(b, key) &&
      equalWithin(Reflect.get(a, key), Reflect.get(b, key), seen)
    );
}

function enumerableKeys(object: object): PropertyKey[] {
  return Reflect.ownKeys(object)
    .filter((key) => Object.prototype.propertyIsEnumerable.call(object, key));
}
