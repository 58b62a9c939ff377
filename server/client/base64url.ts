/** Writes a text as base64url, without padding. */
export function base64UrlOf(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Reads a text from base64url; throws an error if it is none. */
export function textIn(base64Url: string): string {
  const binary = atob(base64Url.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (byte) => byte.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}
