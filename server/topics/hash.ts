/** FNV-1a with 32 bits in two lanes; the second has its own prime and offset. */
const LANES = [
  { offset: 0x811c9dc5, prime: 0x01000193 },
  { offset: 0xc9dc5811, prime: 0x01000193 ^ 0x5bd1e000 },
] as const;

/**
 * Returns a short name for a text: the same everywhere, and different for
 * almost every other text. There is no gain in making two texts collide: both
 * would be one's own. O(text).
 */
export function hashText(text: string): string {
  return LANES.map(({ offset, prime }) => {
    let hash: number = offset;
    for (let index = 0; index < text.length; index++) {
      hash = Math.imul(hash ^ text.charCodeAt(index), prime);
    }
    // FNV leaves the last characters in the low bits; this spreads them.
    hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
    hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
    return ((hash ^ hash >>> 16) >>> 0).toString(36).padStart(7, "0");
  }).join("");
}
