// @ts-check

/**
 * A change of a text at one place. Start and end never split a surrogate pair.
 *
 * @typedef {object} TextEdit
 * @property {number} start in UTF-16 units, as all offsets
 * @property {number} end of what is replaced, in the former text
 * @property {string} inserted
 */

/** @typedef {{ anchor: number, head: number }} Place offsets in the text */

/**
 * Finds the smallest edit that makes one text of another. Where letters repeat,
 * the caret decides which ones are new: an edit ends at the caret. O(length).
 *
 * @param {string} before
 * @param {string} after
 * @param {number} caret in the text after the edit
 * @returns {TextEdit}
 */
export function editBetween(before, after, caret) {
  const shorter = Math.min(before.length, after.length);
  const behind = Math.min(shorter, after.length - caret);
  let same = 0;
  while (same < behind && before.at(-1 - same) === after.at(-1 - same)) same++;
  let start = 0;
  while (start < shorter - same && before[start] === after[start]) start++;
  if (isInPair(before, start) || isInPair(after, start)) start--;
  const [end, newEnd] = [before.length - same, after.length - same];
  // Equal letters follow, so both ends are in a pair, or one half was replaced.
  const half = isInPair(before, end) || isInPair(after, newEnd) ? 1 : 0;
  return {
    start,
    end: end + half,
    inserted: after.slice(start, newEnd + half),
  };
}

/**
 * Returns the text after an edit.
 *
 * @param {string} text
 * @param {TextEdit} edit
 */
export function edited(text, { start, end, inserted }) {
  return text.slice(0, start) + inserted + text.slice(end);
}

/**
 * Reports whether an offset is between the two halves of a surrogate pair.
 *
 * @param {string} text
 * @param {number} offset
 */
function isInPair(text, offset) {
  return offset > 0 && (text.codePointAt(offset - 1) ?? 0) > 0xffff;
}

/**
 * Moves a caret or a selection as an edit moves its letters. A caret stays a
 * caret, behind the letter before it. A selection does not grow by what is
 * inserted at its ends.
 *
 * @param {Place} place
 * @param {TextEdit} edit
 * @returns {Place}
 */
export function movedBy({ anchor, head }, edit) {
  const last = offsetAfter(Math.max(anchor, head), edit, false);
  const isCaret = anchor === head;
  // All that was selected may be deleted.
  const first = isCaret
    ? last
    : Math.min(last, offsetAfter(Math.min(anchor, head), edit, true));
  return anchor <= head
    ? { anchor: first, head: last }
    : { anchor: last, head: first };
}

/**
 * @param {number} offset
 * @param {TextEdit} edit
 * @param {boolean} isBehind whether it moves behind what is inserted there
 */
function offsetAfter(offset, { start, end, inserted }, isBehind) {
  if (offset < start) return offset;
  if (offset > end || offset === end && start < end) {
    return offset + inserted.length - (end - start);
  }
  return isBehind ? start + inserted.length : start;
}

/**
 * Returns the position at an offset, with line and column.
 *
 * @param {string} text
 * @param {number} offset is moved into the text, and out of a surrogate pair
 * @returns {import("../../../client/views/mod.ts").CursorPosition}
 */
export function positionAt(text, offset) {
  const inText = Math.min(text.length, Math.max(0, offset));
  const within = isInPair(text, inText) ? inText - 1 : inText;
  const before = text.slice(0, within);
  const lineStart = before.lastIndexOf("\n") + 1;
  return {
    line: before.split("\n").length - 1,
    column: within - lineStart,
    offset: within,
  };
}
