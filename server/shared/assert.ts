import { InvalidValueError } from "../../core/mod.ts";

/**
 * Checks that a value is a `PresenceServer`, of this or another copy of the
 * package, or a wrapper of one. Nothing else has a `store`.
 */
export function assertServer(value: unknown, action: string): void {
  const hasStore = typeof value === "object" && value !== null &&
    "store" in value && typeof value.store === "object";
  if (hasStore) return;
  const rule = "must be a PresenceServer";
  throw new InvalidValueError(action, "server", rule, value);
}

/**
 * Checks that a value is a well-formed string. JavaScript may pass a number,
 * which a wire would turn into text.
 */
export function assertText(
  value: unknown,
  field: string,
  action: string,
): void {
  if (typeof value === "string" && value.isWellFormed()) return;
  const rule = "must be a well-formed string";
  throw new InvalidValueError(action, field, rule, value);
}

/** Checks that a value is a well-formed string that is not empty. */
export function assertName(
  value: unknown,
  field: string,
  action: string,
): void {
  if (typeof value === "string" && value !== "" && value.isWellFormed()) return;
  const rule = "must be a well-formed string that is not empty";
  throw new InvalidValueError(action, field, rule, value);
}

/** Reports whether a value is a well-formed string of limited length. */
export function isShortText(
  value: unknown,
  maxLength: number,
): value is string {
  return typeof value === "string" && value.length <= maxLength &&
    value.isWellFormed();
}

/** Checks that a value is a number above zero, `Infinity` included. */
export function assertPositive(
  value: unknown,
  field: string,
  action: string,
): void {
  if (typeof value === "number" && value > 0) return;
  throw new InvalidValueError(action, field, "must be a number above 0", value);
}

/** Checks that a value is a number of zero or more, `Infinity` included. */
export function assertNotNegative(
  value: unknown,
  field: string,
  action: string,
): void {
  if (typeof value === "number" && value >= 0) return;
  const rule = "must be a number of zero or more";
  throw new InvalidValueError(action, field, rule, value);
}
