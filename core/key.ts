/**
 * Identifies a subject, a context, a resource or an origin: a well-formed
 * string or a finite number. Branded strings and numbers are welcome. Over a
 * wire, keys are strings.
 *
 * Every such value is an ordinary key: `""`, `"null"`, `".."` and
 * `"__proto__"` mean nothing special, and `1` is not `"1"`.
 */
export type Key = string | number;

/**
 * Reports whether a value is a {@linkcode Key}.
 *
 * @param value The value to check.
 * @returns `true` for a string without lone surrogates and for a finite number.
 *
 * @example Usage
 * ```ts
 * import { isKey } from "@ruthere/presence/core";
 * import { assert, assertFalse } from "@std/assert";
 *
 * assert(isKey(""));
 * assert(isKey(42));
 * assertFalse(isKey(NaN));
 * assertFalse(isKey("\ud800"));
 * ```
 */
export function isKey(value: unknown): value is Key {
  return typeof value === "string"
    ? value.isWellFormed()
    : Number.isFinite(value);
}

/**
 * Orders keys everywhere in the package: absent first, then numbers by value,
 * then strings by UTF-16 code unit.
 *
 * @param a One key, or `undefined` for an absent one.
 * @param b The other.
 * @returns A negative number if `a` comes first, a positive one if `b` does,
 * else 0.
 *
 * @example Usage
 * ```ts
 * import { compareKeys } from "@ruthere/presence/core";
 * import { assertEquals } from "@std/assert";
 *
 * // Array.prototype.sort never compares undefined: it always puts it last.
 * assertEquals(["b", 10, "", 9].sort(compareKeys), [9, 10, "", "b"]);
 * assertEquals(compareKeys(undefined, ""), -1);
 * ```
 */
export function compareKeys(a: Key | undefined, b: Key | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === "number" ? -1 : 1;
}
