// @ts-check
/// <reference lib="dom" />

import { made } from "../people/dom.js";
import { listed } from "../people/words.js";

/** How many people to name; more are counted. */
const MOST_NAMED = 2;

/**
 * A line that says who is typing. While nobody types, it is empty and has the class
 * `hidden`. Names are never taken for markup.
 */
export class TypingIndicator {
  #element;
  /** @type {Map<string, string>} */
  #names = new Map();

  /** @param {HTMLElement} element the line */
  constructor(element) {
    this.#element = element;
    this.#show();
  }

  /**
   * Updates whether somebody is typing. The first to type is named first.
   *
   * @param {string} userId
   * @param {string} name
   * @param {boolean} isTyping
   */
  updateTyping(userId, name, isTyping) {
    const shown = isTyping ? name : undefined;
    if (this.#names.get(userId) === shown) return;
    if (isTyping) this.#names.set(userId, name);
    else this.#names.delete(userId);
    this.#show();
  }

  #show() {
    const names = [...this.#names.values()];
    this.#element.classList.toggle("hidden", names.length === 0);
    this.#element.replaceChildren(...sentenceOf(names));
  }
}

/**
 * @param {readonly string[]} names
 * @returns {(string | HTMLElement)[]}
 */
function sentenceOf(names) {
  const { length } = names;
  if (length === 0) return [];
  if (length > MOST_NAMED) return [`${length} people are typing...`];
  const verb = length === 1 ? "is" : "are";
  // A name that is written from right to left does not turn the rest.
  const parts = names.map((name) => made("bdi", name));
  return [...listed(parts), ` ${verb} typing...`];
}
