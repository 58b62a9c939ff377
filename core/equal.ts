/**
 * Compares two facet values by structure: primitives by value (`NaN` equals
 * itself), arrays and plain objects by their elements and members. As in JSON, a
 * member that is `undefined` counts as absent. Anything else is equal only to
 * itself.
 *
 * @param a One value, free of cycles.
 * @param b The other.
 * @returns `true` if both have the same structure.
 *
 * @example Usage
 * ```ts
 * import { equalValues } from "@ruthere/presence/core";
 * import { assert, assertFalse } from "@std/assert";
 *
 * assert(equalValues({ line: 1, tags: ["a"] }, { tags: ["a"], line: 1 }));
 * assert(equalValues({ line: 1 }, { line: 1, column: undefined }));
 * assertFalse(equalValues({ line: 1 }, { line: 1, column: null }));
 * ```
 */
export function equalValues(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object") return false;
  if (a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let index = 0; index < a.length; index++) {
      if (!equalValues(a[index], b[index])) return false;
    }
    return true;
  }
  if (!isPlainObject(a) || !isPlainObject(b)) return false;
  let defined = 0;
  for (const name in a) {
    if (!isDefined(a, name)) continue;
    if (!isDefined(b, name) || !equalValues(a[name], b[name])) return false;
    defined++;
  }
  for (const name in b) if (isDefined(b, name)) defined--;
  return defined === 0;
}

function isDefined(value: Record<string, unknown>, name: string): boolean {
  return Object.hasOwn(value, name) && value[name] !== undefined;
}

function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
