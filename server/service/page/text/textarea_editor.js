// @ts-check
/// <reference lib="dom" />

import { made, place } from "../people/dom.js";
import { editBetween, edited, movedBy, positionAt } from "./text_edit.js";

/** @typedef {{ left: number, top: number, width: number, height: number }} Box */
/** @typedef {import("../../../client/views/mod.ts").CursorCoordinates} Coordinates */
/** @typedef {import("../../../client/views/mod.ts").CursorPosition} Position */
/** @typedef {import("./text_edit.js").Place} Place */
/** @typedef {import("./text_edit.js").TextEdit} TextEdit */

/** Has no width; it makes the end of the text measurable. */
const END = "\u200b";

/** Scripts that are written from right to left. */
const RIGHT_TO_LEFT =
  /\p{Script=Hebrew}|\p{Script=Arabic}|\p{Script=Syriac}|\p{Script=Thaana}|\p{Script=Nko}/u;

/** The box of a letter while nothing is shown. */
const NOWHERE = { left: 0, top: 0, width: 0, height: 0 };

/** The width of a selected line break, in parts of the height of a line. */
const BREAK_WIDTH = 0.2;

/**
 * A textarea as an editor for `CursorRenderer`. Browsers can't measure the
 * letters of a textarea. So they measure the mirror, an invisible element that
 * has the same text, width and font.
 */
export class TextareaEditor {
  #textarea;
  #mirror = made("div", "", "writing mirror");
  #letters = document.createTextNode(END);
  #range = document.createRange();
  #lineHeight = 0;

  /**
   * @param {HTMLTextAreaElement} textarea has the class `writing`, whose styles
   * alone decide where letters are
   * @param {HTMLElement} container lies above the textarea
   */
  constructor(textarea, container) {
    this.#textarea = textarea;
    this.container = container;
    this.#mirror.append(this.#letters);
    container.append(this.#mirror);
    this.update();
  }

  /** @returns {string} */
  get text() {
    return this.#textarea.value.toWellFormed();
  }

  /** @returns {Place} What is selected. */
  get selected() {
    const { selectionStart, selectionEnd, selectionDirection } = this.#textarea;
    return selectionDirection === "backward"
      ? { anchor: selectionEnd, head: selectionStart }
      : { anchor: selectionStart, head: selectionEnd };
  }

  /** Updates the mirror after the text or its room has changed. */
  update() {
    const { clientWidth, clientHeight } = this.#textarea;
    const style = getComputedStyle(this.#textarea);
    const padding = parseFloat(style.paddingLeft) +
      parseFloat(style.paddingRight);
    // The client width is without the scroll bar.
    place(this.container, {
      width: clientWidth - padding,
      height: clientHeight,
    });
    this.#lineHeight = parseFloat(style.lineHeight);
    const letters = this.text + END;
    if (this.#letters.data !== letters) this.#letters.data = letters;
  }

  /**
   * Applies the edits of somebody else. The same letters stay selected.
   *
   * @param {readonly TextEdit[]} edits
   */
  apply(edits) {
    const { anchor, head } = edits.reduce(movedBy, this.selected);
    // As one edit: the browser lays out the whole text for each.
    const text = edits.reduce(edited, this.text);
    const { start, end, inserted } = editBetween(this.text, text, 0);
    this.#textarea.setRangeText(inserted, start, end);
    const { selected } = this;
    // Some browsers focus the textarea when a script selects.
    if (selected.anchor !== anchor || selected.head !== head) {
      this.#textarea.setSelectionRange(
        Math.min(anchor, head),
        Math.max(anchor, head),
        head < anchor ? "backward" : "forward",
      );
    }
    this.update();
  }

  /**
   * Applies edits of the one who writes here, and puts the caret there.
   *
   * @param {readonly TextEdit[]} edits
   */
  applyOwn(edits) {
    const last = edits.at(-1);
    if (last === undefined) return;
    this.apply(edits);
    const caret = last.start + last.inserted.length;
    this.#textarea.setSelectionRange(caret, caret);
    const { top, height } = this.getCoordinates(positionAt(this.text, caret));
    const { clientHeight } = this.#textarea;
    if (top < 0 || top + height > clientHeight) {
      this.#textarea.scrollTop += top - clientHeight / 2;
    }
  }

  /**
   * Returns where a position is now: before the letter that follows it, which is
   * on its right if it is written from right to left. At the end of a line it is
   * behind the last letter. Only the offset of the position counts.
   *
   * @param {Position} position
   * @returns {Coordinates}
   */
  getCoordinates({ offset }) {
    const { text } = this;
    const at = positionAt(text, offset).offset;
    const isLineEnd = at === text.length || text[at] === "\n";
    const isBehind = isLineEnd && at > 0 && text[at - 1] !== "\n";
    const letterAt = isBehind ? positionAt(text, at - 1).offset : at;
    const letter = this.#boxesOf(letterAt, letterAt + 1)[0] ?? NOWHERE;
    const [left, right] = [letter.left, letter.left + letter.width];
    const code = text.codePointAt(letterAt) ?? 0;
    const isRightToLeft = RIGHT_TO_LEFT.test(String.fromCodePoint(code));
    const edges = this.#boxesOf(at, at)
      .filter(({ top }) => Math.abs(top - letter.top) < 1);
    // Within a letter of several code points there is no edge.
    const isWithin = edges.some(({ width }) => width > 0);
    const [edge, opposite] = isRightToLeft === (isBehind || isWithin)
      ? [left, right]
      : [right, left];
    // Spaces and the like have the direction of what surrounds them.
    const isEdge = (/** @type {number} */ x) =>
      edges.some(({ left }) => Math.abs(left - x) < 0.5);
    return {
      left: isWithin || isEdge(edge) || !isEdge(opposite) ? edge : opposite,
      top: letter.top,
      height: letter.height,
    };
  }

  /**
   * Returns the visible boxes that a part of the text covers now: one for each
   * piece of a line, and a narrow one for each line break.
   *
   * @param {Position} start
   * @param {Position} end
   * @returns {Box[]}
   */
  getBoxes(start, end) {
    const { text } = this;
    const first = positionAt(text, start.offset).offset;
    const last = positionAt(text, end.offset).offset;
    if (first >= last) return [];
    const { clientHeight } = this.#textarea;
    return joined(
      this.#boxesOf(first, last)
        .filter(({ top, height }) => top + height > 0 && top < clientHeight)
        // A line break has no width.
        .map((box) => ({
          ...box,
          width: box.width || this.#lineHeight * BREAK_WIDTH,
        })),
    );
  }

  /**
   * Measures a part of the text. The boxes are relative to the container, and as
   * high as lines.
   *
   * @param {number} start
   * @param {number} end
   * @returns {Box[]}
   */
  #boxesOf(start, end) {
    this.#range.setStart(this.#letters, start);
    this.#range.setEnd(this.#letters, end);
    const container = this.container.getBoundingClientRect();
    const zoom = this.container.currentCSSZoom ?? 1;
    return [...this.#range.getClientRects()].map((rect) => {
      // A letter stands in the middle of its line.
      const middle = (rect.top + rect.height / 2 - container.top) / zoom;
      return {
        left: (rect.left - container.left) / zoom,
        top: middle - this.#lineHeight / 2 - this.#textarea.scrollTop,
        width: rect.width / zoom,
        height: this.#lineHeight,
      };
    });
  }

