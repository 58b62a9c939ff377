/**
 * The hue of a person, from 0 to 359 degrees. Browsers load this file too.
 *
 * @module
 */

/** The least distance of the hues of people who are present together. */
const APART = 20;

/** The largest number of people for which that holds. */
export const PEOPLE_APART = 12;

/** How many people would fit if no room were wasted. */
export const MOST_PEOPLE_APART = 360 / APART;

/**
 * Returns a number from 0 to 2 ** 32 - 1 that is always the same for a text:
 * FNV-1a over its UTF-8 bytes, then the final mix of MurmurHash3. Without the
 * mix, texts that differ in the last letter would get numbers that differ in a
 * few bits.
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
 * Returns the hue of an id.
 *
 * @param userId The id of the person.
 */
export function hueOf(userId: string): number {
  return hashOf(userId) % 360;
}

/**
 * Finds a hue for a person who joins: the nearest one to the start of the
 * search that is 20 degrees or more from all taken hues and leaves room for
 * twelve people. If there is none, it is the one that is farthest from all
 * taken hues.
 *
 * @param start The start of the search.
 * @param taken The hues of the people who are present.
 */
export function hueApart(start: number, taken: readonly number[]): number {
  // With so many, nobody could be apart from all of them.
  if (taken.length >= MOST_PEOPLE_APART) return start;
  let farthest = { hue: start, distance: -1 };
  for (let step = 0; step <= 180; step++) {
    for (const hue of [(start + step) % 360, (start - step + 360) % 360]) {
      let distance = APART;
      for (const other of taken) {
        distance = Math.min(distance, distanceOf(hue, other));
      }
      // Most hues are too near to others, which costs less to find out.
      if (distance === APART && fits(hue, taken)) return hue;
      if (distance > farthest.distance) farthest = { hue, distance };
    }
  }
  return farthest.hue;
}

/**
 * Reports whether a hue is far enough from taken ones and wastes no room that
 * others may need. The gap between two neighbouring hues has one place for each
 * `APART` degrees. Every gap must have a place, and all together `PEOPLE_APART`
 * places. A person who leaves joins two gaps, which never makes fewer places.
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

/** Returns the distance of two hues in degrees. */
function distanceOf(one: number, other: number): number {
  const distance = Math.abs(one - other);
  return Math.min(distance, 360 - distance);
}
