// @ts-check
/// <reference lib="dom" />

import { steadyNow } from "../../../../core/mod.ts";
import { colorOf, paint, readColor } from "../people/color.js";
import { made, show } from "../people/dom.js";

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
 * Where a position is, in pixels from the upper left corner of the container.
 *
 * @typedef {object} Coordinates
 * @property {number} left
 * @property {number} top of the line
 * @property {number} height of the line
 */

/** @typedef {{ left: number, top: number, width: number, height: number }} Box */

/**
 * What shows the text. The container lies above it, is positioned, and is as
 * wide as its lines; what is scrolled out of it need not be hidden by others.
 *
 * @typedef {object} Editor
 * @property {HTMLElement} container
 * @property {(position: Position) => Coordinates} getCoordinates as it is now,
 * scrolled and all
 * @property {(start: Position, end: Position) => readonly Box[]} getBoxes what
 * a part of the text covers, likewise
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
 * @property {number} lastActive in milliseconds, as `steadyNow()` counts;
 * `Infinity` for somebody who still is
 * @property {number} [lastMoved] in milliseconds: the name fades after it, so
 * that it covers no words for long; without it, the name stays
 */

/** After how long without activity a cursor is shown faintly. */
const FAINT_AFTER_MS = 30_000;

/** How long a name is shown after its cursor has moved. */
const NAME_MS = 3_000;

/**
 * Shows where others are in a text. Each has an element of the class
 * `remote-cursor` with a `cursor-label` in it, and elements of the class
 * `remote-selection` for the lines that they have selected. Names are shown as
 * they are, never taken for markup.
 *
 * Who moves the text (scrolls it, changes its width, edits it) calls
 * `refresh()`.
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
   * Shows somebody's cursor, or how it is now.
   *
   * @param {RemoteCursor} cursor
   */
  updateCursor(cursor) {
    let drawn = this.#drawn.get(cursor.userId);
    if (drawn === undefined) {
      drawn = new Drawn(this.#editor, cursor);
      this.#drawn.set(cursor.userId, drawn);
    }
    drawn.cursor = cursor;
    drawn.draw(drawn.measure());
  }

  /**
   * Shows somebody's cursor no longer; does nothing if there is none.
   *
   * @param {string} userId
   */
  removeCursor(userId) {
    this.#drawn.get(userId)?.remove();
    this.#drawn.delete(userId);
  }

  /** Puts all cursors where their positions are now. O(cursors). */
  refresh() {
    // Reading after each write would have the browser lay out again for each.
    const measured = [...this.#drawn.values()]
      .map((drawn) => /** @type {const} */ ([drawn, drawn.measure()]));
    for (const [drawn, measures] of measured) drawn.draw(measures);
  }
}

/**
 * @typedef {object} Measures
 * @property {Coordinates} at
 * @property {readonly Box[]} selected
 * @property {number} labelWidth
 * @property {number} labelHeight
 * @property {number} width of the container
 * @property {number} height of the container
 */

/** The elements of one cursor. */
class Drawn {
  #editor;
  #element = made("div", "", "remote-cursor");
  #label = made("div", "", "cursor-label");
  #name = made("bdi", "");
  /** @type {number | undefined} when the cursor had moved that the name is of */
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
    /** What is to be shown. */
    this.cursor = cursor;
    this.#element.dataset.user = cursor.userId;
    this.#label.append(this.#name);
    this.#element.append(this.#label);
    editor.container.append(this.#element);
    this.#describe();
  }

  /** @returns {Measures} */
  measure() {
    this.#describe();
    const { position, selection } = this.cursor;
    const { container } = this.#editor;
    return {
      at: this.#editor.getCoordinates(position),
      selected: selection ? this.#boxesOf(selection) : [],
      labelWidth: this.#label.offsetWidth,
      labelHeight: this.#label.offsetHeight,
      width: container.clientWidth,
      height: container.clientHeight,
    };
  }

  /** @param {Measures} measures */
  draw({ at, selected, labelWidth, labelHeight, width, height }) {
    const { style, classList } = this.#element;
    style.left = `${at.left}px`;
    style.top = `${at.top}px`;
    style.height = `${at.height}px`;
    classList.toggle("is-out", at.top + at.height <= 0 || at.top >= height);
    // The label stays within the container.
    classList.toggle("is-below", at.top < labelHeight);
    classList.toggle("is-leftward", at.left + labelWidth > width);
    this.#drawBlocks(selected);
  }

  remove() {
    for (const element of [this.#element, ...this.#blocks]) element.remove();
  }

  #describe() {
    const { userId, name, color, isTyping, lastActive } = this.cursor;
    const painted = readColor(color) ?? colorOf(userId);
    show(this.#name, name);
    paint(this.#element, painted);
    for (const block of this.#blocks) paint(block, painted);
    const isFaint = steadyNow() - lastActive >= FAINT_AFTER_MS;
    this.#element.classList.toggle("is-typing", isTyping);
    this.#element.classList.toggle("is-faint", isFaint);
    this.#fade();
  }

  /** Shows the name, and lets it fade if the cursor stays where it is. */
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
    while (this.#blocks.length > boxes.length) this.#blocks.pop()?.remove();
    for (const [index, box] of boxes.entries()) {
      const block = this.#blocks[index] ?? this.#addBlock();
      for (const side of /** @type {const} */ (["left", "top"])) {
        block.style[side] = `${box[side]}px`;
      }
      block.style.width = `${box.width}px`;
      block.style.height = `${box.height}px`;
    }
  }

  #addBlock() {
    const block = made("div", "", "remote-selection");
    paint(block, readColor(this.cursor.color) ?? colorOf(this.cursor.userId));
    // Below all cursors.
    this.#editor.container.prepend(block);
    this.#blocks.push(block);
    return block;
  }
}
