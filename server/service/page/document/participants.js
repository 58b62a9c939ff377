// @ts-check

import { readCount } from "../people/wire.js";
import { movedBy, positionAt } from "../text/text_edit.js";

/** @typedef {import("./presence_event.js").Doing} Doing */
/** @typedef {import("./presence_event.js").PresenceEvent} PresenceEvent */
/** @typedef {import("../text/text_edit.js").Place} Place */
/** @typedef {import("../text/text_edit.js").TextEdit} TextEdit */

/** What everybody in a document does, as far as this page knows. */
export class Participants {
  /** @type {Map<string, Doing>} */
  #all = new Map();

  /**
   * Applies an event of the service.
   *
   * @param {PresenceEvent} event
   */
  apply(event) {
    if (event.type === "state") this.#all = new Map(event.people);
    if (event.type === "joined") this.#all.set(event.userId, event.doing);
    if (event.type === "left") this.#all.delete(event.userId);
    if (event.type === "changed") {
      const known = this.#all.get(event.userId);
      if (known === undefined) return;
      this.#all.set(event.userId, { ...known, ...event.change });
    }
  }

  /**
   * Returns what somebody does.
   *
   * @param {string} userId
   * @returns {Doing | undefined}
   */
  of(userId) {
    return this.#all.get(userId);
  }

  /**
   * Moves cursors with the letters that they stand at. The cursor of the writer
   * stays: its new position follows each edit.
   *
   * @param {readonly TextEdit[]} edits
   * @param {string} text after the edits
   * @param {string} writer
   */
  edited(edits, text, writer) {
    for (const [userId, place] of this.places()) {
      if (userId !== writer) {
        this.place(userId, edits.reduce(movedBy, place), text);
      }
    }
  }

  /** @returns {Map<string, Place>} The cursors, in the present text. */
  places() {
    return new Map(
      [...this.#all].flatMap(([userId, { cursor, selection }]) => {
        if (cursor === null) return [];
        const head = cursor.offset;
        return [[userId, { anchor: selection?.anchor.offset ?? head, head }]];
      }),
    );
  }

  /**
   * Moves somebody's cursor and selection in the present text.
   *
   * @param {string} userId
   * @param {Place} place
   * @param {string} text
   */
  place(userId, place, text) {
    const doing = this.#all.get(userId);
    if (doing === undefined || doing.cursor === null) return;
    const anchor = positionAt(text, place.anchor);
    const head = positionAt(text, place.head);
    const selection = anchor.offset === head.offset ? null : { anchor, head };
    this.#all.set(userId, { ...doing, cursor: head, selection });
  }
}

/**
 * Reads places from the wire, and skips malformed ones.
 *
 * @param {unknown} value
 * @returns {Map<string, Place>}
 */
export function readPlaces(value) {
  const entries = Array.isArray(value) ? value : [];
  return new Map(entries.flatMap((entry) => {
    const [userId, ...offsets] = Array.isArray(entry) ? entry : [];
    const [anchor, head] = offsets.map(readCount);
    if (typeof userId !== "string") return [];
    if (anchor === undefined || head === undefined) return [];
    return [[userId, { anchor, head }]];
  }));
}
