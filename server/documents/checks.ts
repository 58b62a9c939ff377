import { InvalidValueError } from "../../core/mod.ts";
import { assertName, assertText } from "../internal.ts";
import { SerializationError } from "./errors.ts";

/** Throws unless a value is an array of names. */
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
