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

/** The same of a name, which an empty text is none of. */
export function assertName(
  value: unknown,
  field: string,
  action: string,
): void {
  assertText(value, field, action);
  if (value !== "") return;
  throw new InvalidValueError(action, field, "must not be empty", value);
}

/** The same of each name in an array. */
export function assertNames(
  values: unknown,
  field: string,
  action: string,
): void {
  if (!Array.isArray(values)) {
    throw new InvalidValueError(action, field, "must be an array", values);
  }
  for (const [index, value] of values.entries()) {
    assertName(value, `${field}[${index}]`, action);
  }
}

/** Throws unless JSON can carry what somebody is called or looks like. */
export function assertCarried(
  value: string,
  field: string,
  action: string,
): void {
  try {
    assertText(value, field, action);
  } catch (error) {
    throw new SerializationError(action, field, error);
  }
}

/** Tells whether a value is a number of more than zero, and no text of one. */
export function isAmount(value: unknown): value is number {
  return typeof value === "number" && value > 0;
}

/** Throws unless a value is a number of more than zero. */
export function assertAmount(
  value: unknown,
  field: string,
  action: string,
): void {
  if (isAmount(value)) return;
  const rule = "must be a number of more than zero";
  throw new InvalidValueError(action, field, rule, value);
}
