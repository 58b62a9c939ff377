/** Any JSON value. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/**
 * A JSON object. Any name can be an own property of it, `__proto__` too: copy it
 * by spreading, never by assigning. A number like `1e999` is read as `Infinity`,
 * and written as `null`.
 */
export interface JsonObject {
  /** The value of a name. */
  readonly [name: string]: JsonValue;
}

/** Reports whether a value from JSON is an object, not an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Parses JSON; returns `undefined` if the text is not JSON. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
