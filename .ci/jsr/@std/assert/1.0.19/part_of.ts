type Keyed = Record<PropertyKey, unknown>;

/** The values that have a part already, by pattern. */
type Seen = WeakMap<object, object>;

/**
 * The part of a value that a pattern names, at every depth: the own keys of an
 * object, as many first elements of an array, the keys of a map, the members of a
 * set. Classes don't matter, except those of dates and regular expressions. The
 * real package has its oddities: within maps, arrays and dates count as objects,
 * and a value that recurs with the same pattern stays whole.
 */
export function partOf(
  value: object,
  pattern: object,
  seen: Seen = new WeakMap(),
): object {
  if (typeof value !== "object" || value === null) {
    const kind = value === null ? "null" : `type ${typeof value}`;
    throw new TypeError(`Cannot assertObjectMatch ${kind}`);
  }
  if (seen.get(value) === pattern) return value;
  seen.set(value, pattern);
  const keys = Reflect.ownKeys(value);
  const named = Reflect.ownKeys(pattern);
  const common = keys.filter((key) => named.includes(key));
  const differ = keys.length > 0 && named.length > 0 && common.length === 0;
  const part: Keyed = {};
  for (const key of differ ? keys : common) {
    const found = (value as Keyed)[key];
    Object.defineProperty(part, key, {
      value: differ
        ? found
        : partOfMember(found, (pattern as Keyed)[key], seen),
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  return part;
}

function partOfMember(value: unknown, pattern: unknown, seen: Seen): unknown {
  if (value instanceof RegExp || value instanceof Date) return value;
  if (!isObject(value) || !isObject(pattern)) return value;
  if (Array.isArray(value) && Array.isArray(pattern)) {
    if (seen.get(value) === pattern) return value;
    seen.set(value, pattern);
    const count = Math.min(value.length, pattern.length);
    return Array.from(
      { length: count },
      (_, index) => partOfMember(value[index], pattern[index], seen),
    );
  }
  if (value instanceof Map && pattern instanceof Map) {
    const named = [...value].filter(([key]) => pattern.has(key));
    return new Map(named.map(([key, found]) => {
      const wanted = pattern.get(key);
      const isDeep = isObject(found) && isObject(wanted);
      return [key, isDeep ? partOf(found, wanted, seen) : found];
    }));
  }
  if (value instanceof Set && pattern instanceof Set) {
    return value.intersection(pattern);
  }
  return partOf(value, pattern, seen);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
