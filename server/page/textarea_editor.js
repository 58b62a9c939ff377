// @ts-check
/// <reference lib="dom" />

import { made } from "./dom.js";
import { movedBy, positionAt } from "./text_edit.js";

/** @typedef {import("./cursor_renderer.js").Coordinates} Coordinates */
/** @typedef {import("./cursor_renderer.js").Position} Position */
/** @typedef {import("./text_edit.js").Place} Place */
/** @typedef {import("./text_edit.js").TextEdit} TextEdit */

/** Takes no room, so that there is something to measure after the last line. */
const END = "\u200b";

/**
 * A textarea as a `CursorRenderer` needs it. Browsers don't tell where a letter
 * of a textarea is; but they do for the same text in an element of the same
 * width and font, the mirror, which nobody sees.
 */
export class TextareaEditor {
  #textarea;
  #mirror = made("div", "", "writing mirror");
  #letters = document.createTextNode(END);
  #range = document.createRange();
  #lineHeight = 0;

  /**
   * @param {HTMLTextAreaElement} textarea has the class `writing`, which gives
   * it all that moves letters
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

  /** Takes note that the text, or the room for it, has changed. */
  update() {
    const { clientWidth, clientHeight } = this.#textarea;
    const style = getComputedStyle(this.#textarea);
    const padding = parseFloat(style.paddingLeft) +
      parseFloat(style.paddingRight);
    // A scroll bar takes its part.
    this.container.style.width = `${clientWidth - padding}px`;
    this.container.style.height = `${clientHeight}px`;
    this.#lineHeight = parseFloat(style.lineHeight);
    const letters = this.text + END;
    if (this.#letters.data !== letters) this.#letters.data = letters;
  }

  /**
   * Edits the text as somebody else has; the same letters stay selected.
   *
   * @param {readonly TextEdit[]} edits
   */
  apply(edits) {
    const { anchor, head } = edits.reduce(movedBy, this.selected);
    for (const { start, end, inserted } of edits) {
      this.#textarea.setRangeText(inserted, start, end);
    }
    this.#textarea.setSelectionRange(
      Math.min(anchor, head),
      Math.max(anchor, head),
      head < anchor ? "backward" : "forward",
    );
    this.update();
  }

  /**
   * Edits the text as the one who writes here has, and puts the caret there.
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
   * Where a position is now; its offset is what counts.
   *
   * @param {Position} position
   * @returns {Coordinates}
   */
  getCoordinates({ offset }) {
    const at = Math.min(this.text.length, offset);
    this.#range.setStart(this.#letters, at);
    this.#range.setEnd(this.#letters, at + 1);
    const letter = this.#range.getClientRects()[0] ??
      this.#range.getBoundingClientRect();
    const box = this.container.getBoundingClientRect();
    // A letter stands in the middle of its line.
    const above = (this.#lineHeight - letter.height) / 2;
    return {
      left: letter.left - box.left,
      top: letter.top - above - box.top - this.#textarea.scrollTop,
      height: this.#lineHeight,
    };
  }

  /** @returns {{ topLine: number, bottomLine: number, scrollPercentage: number }} */
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
   * The last line that begins above a height.
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
