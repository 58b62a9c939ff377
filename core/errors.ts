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

/**
 * Throws if options are left that are not known: a misspelt name would be taken
 * in silence otherwise. One that is `undefined` counts as absent. The error has
 * the name and not the value, which may be a secret.
 *
 * @param others What is left of the options without those that are known.
 * @param action What can't be done with them, for the message.
 * @param field The name of the field that holds the options, for the message.
 * @throws {InvalidValueError} If an option is left.
 *
 * @example Usage
 * ```ts
 * import { assertNoOtherOptions, InvalidValueError } from "@ruthere/presence/core";
 * import { assertThrows } from "@std/assert";
 *
 * function listen({ port = 80, ...others }: { port?: number } = {}) {
 *   assertNoOtherOptions(others, "listen");
 *   return port;
 * }
 * const misspelt = { port: 81, prot: 8080 };
 * assertThrows(
 *   () => listen(misspelt),
 *   InvalidValueError,
 *   'Cannot listen: options must have known names only: received "prot"',
 * );
 * ```
 */
export function assertNoOtherOptions(
  others: object,
  action: string,
  field = "options",
): void {
  for (const [name, value] of Object.entries(others)) {
    if (value === undefined) continue;
    const rule = "must have known names only";
    throw new InvalidValueError(action, field, rule, name);
  }
}

/**
 * Throws unless a value is an object with some methods. Its class does not
 * matter, as there may be several copies of it.
 *
 * @param value The value.
 * @param methods The names of the methods.
 * @param field The name of the field that holds it, for the message.
 * @param rule What it must be, for the message.
 * @param action What can't be done with a bad one, for the message.
 * @throws {InvalidValueError} If it is no object, or a method is missing.
 *
 * @example Usage
 * ```ts
 * import { assertMethods, InvalidValueError } from "@ruthere/presence/core";
 * import { assertThrows } from "@std/assert";
 *
 * assertMethods(new Map(), ["get"], "cache", "must be a Map", "look up");
 * assertThrows(
 *   () => assertMethods({}, ["get"], "cache", "must be a Map", "look up"),
 *   InvalidValueError,
 *   "Cannot look up: cache must be a Map: received an object",
 * );
 * ```
 */
export function assertMethods(
  value: unknown,
  methods: readonly string[],
  field: string,
  rule: string,
  action: string,
): void {
  const isObject = typeof value === "object" && value !== null;
  if (
    isObject &&
    methods.every((name) => typeof Reflect.get(value, name) === "function")
  ) return;
  throw new InvalidValueError(action, field, rule, value);
}

/**
 * Throws unless options are an object: `null` can't be taken apart.
 *
 * @param options The options.
 * @param action What can't be done without them, for the message.
 * @throws {InvalidValueError} If they are no object.
 *
 * @example Usage
 * ```ts
 * import { assertOptions, InvalidValueError } from "@ruthere/presence/core";
 * import { assertThrows } from "@std/assert";
 *
 * assertOptions({ port: 80 }, "listen");
 * assertThrows(
 *   () => assertOptions(null, "listen"),
 *   InvalidValueError,
 *   "Cannot listen: options must be an object: received null",
 * );
 * ```
 */
export function assertOptions(options: unknown, action: string): void {
  if (typeof options === "object" && options !== null) return;
  throw new InvalidValueError(action, "options", "must be an object", options);
}

/**
 * Throws unless a value is a function, like a clock or a callback.
 *
 * @param value The value.
 * @param field The name of the field that holds it, for the message.
 * @param action What can't be done with a bad one, for the message.
 * @throws {InvalidValueError} If it is no function.
 *
 * @example Usage
 * ```ts
 * import { assertFunction, InvalidValueError } from "@ruthere/presence/core";
 * import { assertThrows } from "@std/assert";
 *
 * assertFunction(Date.now, "clock", "create server");
 * assertThrows(
 *   () => assertFunction(5, "clock", "create server"),
 *   InvalidValueError,
 *   "Cannot create server: clock must be a function: received 5",
 * );
 * ```
 */
export function assertFunction(
  value: unknown,
  field: string,
  action: string,
): void {
  if (typeof value === "function") return;
  throw new InvalidValueError(action, field, "must be a function", value);
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
