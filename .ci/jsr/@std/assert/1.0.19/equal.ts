import { isDeepStrictEqual } from "node:util";

type Keyed = Record<PropertyKey, unknown>;

/** Kinds whose text says everything about them. */
const TOLD_BY_TEXT = [RegExp, URL, URLSearchParams, Intl.Locale];

/** An object without a prototype counts as a plain one. */
function prototypeOf(value: object): object {
  return Object.getPrototypeOf(value) ?? Object.prototype;
}

/** Plain objects and arrays: the enumerable keys of their own. */
function* enumerableKeys(value: object): Iterable<PropertyKey> {
  for (const key of Reflect.ownKeys(value)) {
    if (Object.prototype.propertyIsEnumerable.call(value, key)) yield key;
  }
}

/** Instances of a class: every key, their prototypes' getters too. */
function* allKeys(value: object): Iterable<PropertyKey> {
  for (
    let at = value;
    at && at !== Object.prototype && at !== Array.prototype;
    at = Object.getPrototypeOf(at)
  ) yield* Reflect.ownKeys(at);
}

/**
 * Deep equality as the real package has it. Unlike `node:assert` it takes 0 and
 * -0 for equal, and a plain object and one without a prototype.
 */
export function equal(
  a: unknown,
  b: unknown,
  seen: Map<unknown, unknown> = new Map(),
): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (!a || !b || typeof a !== "object" || typeof b !== "object") return false;
  if (a instanceof Date && b instanceof Date) {
    return Object.is(a.getTime(), b.getTime());
  }
  const prototype = prototypeOf(a);
  if (prototype !== prototypeOf(b)) return false;
  if (a instanceof WeakMap || a instanceof WeakSet) {
    throw new TypeError(`Cannot compare ${a.constructor.name} instances`);
  }
  if (a instanceof WeakRef && b instanceof WeakRef) {
    return equal(a.deref(), b.deref(), seen);
  }
  if (
    ArrayBuffer.isView(a) || a instanceof ArrayBuffer ||
    a instanceof SharedArrayBuffer
  ) return isDeepStrictEqual(a, b);
  if (TOLD_BY_TEXT.some((kind) => kind.prototype === prototype)) {
    return String(a) === String(b);
  }
  if (seen.get(a) === b) return true;
  if (Object.keys(a).length !== Object.keys(b).length) return false;
  seen.set(a, b);
  if (a instanceof Set && b instanceof Set) {
    return a.size === b.size &&
      [...a].every((x) => b.has(x) || [...b].some((y) => equal(x, y, seen)));
  }
  if (a instanceof Map && b instanceof Map) {
    const entries = [...b];
    return a.size === b.size &&
      [...a].every(([key, value]) =>
        b.has(key) ? equal(value, b.get(key), seen) : entries.some(
          ([k, v]) => equal(key, k, seen) && equal(value, v, seen),
        )
      );
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
