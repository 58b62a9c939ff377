// @ts-check
/// <reference lib="dom" />

import { steadyNow } from "../../../../core/mod.ts";
import { colorOf, paint, readColor } from "../people/color.js";
import { made, place, show } from "../people/dom.js";

/**
 * A place in a text.
 *
 * @typedef {object} Position
 * @property {number} line from 0
 * @property {number} column from 0
 * @property {number} offset from the beginning of the text, in UTF-16 units
 */

/**
 * @typedef {object} Selection
 * @property {Position} anchor where it began
 * @property {Position} head where the cursor is
 */

/**
 * The place of a position, in pixels from the upper left corner of the container.
 *
 * @typedef {object} Coordinates
 * @property {number} left
 * @property {number} top of the line
 * @property {number} height of the line
 */

/** @typedef {{ left: number, top: number, width: number, height: number }} Box */

/**
 * An editor of a text. The container lies above the text, is positioned, and is as
 * wide as its lines. The renderer hides what is scrolled out of it.
 *
 * @typedef {object} Editor
 * @property {HTMLElement} container
 * @property {(position: Position) => Coordinates} getCoordinates returns where a
 * position is now, after scrolling
 * @property {(start: Position, end: Position) => readonly Box[]} getBoxes returns
 * what a part of the text covers now
 */

/**
 * Somebody's cursor.
 *
 * @typedef {object} RemoteCursor
 * @property {string} userId
 * @property {string} name
 * @property {string} color `#rrggbb` or `hsl(210, 70%, 50%)`
 * @property {Position} position
 * @property {Selection | null} [selection]
 * @property {boolean} isTyping
 * @property {number} lastActive in milliseconds of `steadyNow()`; `Infinity` for
 * somebody who is active now
 * @property {number} [lastMoved] in milliseconds: the name fades afterwards, so
 * that it covers no words for long; without it, the name stays
 */

/** How long somebody is inactive before their cursor becomes faint. */
const FAINT_AFTER_MS = 30_000;

/** How long to show a name after its cursor has moved. */
const NAME_MS = 3_000;

/**
 * Shows where others are in a text. Each person has an element of the class
 * `remote-cursor` with a `cursor-label` in it, and an element of the class
 * `remote-selection` for each selected line. Names are never taken for markup.
 *
 * Call `refresh()` after the text has moved: by scrolling, by an edit, or with
 * another width.
 */
export class CursorRenderer {
  #editor;
  /** @type {Map<string, Drawn>} */
  #drawn = new Map();

  /** @param {Editor} editor */
  constructor(editor) {
    this.#editor = editor;
  }

  /**
   * Shows or updates somebody's cursor.
   *
   * @param {RemoteCursor} cursor
   */
  updateCursor(cursor) {
    const { userId } = cursor;
    const drawn = this.#drawn.get(userId) ?? new Drawn(this.#editor, cursor);
    this.#drawn.set(userId, drawn);
    drawn.cursor = cursor;
    const draw = drawn.measure();
    draw();
  }

  /**
   * Removes somebody's cursor. Does nothing if there is none.
   *
   * @param {string} userId
   */
  removeCursor(userId) {
    this.#drawn.get(userId)?.remove();
    this.#drawn.delete(userId);
  }

  /** Moves all cursors to where their positions are now. O(cursors). */
  refresh() {
    // To measure after each change would lay out the page each time.
    const draws = [...this.#drawn.values()].map((drawn) => drawn.measure());
    for (const draw of draws) draw();
  }
}

/** The elements of one cursor. */
class Drawn {
  #editor;
  #element = made("div", "", "remote-cursor");
  #label = made("div", "", "cursor-label");
  #name = made("bdi", "");
  /** @type {number | undefined} `lastMoved` when the name began to fade */
  #fadesFrom;
  /** @type {Animation | undefined} */
  #fading;
  /** @type {HTMLElement[]} */
  #blocks = [];

  /**
   * @param {Editor} editor
   * @param {RemoteCursor} cursor
   */
  constructor(editor, cursor) {
    this.#editor = editor;
    /** What to show. */
    this.cursor = cursor;
    this.#element.dataset.user = cursor.userId;
    this.#label.append(this.#name);
    this.#element.append(this.#label);
    editor.container.append(this.#element);
  }

  /** Measures where all is now, and returns a function that draws it there. */
  measure() {
    this.#describe();
    const { position, selection } = this.cursor;
    const { left, top, height } = this.#editor.getCoordinates(position);
    const selected = selection ? this.#boxesOf(selection) : [];
    const { offsetWidth, offsetHeight } = this.#label;
    const { clientWidth, clientHeight } = this.#editor.container;
    return () => {
      const { classList } = this.#element;
      place(this.#element, { left, top, height });
      classList.toggle("is-out", top + height <= 0 || top >= clientHeight);
      // The label stays within the container.
      classList.toggle("is-below", top < offsetHeight);
      classList.toggle("is-leftward", left + offsetWidth > clientWidth);
      this.#drawBlocks(selected);
    };
  }

  remove() {
    for (const element of [this.#element, ...this.#blocks]) element.remove();
  }

  #describe() {
    const { name, isTyping, lastActive } = this.cursor;
    show(this.#name, name);
    paint(this.#element, this.#color);
    const isFaint = steadyNow() - lastActive >= FAINT_AFTER_MS;
    this.#element.classList.toggle("is-typing", isTyping);
    this.#element.classList.toggle("is-faint", isFaint);
    this.#fade();
  }

  /** Shows the name, and fades it while the cursor stays where it is. */
  #fade() {
    const { isTyping, lastMoved } = this.cursor;
    const from = isTyping ? undefined : lastMoved;
    if (from === this.#fadesFrom) return;
    this.#fadesFrom = from;
    this.#fading?.cancel();
    this.#fading = from === undefined ? undefined : this.#label.animate(
      [{ opacity: 1 }, { opacity: 1, offset: 0.9 }, { opacity: 0 }],
      { duration: NAME_MS, fill: "forwards" },
    );
  }

  /**
   * @param {Selection} selection
   * @returns {readonly Box[]}
   */
  #boxesOf({ anchor, head }) {
    return anchor.offset < head.offset
      ? this.#editor.getBoxes(anchor, head)
      : this.#editor.getBoxes(head, anchor);
  }

  /** @param {readonly Box[]} boxes */
  #drawBlocks(boxes) {
    for (const block of this.#blocks) block.remove();
    this.#blocks = boxes.map(({ left, top, width, height }) => {
      const block = made("div", "", "remote-selection");
      paint(block, this.#color);
      place(block, { left, top, width, height });
      return block;
    });
    // Below all cursors.
    this.#editor.container.prepend(...this.#blocks);
  }

  get #color() {
    return readColor(this.cursor.color) ?? colorOf(this.cursor.userId);
  }
}
