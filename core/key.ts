import { InvalidValueError } from "./errors.ts";

/**
 * Names a subject, a context, a resource or an origin: a well-formed string
 * or a finite number. Branded strings and numbers are welcome. Over a wire,
 * keys are strings.
 *
 * Every such value is an ordinary key: `""`, `"null"`, `".."` and
 * `"__proto__"` mean nothing special, and `1` is not `"1"`.
 */
export type Key = string | number;

/**
 * Tells whether a value can be a {@linkcode Key}.
 *
 * @param value The value to look at.
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
 * Throws unless a value can be a {@linkcode Key}.
 *
 * @param value The value to check.
 * @param field The name of the field that holds it, for the message.
 * @param action What can't be done with a bad one, for the message.
 * @throws {InvalidValueError} If the value is not a key.
 *
 * @example Usage
 * ```ts
 * import { assertKey, InvalidValueError } from "@ruthere/presence/core";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(
 *   () => assertKey(NaN, "subject", "publish update"),
 *   InvalidValueError,
 *   "Cannot publish update: subject must be a well-formed string or a finite number: received NaN",
 * );
 * ```
 */
export function assertKey(
  value: unknown,
  field: string,
  action: string,
): asserts value is Key {
  if (isKey(value)) return;
  throw new InvalidValueError(
    action,
    field,
    "must be a well-formed string or a finite number",
    value,
  );
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
 * // Array.prototype.sort never compares undefined: it goes last by itself.
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
