// @ts-check
/// <reference lib="dom" />

import { paint } from "../../../client/views/color.ts";
import { made } from "./dom.js";
import { listed } from "./words.js";

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
    const named = people.length > MOST_NAMED + 1
      ? people.slice(0, MOST_NAMED)
      : people;
    /** @type {(HTMLElement | string)[]} */
    const parts = named.map(({ key, name, color }) => {
      const who = made("b", key === self ? "You" : name);
      paint(who, color);
      return who;
    });
    const rest = people.length - named.length;
    if (rest > 0) parts.push(`${rest} others`);
    if (people.length === 0) parts.push("Nobody");
    const isAlone = people.length === 1 && people[0]?.key === self;
    const verb = people.length > 1 || isAlone ? "are" : "is";
    const end = ` ${verb} here${isAlone ? ", on your own" : ""}.`;
    this.#element.replaceChildren(...listed(parts), end);
  }
}
