/** Writes bytes in base64. */
export function base64Of(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Reads base64; `undefined` if it is none. */
export function bytesOf(base64: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(
      atob(base64),
      (character) => character.charCodeAt(0),
    );
  } catch {
    return undefined;
  }
}
