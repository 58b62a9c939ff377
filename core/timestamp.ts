import { InvalidValueError } from "./errors.ts";

/**
 * A point in time: a finite number in a unit that the application picks.
 * The server uses Unix milliseconds.
 */
export type Timestamp = number;

/** A span of time, in the unit of {@linkcode Timestamp}. */
export type Duration = number;

/**
 * Throws unless a value is a {@linkcode Timestamp}.
 *
 * @param value The value to check.
 * @param field The name of the field that holds it, for the message.
 * @param action What can't be done with a bad one, for the message.
 * @throws {InvalidValueError} If the value is not a finite number.
 *
 * @example Usage
 * ```ts
 * import { assertTimestamp } from "@ruthere/presence/core";
 * import { assertThrows } from "@std/assert";
 *
 * assertTimestamp(1_700_000_000_000, "observedAt", "publish update");
 * assertThrows(() => assertTimestamp(NaN, "observedAt", "publish update"));
 * ```
 */
export function assertTimestamp(
  value: unknown,
  field: string,
  action: string,
): asserts value is Timestamp {
  if (Number.isFinite(value)) return;
  throw new InvalidValueError(action, field, "must be a finite number", value);
}
