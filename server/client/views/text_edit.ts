import type { CursorPosition, CursorSelection } from "./cursor_renderer.ts";

/** A change of a text at one place. It never splits a surrogate pair. */
export interface TextEdit {
  /** Where it begins, in UTF-16 units. */
  readonly start: number;
  /** The end of what is replaced, in the text before the edit. */
  readonly end: number;
  /** What is inserted there. */
  readonly inserted: string;
}

/** A caret or a selection, as offsets in a text. */
export interface Place {
  readonly anchor: number;
  readonly head: number;
}

/**
 * Finds the smallest edit that makes one text of another. Where letters repeat,
 * the caret decides which ones are new: an edit ends at the caret. O(length).
 */
export function editBetween(
  before: string,
  after: string,
  caret: number,
): TextEdit {
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

/** Returns the text after an edit. */
export function edited(text: string, { start, end, inserted }: TextEdit) {
  return text.slice(0, start) + inserted + text.slice(end);
}

/** Reports whether an offset is between the two halves of a surrogate pair. */
function isInPair(text: string, offset: number): boolean {
  return offset > 0 && (text.codePointAt(offset - 1) ?? 0) > 0xffff;
}

/**
 * Moves a caret or a selection as an edit moves its letters. A caret stays a
 * caret, behind the letter before it. A selection does not grow by what is
 * inserted at its ends.
 */
export function movedBy({ anchor, head }: Place, edit: TextEdit): Place {
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

/** Moves an offset, perhaps behind what is inserted there. */
function offsetAfter(
  offset: number,
  { start, end, inserted }: TextEdit,
  isBehind: boolean,
): number {
  if (offset < start) return offset;
  if (offset > end || offset === end && start < end) {
    return offset + inserted.length - (end - start);
  }
  return isBehind ? start + inserted.length : start;
}

/**
 * Returns the position at an offset, which is moved into the text, and out of a
 * surrogate pair.
 */
export function positionAt(text: string, offset: number): CursorPosition {
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

/** Returns the positions at both ends of a place. */
export function selectionAt(
  text: string,
  { anchor, head }: Place,
): CursorSelection & { readonly isBackward: boolean } {
  return {
    anchor: positionAt(text, anchor),
    head: positionAt(text, head),
    isBackward: head < anchor,
  };
}
