/**
 * The hue of a person, from 0 to 359 degrees. Browsers get this file as well.
 *
 * @module
 */

/** Hues of people who are there together are so many degrees apart or more. */
const APART = 20;

/** As long as there are no more people than these. */
export const PEOPLE_APART = 12;

/** How many people could be apart if no room were wasted. */
export const MOST_PEOPLE_APART = 360 / APART;

/**
 * A number from 0 to 2 ** 32 - 1 that is always the same for a text: FNV-1a over
 * its UTF-8 bytes, then the final mix of MurmurHash3. Without the mix, texts that
 * differ in the last letter get numbers that differ in a few bits.
 *
 * @param text The text.
 */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return (hash ^ hash >>> 16) >>> 0;
}

/**
 * The hue that an id makes.
 *
 * @param userId The id of the person.
 */
export function hueOf(userId: string): number {
  return hashOf(userId) % 360;
}

/**
 * Finds a hue for somebody who comes: the nearest one to where the search starts
 * that is 20 degrees or more from all that are taken, and leaves room for twelve
 * people. If there is none, the one that is farthest from all that are taken.
 *
 * @param start Where the search starts.
 * @param taken The hues of those who are there.
 */
export function hueApart(start: number, taken: readonly number[]): number {
  // So many that nobody could be apart from all of them.
  if (taken.length >= MOST_PEOPLE_APART) return start;
  let farthest = { hue: start, distance: -1 };
  for (let step = 0; step <= 180; step++) {
    for (const hue of [(start + step) % 360, (start - step + 360) % 360]) {
      if (fits(hue, taken)) return hue;
      const distances = taken.map((other) => distanceOf(hue, other));
      const distance = Math.min(APART, ...distances);
      if (distance > farthest.distance) farthest = { hue, distance };
    }
  }
  return farthest.hue;
}

/**
 * Whether a hue is far enough from those that are taken, and wastes no room that
 * others may need. From each hue to the next one there are as many places as
 * `APART` goes into the gap, so all gaps must have one, and together `PEOPLE_APART`.
 * Who leaves joins two gaps, which never makes fewer places.
 *
 * @param hue The hue.
 * @param taken The hues of others.
 */
export function fits(hue: number, taken: readonly number[]): boolean {
  const hues = [...taken, hue].sort((a, b) => a - b);
  const [first = 0] = hues;
  const places = hues.map((hue, index) =>
    Math.floor(((hues[index + 1] ?? first + 360) - hue) / APART)
  );
  return !places.includes(0) &&
    places.reduce((sum, count) => sum + count) >= PEOPLE_APART;
}

/** How far two hues are apart, in degrees. */
function distanceOf(one: number, other: number): number {
  const distance = Math.abs(one - other);
  return Math.min(distance, 360 - distance);
}
