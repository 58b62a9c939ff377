// @ts-check

import { steadyNow } from "../../../../core/mod.ts";
import { readCount } from "../people/text.js";
import { movedBy } from "../text/text_edit.js";

/** @typedef {import("../../../client/mod.ts").DocumentPerson} DocumentPerson */
/** @typedef {import("../text/text_edit.js").Place} Place */
/** @typedef {import("../text/text_edit.js").TextEdit} TextEdit */
/**
 * @typedef {Pick<DocumentPerson, "cursor" | "id" | "lastCursorUpdate" | "selection" | "sessions">} Placed
 */

/**
 * Where everybody's cursor is in the present text. The service knows where it was in
 * the text of their page.
 */
export class Places {
  #people;
  /** @type {Map<string, { person: Placed, place: Place, movedAt: number }>} */
  #known = new Map();

  /** @param {() => readonly Placed[]} people returns all, as the service knows them */
  constructor(people) {
    this.#people = people;
  }

  /**
   * Returns all places, and when their people have moved there, by `steadyNow()`.
   *
   * @returns {ReadonlyMap<string, { place: Place, movedAt: number }>}
   */
  all() {
    const former = this.#known;
    this.#known = new Map();
    for (const person of this.#people()) {
      const known = former.get(person.id);
      const place = placeOf(person);
      if (place === undefined) continue;
      const isSame = known !== undefined && !hasMoved(known.person, person);
      this.#known.set(
        person.id,
        isSame ? { ...known, person } : { person, place, movedAt: steadyNow() },
      );
    }
    return this.#known;
  }

  /**
   * Moves cursors with the letters that they stand at. The cursor of the writer
   * stays: its new position follows each edit.
   *
   * @param {readonly TextEdit[]} edits
   * @param {string | undefined} writer
   */
  edited(edits, writer) {
    for (const [id, { place }] of this.all()) {
      if (id !== writer) this.#put(id, edits.reduce(movedBy, place));
    }
  }

  /**
   * Moves cursors and selections to where they are in the present text.
   *
   * @param {ReadonlyMap<string, Place>} places
   */
  correct(places) {
    this.all();
    for (const [id, place] of places) this.#put(id, place);
  }

  /**
   * @param {string} id
   * @param {Place} place
   */
  #put(id, place) {
    const known = this.#known.get(id);
    if (known !== undefined) this.#known.set(id, { ...known, place });
  }
}

/** @param {Placed} person */
function placeOf({ cursor, selection }) {
  if (cursor === null) return undefined;
  const { offset } = cursor;
  return { anchor: selection?.anchor.offset ?? offset, head: offset };
}

/**
 * Whether somebody has moved, or has said again where they are. Who opens another
 * tab has not.
 *
 * @param {Placed} former
 * @param {Placed} now
 */
function hasMoved(former, now) {
  const [before, after] = [placeOf(former), placeOf(now)];
  return before?.anchor !== after?.anchor || before?.head !== after?.head ||
    former.lastCursorUpdate !== now.lastCursorUpdate &&
      former.sessions === now.sessions;
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
    const [id, ...offsets] = Array.isArray(entry) ? entry : [];
    const [anchor, head] = offsets.map(readCount);
    if (typeof id !== "string") return [];
    if (anchor === undefined || head === undefined) return [];
    return [[id, { anchor, head }]];
  }));
}
