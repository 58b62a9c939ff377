/** Whether a frame has more bytes, as it goes over the wire, than a limit. */
export function isLarger(frame: string | Uint8Array, bytes: number): boolean {
  if (frame.length > bytes || typeof frame !== "string") {
    return frame.length > bytes;
  }
  // A unit of a string has three bytes at most.
  return 3 * frame.length > bytes &&
    new TextEncoder().encode(frame).length > bytes;
}

/** The beginning of a text that has so many bytes at most. */
export function cut(text: string, bytes: number): string {
  const whole = new TextEncoder().encode(text);
  if (whole.length <= bytes) return text;
  let end = bytes;
  // Not within a character.
  while ((whole[end] ?? 0) >> 6 === 0b10) end--;
  return new TextDecoder().decode(whole.subarray(0, end));
}
