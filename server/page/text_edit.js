// @ts-check

/**
 * How one text becomes another: at one place something is replaced.
 *
 * @typedef {object} TextEdit
 * @property {number} start in UTF-16 units, as all offsets
 * @property {number} end of what is replaced, in the former text
 * @property {string} inserted
 */

/**
 * The smallest edit that makes one text of another. O(length).
 *
 * @param {string} before
 * @param {string} after
 * @returns {TextEdit}
 */
export function editBetween(before, after) {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let same = 0;
  while (
    same < shorter - start && before.at(-1 - same) === after.at(-1 - same)
  ) {
    same++;
  }
  return {
    start,
    end: before.length - same,
    inserted: after.slice(start, after.length - same),
  };
}

/**
 * Where an offset is after an edit: what stood after it still does.
 *
 * @param {number} offset
 * @param {TextEdit} edit
 * @returns {number}
 */
export function movedBy(offset, { start, end, inserted }) {
  if (offset < start) return offset;
  if (offset < end) return start;
  return offset + inserted.length - (end - start);
}

/**
 * A place in a text, by its line and column, too.
 *
 * @param {string} text
 * @param {number} offset taken into the text where it is beyond
 * @returns {import("./cursor_renderer.js").Position}
 */
export function positionAt(text, offset) {
  const within = Math.min(text.length, Math.max(0, offset));
  const before = text.slice(0, within);
  const lineStart = before.lastIndexOf("\n") + 1;
  return {
    line: before.split("\n").length - 1,
    column: within - lineStart,
    offset: within,
  };
}
