import { equal } from "./equal.ts";

type Keyed = Record<PropertyKey, unknown>;

/**
 * Whether `actual` holds at least what `expected` names, at every depth. Of an
 * array as many elements as expected count, from its start; of a map the keys
 * that are expected; of a set its members. Classes don't matter.
 */
export function matches(actual: unknown, expected: unknown): boolean {
  if (
    !actual || !expected || typeof actual !== "object" ||
    typeof expected !== "object" || actual instanceof Date ||
    actual instanceof RegExp
  ) return equal(actual, expected);
  if (actual instanceof Map && expected instanceof Map) {
    return [...expected].every(([key, value]) =>
      actual.has(key) && matches(actual.get(key), value)
    );
  }
  if (actual instanceof Set && expected instanceof Set) {
    return [...expected].every((member) => actual.has(member));
  }
  return Reflect.ownKeys(expected).every((key) =>
    // An array's length is not something that it must share.
    (key === "length" && Array.isArray(expected)) ||
    (Object.hasOwn(actual, key) &&
      matches((actual as Keyed)[key], (expected as Keyed)[key]))
  );
}
