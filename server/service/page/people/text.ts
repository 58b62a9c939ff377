/**
 * Readers of values that any program may have sent or stored.
 *
 * @module
 */

/** The longest texts that are shown, in characters. */
export const LENGTHS = { name: 64, status: 80, word: 32, device: 48 };

/** Returns the fields of an object in JSON; none for any other text. */
export function fieldsIn(json: string): Readonly<Record<string, unknown>> {
  try {
    return { ...JSON.parse(json) };
  } catch {
    return {};
  }
}

/**
 * Puts a text on one line, and cuts it to a length in characters: between words,
 * if there is a place to do so in its second half. Returns `undefined` for no text,
 * and an empty one.
 */
export function readText(value: unknown, length: number): string | undefined {
  if (typeof value !== "string") return undefined;
  const line = value.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  const characters = [...line];
  if (characters.length <= length) return line === "" ? undefined : line;
  const kept = characters.slice(0, length - 1);
  const space = kept.lastIndexOf(" ");
  const end = space > length / 2 ? space : kept.length;
  return `${kept.slice(0, end).join("")}…`;
}

/** Reads a whole number from 0. */
export function readCount(value: unknown): number | undefined {
  const isCount = Number.isSafeInteger(value) && Number(value) >= 0;
  return isCount ? Number(value) : undefined;
}
