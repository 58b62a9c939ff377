// @ts-check

/**
 * Words for the codes of the wire. Of several codes of a person, the first in the
 * list counts.
 *
 * @module
 */

/** @typedef {{ code: string, word: string, meaning: string }} Word */

/** @type {readonly Word[]} */
export const ACTIVITIES = [
  { code: "editing", word: "Editing", meaning: "changing something" },
  { code: "presenting", word: "Presenting", meaning: "showing something" },
  { code: "acting", word: "Acting", meaning: "carrying out a task" },
  { code: "navigating", word: "Navigating", meaning: "finding the way" },
  { code: "observing", word: "Observing", meaning: "reading or watching" },
  { code: "idle", word: "Idle", meaning: "here, but not active" },
];

/** @type {readonly Word[]} */
export const AVAILABILITIES = [
  { code: "busy", word: "Busy", meaning: "better not to be disturbed" },
  { code: "available", word: "Available", meaning: "glad to be talked to" },
  { code: "away", word: "Away", meaning: "not at the screen" },
];

/**
 * What people do in a document.
 *
 * @type {readonly Word[]}
 */
export const DOCUMENT_ACTIVITIES = [
  { code: "editing", word: "Editing", meaning: "changing the text" },
  { code: "selecting", word: "Selecting", meaning: "has selected something" },
  { code: "viewing", word: "Viewing", meaning: "reading along" },
  { code: "idle", word: "Idle", meaning: "here, but not active" },
  { code: "away", word: "Away", meaning: "not looking at the page" },
];

/**
 * Returns a value that is the code of one of the words.
 *
 * @param {readonly Word[]} words
 * @param {unknown} value
 * @returns {string | undefined} `undefined` for any other value.
 */
export function codeIn(words, value) {
  return words.find(({ code }) => code === value)?.code;
}

/**
 * Returns the word for a code. An unknown code is its own word.
 *
 * @param {readonly Word[]} words
 * @param {string} code
 * @returns {Word}
 */
export function wordFor(words, code) {
  return words.find((word) => word.code === code) ??
    { code, word: code, meaning: "" };
}

/**
 * Returns the foremost of several codes. Unknown codes come last.
 *
 * @param {readonly Word[]} words
 * @param {readonly string[]} codes
 * @returns {string | undefined} `undefined` if there are none.
 */
export function foremost(words, codes) {
  const known = words.find(({ code }) => codes.includes(code));
  return known?.code ?? codes[0];
}

/**
 * Puts commas and an "and" between the items of a list.
 *
 * @template T
 * @param {readonly T[]} items
 * @returns {(T | string)[]}
 */
export function listed(items) {
  return items.flatMap((item, index) => {
    if (index === 0) return [item];
    return [index === items.length - 1 ? " and " : ", ", item];
  });
}

/**
 * Writes a count with its noun.
 *
 * @param {number} count
 * @param {string} noun in the singular
 * @returns {string} such as `2 tabs`
 */
export function counted(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
