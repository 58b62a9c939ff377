// @ts-check

/**
 * A number from 0 to 2 ** 32 - 1 that is always the same for a text (FNV-1a,
 * stirred so that short texts spread as well).
 *
 * @param {string} text
 * @returns {number}
 */
export function hash(text) {
  let bits = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    bits = Math.imul(bits ^ text.charCodeAt(i), 0x01000193);
  }
  bits = Math.imul(bits ^ (bits >>> 16), 0x45d9f3b);
  return (bits ^ (bits >>> 15)) >>> 0;
}
