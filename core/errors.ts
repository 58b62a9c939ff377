/**
 * A value that the model does not allow. Nothing has changed when it is
 * thrown.
 *
 * @example Usage
 * ```ts
 * import { assertTimestamp, InvalidValueError } from "@ruthere/presence/core";
 * import { assertEquals } from "@std/assert";
 *
 * try {
 *   assertTimestamp(Infinity, "observedAt", "publish update");
 * } catch (error) {
 *   if (!(error instanceof InvalidValueError)) throw error;
 *   assertEquals(error.field, "observedAt");
 *   assertEquals(error.value, Infinity);
 * }
 * ```
 */
export class InvalidValueError extends TypeError {
  /** The name of the field, with a dot between its parts. */
  readonly field: string;
  /** The offending value. */
  readonly value: unknown;

  /**
   * Makes the error; its message is
   * `Cannot <action>: <field> <rule>: received <value>`.
   *
   * @param action What could not be done, a verb first.
   * @param field The name of the field.
   * @param rule What the field must be.
   * @param value The offending value.
   */
  constructor(action: string, field: string, rule: string, value: unknown) {
    super(`Cannot ${action}: ${field} ${rule}: received ${format(value)}`);
    this.name = "InvalidValueError";
    this.field = field;
    this.value = value;
  }
}

/** Shows a value in a message: short, on one line, whatever it is. */
function format(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(
      value.length > 60 ? `${value.slice(0, 60)}…` : value,
    );
  }
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}
