// @ts-check
/// <reference lib="dom" />

import { paint } from "./color.js";
import { made } from "./dom.js";

/** @typedef {Pick<import("./person.js").Person, "key" | "name" | "color">} Person */

const MOST_NAMED = 3;

/** The sentence that answers the question: who is here? */
export class Headline {
  #element;
  #shown = "";
  #isClosed = false;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.#element = element;
  }

  /** Says that there is no answer, because the page is not let in. */
  close() {
    this.#isClosed = true;
    this.#element.replaceChildren("You are not let in.");
  }

  /**
   * Shows who is here.
   *
   * @param {readonly Person[]} people in order
   * @param {string} self the key of the one who looks
   */
  show(people, self) {
    const shown = JSON.stringify(
      people.map(({ key, name, color }) => [key, name, color]),
    );
    if (shown === this.#shown || this.#isClosed) return;
    this.#shown = shown;
    const named = people.length <= MOST_NAMED + 1
      ? people
      : people.slice(0, MOST_NAMED);
    const rest = people.length - named.length;
    const parts = named.map((person) => {
      const who = made("b", person.key === self ? "You" : person.name);
      paint(who, person.color);
      return who;
    });
    const others = rest > 0 ? [`${rest} others`] : [];
    const verb = people.length === 1 && people[0]?.key !== self ? "is" : "are";
    const end = people.length === 1 && people[0]?.key === self
      ? " are here, on your own."
      : ` ${verb} here.`;
    this.#element.replaceChildren(
      ...people.length === 0
        ? ["Nobody is here."]
        : [...listed([...parts, ...others]), end],
    );
  }
}

/**
 * Puts commas and an "and" between the items of a list.
 *
 * @template T
 * @param {readonly T[]} items
 * @returns {(T | string)[]}
 */
function listed(items) {
  return items.flatMap((item, index) => {
    if (index === 0) return [item];
    return [index === items.length - 1 ? " and " : ", ", item];
  });
}
