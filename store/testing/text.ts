/**
 * Formats a value so that two values have the same text if and only if
 * they have the same structure: the order of names in an object does not
 * matter, `-0` differs from `0`, `undefined` from nothing.
 */
export function exactText(value: unknown): string {
  return Object.is(value, -0) ? "-0" : textWith(exactText, value);
}

/** Formats a value with `-0` as `0`, as in a key. */
export function keyText(value: unknown): string {
  return textWith(keyText, value);
}

function textWith(inner: (value: unknown) => string, value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(inner).join()}]`;
  if (value instanceof Map) return `Map{${pairs(inner, [...value])}}`;
  return `{${pairs(inner, Object.entries(value))}}`;
}

function pairs(
  inner: (value: unknown) => string,
  entries: readonly (readonly [unknown, unknown])[],
): string {
  return entries.map(([name, value]) => `${inner(name)}:${inner(value)}`)
    .sort().join();
}
