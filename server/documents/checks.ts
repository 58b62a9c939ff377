import { InvalidValueError } from "../../core/mod.ts";
import { SerializationError } from "./errors.ts";

/** Without types it could be a number, which a wire would make a text of. */
export function assertText(
  value: unknown,
  field: string,
  action: string,
): void {
  if (typeof value === "string" && value.isWellFormed()) return;
  const rule = "must be a well-formed string";
  throw new InvalidValueError(action, field, rule, value);
}

/** The same of what somebody is called or looks like. */
export function assertCarried(
  value: unknown,
  field: string,
  action: string,
): void {
  try {
    assertText(value, field, action);
  } catch (error) {
    throw new SerializationError(action, field, error);
  }
}

/** Throws unless a number is more than zero. */
export function assertAmount(
  value: number,
  field: string,
  action: string,
): void {
  if (value > 0) return;
  const rule = "must be more than zero";
  throw new InvalidValueError(action, field, rule, value);
}
