import { InvalidValueError } from "../../core/mod.ts";
import type { JsonValue } from "../internal.ts";

/**
 * A meta where an application names no type of its own: a JSON value. To the
 * compiler any object is one, as an `interface` does not fit {@linkcode
 * JsonValue}. A value that JSON can't represent is refused when it is tracked.
 */
export type TopicMeta = JsonValue | object;

/** The deepest nesting: code that walks a value needs a stack. */
const MAX_DEPTH = 64;

/**
 * Copies a JSON value, so that the caller may go on changing it. As in JSON,
 * members that are `undefined` are left out, and an `undefined` in an array is
 * `null`. O(value).
 *
 * @param value The value.
 * @param field The name of the field that holds it, for the message.
 * @param action What can't be done with a bad one, for the message.
 * @param depth How many levels are around it.
 * @returns The copy.
 * @throws {InvalidValueError} If the value is `undefined`, contains something
 * that JSON can't represent, like a function, `NaN` or a `Date`, or is nested
 * deeper than 64 levels.
 */
export function copyJson(
  value: unknown,
  field: string,
  action: string,
  depth = 0,
): JsonValue {
  if (value === null) return null;
  if (typeof value === "boolean" || typeof value === "string") return value;
  // JSON writes -0 as 0, and so does this.
  if (typeof value === "number" && Number.isFinite(value)) return value + 0;
  if (depth >= MAX_DEPTH) {
    const rule = `must not be nested deeper than ${MAX_DEPTH} levels`;
    throw new InvalidValueError(action, field, rule, value);
  }
  if (Array.isArray(value)) {
    return Array.from(
      value,
      (item, index) =>
        copyJson(item ?? null, `${field}[${index}]`, action, depth + 1),
    );
  }
  if (isPlainObject(value)) {
    // Not by assignment: "__proto__" is a name like any other.
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .map(([name, member]) => [
          name,
          copyJson(member, `${field}.${name}`, action, depth + 1),
        ]),
    );
  }
  throw new InvalidValueError(action, field, "must be a JSON value", value);
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype ||
    // An object of another realm: of a test runner or an iframe.
    Object.getPrototypeOf(prototype) === null;
}
