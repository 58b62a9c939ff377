// @ts-check

import { isQuiet } from "./presence_event.js";

/** @typedef {import("../../../client/views/mod.ts").CursorRenderer} CursorRenderer */
/** @typedef {import("./presence_event.js").Doing} Doing */
/** @typedef {import("../../../client/views/mod.ts").TypingIndicator} TypingIndicator */

/**
 * @typedef {object} Other
 * @property {string} key
 * @property {string} name
 * @property {string} color
 * @property {Doing | undefined} doing
 */

/** Shows the cursors of the others, and which of them are typing. */
export class Others {
  #renderer;
  #typing;
  /** @type {ReadonlyMap<string, Other>} as they are shown */
  #shown = new Map();

  /**
   * @param {Pick<CursorRenderer, "updateCursor" | "removeCursor">} renderer
   * @param {Pick<TypingIndicator, "updateTyping">} typing
   */
  constructor(renderer, typing) {
    this.#renderer = renderer;
    this.#typing = typing;
  }

  /**
   * Shows all others. Only differences are drawn.
   *
   * @param {readonly Other[]} others
   */
  show(others) {
    const before = this.#shown;
    this.#shown = new Map(others.map((other) => [other.key, other]));
    for (const [key, { name }] of before) {
      if (this.#shown.has(key)) continue;
      this.#renderer.removeCursor(key);
      this.#typing.updateTyping(key, name, false);
    }
    for (const other of others) {
      const { key, name, doing } = other;
      const former = before.get(key);
      if (former?.doing === doing && former?.name === name) continue;
      this.#typing.updateTyping(key, name, doing?.isTyping === true);
      this.#showCursor(other);
    }
  }

  /** @param {Other} other */
  #showCursor({ key, name, color, doing }) {
    if (!doing?.cursor) return this.#renderer.removeCursor(key);
    const { cursor, selection, isTyping, activity } = doing;
    this.#renderer.updateCursor({
      userId: key,
      name,
      color,
      position: cursor,
      selection,
      isTyping,
      // To read on is an activity too, though it moves no cursor.
      lastActive: isQuiet(activity) ? doing.lastActive : Infinity,
      lastMoved: doing.lastActive,
    });
  }
}
