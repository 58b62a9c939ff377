type Keyed = Record<PropertyKey, unknown>;

/** Kinds whose text determines them. */
const TOLD_BY_TEXT = [RegExp, URL, URLSearchParams, Intl.Locale];

const TypedArray: new () => Uint8Array = Object.getPrototypeOf(Uint8Array);

/** An object without a prototype counts as a plain one. */
function prototypeOf(value: object): object {
  return Object.getPrototypeOf(value) ?? Object.prototype;
}

/** Plain objects and arrays: their own enumerable keys. */
function* enumerableKeys(value: object): Iterable<PropertyKey> {
  for (const key of Reflect.ownKeys(value)) {
    if (Object.prototype.propertyIsEnumerable.call(value, key)) yield key;
  }
}

/** Instances of a class: every key, and the getters of their prototypes. */
function* allKeys(value: object): Iterable<PropertyKey> {
  for (
    let at = value;
    at && at !== Object.prototype && at !== Array.prototype;
    at = Object.getPrototypeOf(at)
  ) yield* Reflect.ownKeys(at);
}

/**
 * Deep equality like that of the real package. Unlike `node:assert` it treats 0 and
 * -0 as equal, and a plain object and one without a prototype.
 */
export function equal(
  a: unknown,
  b: unknown,
  seen: Map<unknown, unknown> = new Map(),
): boolean {
  if (isSame(a, b)) return true;
  if (!a || !b || typeof a !== "object" || typeof b !== "object") return false;
  if (a instanceof Date && b instanceof Date) {
    return Object.is(a.getTime(), b.getTime());
  }
  const prototype = prototypeOf(a);
  if (prototype !== prototypeOf(b)) return false;
  if (a instanceof TypedArray && b instanceof TypedArray) {
    return a.length === b.length && a.every((x, index) => isSame(x, b[index]));
  }
  if (isBuffer(a) && isBuffer(b)) {
    return equal(new Uint8Array(a), new Uint8Array(b));
  }
  if (a instanceof WeakMap || a instanceof WeakSet) {
    const kind = a instanceof WeakMap ? "WeakMap" : "WeakSet";
    throw new TypeError(`Cannot compare ${kind} instances`);
  }
  if (a instanceof WeakRef && b instanceof WeakRef) {
    return equal(a.deref(), b.deref(), seen);
  }
  if (seen.get(a) === b) return true;
  if (Object.keys(a).length !== Object.keys(b).length) return false;
  seen.set(a, b);
  if (a instanceof Set && b instanceof Set) {
    return hasAll(new Map(a.entries()), new Map(b.entries()), seen);
  }
  if (a instanceof Map && b instanceof Map) return hasAll(a, b, seen);
  if (TOLD_BY_TEXT.some((kind) => kind.prototype === prototype)) {
    return String(a) === String(b);
  }
  const simple = prototype === Object.prototype ||
    prototype === Array.prototype;
  const keysOf = simple ? enumerableKeys : allKeys;
  for (const key of new Set([...keysOf(a), ...keysOf(b)])) {
    if (key in a !== key in b) return false;
    if (!equal((a as Keyed)[key], (b as Keyed)[key], seen)) return false;
  }
  return true;
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || Object.is(a, b);
}

function isBuffer(value: object): value is ArrayBuffer | SharedArrayBuffer {
  return value instanceof ArrayBuffer || value instanceof SharedArrayBuffer;
}

/** Reports whether two maps are equal; their keys may be objects. */
function hasAll(
  a: Map<unknown, unknown>,
  b: Map<unknown, unknown>,
  seen: Map<unknown, unknown>,
): boolean {
  if (a.size !== b.size) return false;
  const isSimple = a.keys().every((key) => Object(key) !== key);
  return a.entries().every(([key, value]) =>
    isSimple
      ? b.has(key) && equal(value, b.get(key), seen)
      : b.entries().some(([otherKey, otherValue]) =>
        equal(key, otherKey, seen) && equal(value, otherValue, seen)
      )
  );
}
