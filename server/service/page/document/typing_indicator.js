// @ts-check
/// <reference lib="dom" />

import { made } from "../people/dom.js";

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
  #shown = "";

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
    if (isTyping) this.#names.set(userId, name);
    else this.#names.delete(userId);
    const shown = JSON.stringify([...this.#names]);
    if (shown === this.#shown) return;
    this.#shown = shown;
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
  if (names.length === 0) return [];
  if (names.length > MOST_NAMED) {
    return [`${names.length} people are typing...`];
  }
  const verb = names.length === 1 ? "is" : "are";
  const parts = names.flatMap((name, index) => {
    // A name that is written from right to left does not turn the rest.
    const who = made("bdi", name);
    return index === 0 ? [who] : [" and ", who];
  });
  return [...parts, ` ${verb} typing...`];
}