  /** The visible part of the text. */
  get viewport() {
    const { clientHeight, scrollHeight, scrollTop } = this.#textarea;
    const hidden = scrollHeight - clientHeight;
    const percentage = hidden <= 0 ? 0 : scrollTop / hidden * 100;
    return {
      topLine: this.#lineAt(0),
      bottomLine: this.#lineAt(clientHeight),
      scrollPercentage: Math.min(100, Math.max(0, percentage)),
    };
  }

  /**
   * Finds the last line that begins above a height.
   *
   * @param {number} height in pixels below the upper edge
   */
  #lineAt(height) {
    let [first, last] = [0, this.text.length];
    while (first < last) {
      const middle = Math.ceil((first + last) / 2);
      const { top } = this.getCoordinates(positionAt(this.text, middle));
      if (top < height) first = middle;
      else last = middle - 1;
    }
    return positionAt(this.text, first).line;
  }
}

/**
 * Joins boxes that touch each other in a line: where translucent boxes overlap,
 * their colour would be seen twice.
 *
 * @param {readonly Box[]} boxes
 */
function joined(boxes) {
  const sorted = boxes.toSorted((one, other) => {
    const below = one.top - other.top;
    return Math.abs(below) < 1 ? one.left - other.left : below;
  });
  /** @type {Box[]} */
  const found = [];
  for (const box of sorted) {
    const last = found.at(-1);
    const touches = last !== undefined && box.top - last.top < 1 &&
      box.left <= last.left + last.width + 0.5;
    if (!touches) found.push({ ...box });
    else last.width = Math.max(last.width, box.left + box.width - last.left);
  }
  return found;
}
