const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reports whether a text or bytes have more bytes as UTF-8 than a limit. */
export function isLarger(data: string | Uint8Array, bytes: number): boolean {
  if (data.length > bytes || typeof data !== "string") {
    return data.length > bytes;
  }
  // A unit of UTF-16 has at most three bytes of UTF-8.
  return 3 * data.length > bytes && encoder.encode(data).length > bytes;
}

/** Returns the longest beginning of a text that fits into a number of bytes. */
export function cut(text: string, bytes: number): string {
  const whole = encoder.encode(text);
  if (whole.length <= bytes) return text;
  let end = bytes;
  // Not within a character.
  while ((whole[end] ?? 0) >> 6 === 0b10) end--;
  return decoder.decode(whole.subarray(0, end));
}

/** Reads bytes as UTF-8; returns `undefined` if they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Writes bytes as base64. */
export function base64Of(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Reads base64; returns `undefined` if the text is not base64. */
export function bytesOf(base64: string): Uint8Array | undefined {
  try {
    const text = atob(base64);
    return Uint8Array.from(text, (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
