/**
 * A value that the model does not allow. The call that throws it has changed
 * nothing.
 *
 * @example Usage
 * ```ts
 * import { InvalidValueError } from "@ruthere/presence/core";
 * import { PresenceStore } from "@ruthere/presence/store";
 * import { assertEquals } from "@std/assert";
 *
 * try {
 *   new PresenceStore().expire(Infinity);
 * } catch (error) {
 *   if (!(error instanceof InvalidValueError)) throw error;
 *   assertEquals(error.field, "now");
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
   * Makes the error. Its message is
   * `Cannot <action>: <field> <rule>: received <value>`.
   *
   * @param action The action that was refused, beginning with a verb.
   * @param field The name of the field.
   * @param rule The rule that the value breaks, such as `must be a string`.
   * @param value The offending value.
   */
  constructor(action: string, field: string, rule: string, value: unknown) {
    super(`Cannot ${action}: ${field} ${rule}: received ${format(value)}`);
    this.name = "InvalidValueError";
    this.field = field;
    this.value = value;
  }
}

/** Formats any value for a message: short and on one line. */
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
